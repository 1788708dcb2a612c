"""What a pseudonym costs: three holders, 2 of 3 agencies and the independent one, and the author.

Counted is what all of them compute: each evaluates and proves; the author verifies, combines and
finalizes. The limit is the multiplications on ristretto255 that this takes, and nothing else:

    an element    3 to evaluate, 3 and 6 to weigh it in proofs and their checks, 3 to combine,
                  1 to finalize
    a batch       of each holder 2, and 2 of the generator, to prove; 3 and 1 to verify
"""

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import rbcl

from bench.bare import cpu_seconds
from bench.figure import Figure, in_turn
from bench.founding import found
from bench.holding import Holding, holding_of
from bench.workshop import Workshop
from demo.people import PURPOSE
from ledger.bsn import synthetic_numbers
from ledger.group import Scalar
from ledger.voprf import blind, person_input
from nodes.clock import SystemClock
from nodes.holder import MAX_EVALUATIONS

AN_ELEMENT = 3 + 3 + 6 + 3 + 1
A_BATCH = 3 * (2 + 3)
OF_GENERATOR = 3 * (2 + 1)
_ELEMENTS = MAX_EVALUATIONS
_NOWHERE = "http://127.0.0.1:9"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield what one element costs, asked for alone and in batches as large as holders take."""
    folder = shop.folder / "evaluation"
    folder.mkdir()
    document = found(folder, url=_NOWHERE, day=SystemClock().today()).document
    holding = holding_of(document, purpose=PURPOSE)
    for size, name in ((1, "single"), (MAX_EVALUATIONS, f"one of {MAX_EVALUATIONS}")):
        shop.show(f"evaluating, {name}", 0)
        pairs = in_turn(_value(holding, size), partial(_bare, size), rounds=shop.scale.rounds)
        yield Figure(
            f"evaluation by 3 holders, {name}", pairs.value * 1e3, "ms",
            samples=shop.scale.rounds, limit=pairs.limit * 1e3,
            limit_of=f"its {AN_ELEMENT} bare multiplications, and {A_BATCH} and {OF_GENERATOR} "
            "of the generator a batch",
            ratio=pairs.ratio,
        )  # fmt: skip


def _value(holding: Holding, size: int) -> Callable[[], float]:
    """Return what measures the seconds of a core that an element takes in batches of `size`."""
    messages = [person_input(bsn) for bsn in islice(synthetic_numbers(), size)]
    blindings = [Scalar.reduce(secrets.token_bytes(64)) for _ in messages]
    alphas = [blind(m, blinding=b) for m, b in zip(messages, blindings, strict=True)]

    def work() -> None:
        for _ in range(_ELEMENTS // size):
            holding.pseudonyms(messages, blindings=blindings, alphas=alphas)

    return lambda: cpu_seconds(work) / _ELEMENTS


def _bare(size: int) -> float:
    point = rbcl.crypto_core_ristretto255_from_hash(bytes(range(64)))
    scalar = rbcl.crypto_core_ristretto255_scalar_reduce(bytes(range(64)))

    def work() -> None:
        for _ in range(_ELEMENTS // size):
            for _ in range(AN_ELEMENT * size + A_BATCH):
                rbcl.crypto_scalarmult_ristretto255(scalar, point)
            for _ in range(OF_GENERATOR):
                rbcl.crypto_scalarmult_ristretto255_base(scalar)

    return cpu_seconds(work) / _ELEMENTS
