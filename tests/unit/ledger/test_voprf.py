"""Blinding, and the item that carries a blinded element; RFC 9497's values are in tests/vectors."""

import pytest

from ledger.bsn import Bsn
from ledger.encoding import enc
from ledger.errors import MalformedError
from ledger.group import Point, Scalar, generator_times
from ledger.voprf import Alpha, blind, person_input

R = Scalar.reduce(b"\x05" * 64)
POINT = generator_times(R)


def test_a_persons_input_is_the_same_whoever_computes_it() -> None:
    assert person_input(Bsn("999990068")) == enc("signaalketen/person/v1", "999990068")


def test_blinding_one_person_twice_gives_two_elements() -> None:
    message = person_input(Bsn("999990068"))

    assert blind(message, blinding=R) != blind(message, blinding=R + R)
    assert blind(message, blinding=R).times(R.inverse()) == blind(message, blinding=R * R).times(
        (R * R).inverse()
    )


def test_an_alpha_is_its_purpose_and_its_element() -> None:
    assert Alpha("multi-problem", POINT).encode() == enc("multi-problem", POINT.encode())


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"", "purpose and a point", id="nothing"),
        pytest.param(enc("a"), "purpose and a point", id="no point"),
        pytest.param(enc("a", POINT.encode(), b""), "purpose and a point", id="too many fields"),
        pytest.param(enc("a", POINT.encode())[:-1], "past the end", id="cut off"),
        pytest.param(enc("", POINT.encode()), "a purpose is a name", id="no purpose"),
        pytest.param(enc("A b", POINT.encode()), "a purpose is a name", id="no name"),
        pytest.param(enc("é", POINT.encode()), "a purpose is a name", id="not ASCII"),
        pytest.param(enc(b"\xff", POINT.encode()), "a purpose is a name", id="not text"),
        pytest.param(enc("a", bytes(32)), "point", id="the identity"),
        pytest.param(enc("a", b"\xff" * 32), "point", id="not a point"),
        pytest.param(enc("a", POINT.encode()[:31]), "point", id="a point cut off"),
    ],
)
def test_what_is_no_alpha_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Alpha.decode(raw)


def test_the_identity_is_no_element() -> None:
    with pytest.raises(MalformedError, match="identity"):
        Alpha("a", Point(bytes(32)))
