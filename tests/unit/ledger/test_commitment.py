"""Commitments; that they bind is a property, in tests/properties."""

import hashlib

import pytest

from ledger.commitment import commit, verify_commitment
from ledger.encoding import Digest, enc, sha256
from ledger.errors import VerificationError
from ledger.group import Point, Scalar, generator_times, hash_to_point

R = Scalar.reduce(b"\x09" * 64)
DIGESTS = [sha256(b"one"), sha256(b"two")]


def _commit(digests: list[Digest]) -> Point:
    return commit(origin="o", kind="signal", author="uwv", date="2026-11-24", digests=digests, r=R)


def _verify(commitment: bytes) -> None:
    verify_commitment(
        commitment,
        origin="o",
        kind="signal",
        author="uwv",
        date="2026-11-24",
        digests=DIGESTS,
        r=R,
    )


def test_a_commitment_is_the_stated_sum_of_two_points() -> None:
    label = "signaalketen/commitment/v1"
    h = hash_to_point(hashlib.sha512(b"signaalketen/commitment/v1/H").digest())
    stated = hashlib.sha512(enc(label, "o", "signal", "uwv", "2026-11-24", *DIGESTS)).digest()

    assert _commit(DIGESTS) == generator_times(Scalar.reduce(stated)) + h.times(R)


def test_a_body_of_no_items_can_be_committed_to() -> None:
    assert _commit([]) != _commit([sha256(b"")])


@pytest.mark.parametrize(
    "commitment",
    [
        pytest.param(bytes(32), id="the identity"),
        pytest.param(b"\xff" * 32, id="not a point"),
        pytest.param(b"", id="nothing"),
        pytest.param(_commit(DIGESTS).encode()[:31], id="cut off"),
        pytest.param(_commit(DIGESTS[::-1]).encode(), id="of the items in another order"),
        pytest.param(_commit(DIGESTS[:1]).encode(), id="of an item less"),
    ],
)
def test_items_do_not_open_what_is_not_their_commitment(commitment: bytes) -> None:
    _verify(_commit(DIGESTS).encode())

    with pytest.raises(VerificationError, match="do not open the commitment"):
        _verify(commitment)
