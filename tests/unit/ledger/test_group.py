"""Points and scalars that cannot hold a bad value; RFC 9496's own values are in tests/vectors."""

import pytest

from ledger.errors import MalformedError
from ledger.group import ORDER, Point, Scalar, generator_times, hash_to_point

ONE = Scalar((1).to_bytes(32, "little"))
LAST = Scalar((ORDER - 1).to_bytes(32, "little"))


@pytest.mark.parametrize("value", [0, ORDER, ORDER + 1, 2**252 + 2**251, 2**255 + 1, 2**256 - 1])
def test_a_scalar_is_neither_zero_nor_unreduced(value: int) -> None:
    # libsodium would mask the top bit and take the rest modulo L: other spellings of one number.
    with pytest.raises(MalformedError, match="scalar"):
        Scalar(value.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_scalar_has_32_bytes(size: int) -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        Scalar(b"\x01" * size)


def test_uniform_bytes_are_reduced_modulo_the_order() -> None:
    assert Scalar.reduce((ORDER + 1).to_bytes(64, "little")) == ONE
    for raw in (bytes(64), ORDER.to_bytes(64, "little")):
        with pytest.raises(MalformedError, match="zero"):
            Scalar.reduce(raw)


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_only_64_uniform_bytes_make_a_scalar_or_a_point(size: int) -> None:
    with pytest.raises(MalformedError, match="64 uniform bytes"):
        Scalar.reduce(b"\x01" * size)
    with pytest.raises(MalformedError, match="64 uniform bytes"):
        hash_to_point(b"\x01" * size)


def test_no_sum_of_scalars_or_points_is_zero() -> None:
    with pytest.raises(MalformedError, match="zero"):
        ONE + LAST
    with pytest.raises(MalformedError, match="identity"):
        generator_times(ONE) + generator_times(LAST)


def test_no_bytes_hash_to_the_identity() -> None:
    with pytest.raises(MalformedError, match="identity"):
        hash_to_point(bytes(64))


def test_scalars_are_a_field_and_points_follow_them() -> None:
    a, b = Scalar.reduce(b"\x05" * 64), Scalar.reduce(b"\x07" * 64)

    assert a * a.inverse() == ONE
    assert generator_times(a + b) == generator_times(a) + generator_times(b)
    assert generator_times(a * b) == generator_times(a).times(b)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_point_has_32_bytes(size: int) -> None:
    raw = (generator_times(ONE).encode() + b"\x00")[:size]

    with pytest.raises(MalformedError, match="point"):
        Point(raw)


def test_a_point_with_its_top_bit_set_is_another_spelling_and_refused() -> None:
    raw = generator_times(ONE).encode()

    with pytest.raises(MalformedError, match="canonical"):
        Point(raw[:31] + bytes([raw[31] | 0x80]))


def test_no_representation_shows_a_scalar() -> None:
    assert repr(LAST) == "Scalar()"
