"""The evaluation that is measured: it gives the pseudonym, by the multiplications of its limit."""

import secrets
from collections import Counter
from collections.abc import Callable

import pytest
import rbcl

from bench.figures.evaluation import A_BATCH, AN_ELEMENT, OF_GENERATOR
from bench.holding import holding_of
from ledger.bsn import synthetic_numbers
from ledger.group import Point, Scalar
from ledger.voprf import blind, person_input
from tests.support.parties import make_consortium

SIZE = 5


def drawn(size: int) -> tuple[list[bytes], list[Scalar], list[Point]]:
    people = synthetic_numbers()
    messages = [person_input(next(people)) for _ in range(size)]
    blindings = [Scalar.reduce(secrets.token_bytes(64)) for _ in messages]
    alphas = [blind(m, blinding=b) for m, b in zip(messages, blindings, strict=True)]
    return messages, blindings, alphas


def test_what_is_measured_gives_one_pseudonym_a_person_whatever_the_blind() -> None:
    holding = holding_of(make_consortium().document, purpose="multiproblematiek")

    found = []
    for _ in range(2):
        messages, blindings, alphas = drawn(SIZE)
        found.append(holding.pseudonyms(messages, blindings=blindings, alphas=alphas))

    assert found[0] == found[1]
    assert len(set(found[0])) == SIZE


def test_the_fewest_holders_are_measured() -> None:
    document = make_consortium().document

    holding = holding_of(document, purpose="multiproblematiek")

    assert Counter(share.group for share in holding.shares) == {
        group.name: group.threshold for group in document.groups
    }
    assert len(holding.shares) == 3


@pytest.mark.parametrize("size", [1, SIZE])
def test_the_limit_is_as_many_multiplications_as_the_evaluation_makes(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = holding_of(make_consortium().document, purpose="multiproblematiek")
    messages, blindings, alphas = drawn(size)
    calls: Counter[str] = Counter()

    def counted(name: str, real: Callable[..., bytes]) -> Callable[..., bytes]:
        def call(*arguments: bytes) -> bytes:
            calls[name] += 1
            return real(*arguments)

        return call

    for name in ("crypto_scalarmult_ristretto255", "crypto_scalarmult_ristretto255_base"):
        monkeypatch.setattr(rbcl, name, counted(name, getattr(rbcl, name)))
    holding.pseudonyms(messages, blindings=blindings, alphas=alphas)

    assert calls == {
        "crypto_scalarmult_ristretto255": AN_ELEMENT * size + A_BATCH,
        "crypto_scalarmult_ristretto255_base": OF_GENERATOR,
    }
