"""What follows from a pseudonym: the table of MATCHING, and that nothing of it runs together."""

import hashlib
import hmac
import itertools

import pytest

from ledger.encoding import Digest
from ledger.errors import MalformedError
from ledger.pseudonym import Pseudonym

Y = bytes(range(64))
PERSON = Pseudonym("o.test/x", "help", 3, Y)
SIGNAL, LOCATE = Digest(b"s" * 32), Digest(b"l" * 32)


def hkdf_expand(info: bytes, size: int) -> bytes:
    """RFC 5869, 2.3, written out: an oracle that shares nothing with the library."""
    out, block = b"", b""
    for i in itertools.count(1):
        if len(out) >= size:
            return out[:size]
        block = hmac.new(Y, block + info + bytes([i]), hashlib.sha512).digest()
        out += block
    raise AssertionError


def context(label: str, *fields: bytes) -> bytes:
    parts = [f"signaalketen/{label}/v1".encode(), b"o.test/x", b"help", bytes(7) + b"\x03", *fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_locators_are_sixteen_slices_of_one_expansion() -> None:
    expected = hkdf_expand(context("locator", b"uwv"), 256)

    assert b"".join(PERSON.locators("uwv")) == expected
    assert len(set(PERSON.locators("uwv"))) == 16


def test_keys_and_ids_are_those_of_the_table() -> None:
    assert PERSON.card_key(author="uwv", signal=SIGNAL) == hkdf_expand(
        context("card", b"uwv", SIGNAL), 32
    )
    assert PERSON.answer_key(answerer="svb", signal=SIGNAL, locate=LOCATE) == hkdf_expand(
        context("answer", b"svb", SIGNAL, LOCATE), 32
    )
    assert PERSON.match_id(lower=SIGNAL, higher=LOCATE) == hkdf_expand(
        context("match", SIGNAL, LOCATE), 16
    )


@pytest.mark.parametrize(
    "other",
    [
        Pseudonym("o.test/y", "help", 3, Y),
        Pseudonym("o.test/x", "else", 3, Y),
        Pseudonym("o.test/x", "help", 4, Y),
        Pseudonym("o.test/x", "help", 3, Y[::-1]),
    ],
)
def test_another_ledger_purpose_epoch_or_person_shares_no_locator(other: Pseudonym) -> None:
    assert not set(other.locators("uwv")) & set(PERSON.locators("uwv"))


def test_another_author_shares_no_locator() -> None:
    assert not set(PERSON.locators("svb")) & set(PERSON.locators("uwv"))


def test_match_id_depends_on_the_order_of_height() -> None:
    assert PERSON.match_id(lower=LOCATE, higher=SIGNAL) != PERSON.match_id(
        lower=SIGNAL, higher=LOCATE
    )


def test_output_of_another_size_is_no_pseudonym() -> None:
    with pytest.raises(MalformedError, match="64 bytes"):
        Pseudonym("o.test/x", "help", 3, Y[:32])


def test_pseudonym_is_not_printed() -> None:
    assert Y.hex()[:16] not in repr(PERSON)
    assert repr(Y) not in repr(PERSON)
