"""What a participant sends: one spelling, and nothing that no participant can have meant."""

import pytest

from ledger.dkg.contribution import MAX_CIPHERTEXT, Contribution
from ledger.errors import MalformedError
from tests.support.generating import Run

RAW = Run().sent[0]
FIXED = 2 * 32 + 64 + 32


def decode(raw: bytes) -> Contribution:
    return Contribution.decode(raw, threshold=2, size=3)


def with_length(length: int) -> bytes:
    return RAW[:FIXED] + length.to_bytes(8, "big") + RAW[FIXED + 8 :]


def test_its_bytes_are_those_of_the_specification() -> None:
    one = decode(RAW)

    assert one.encode() == RAW
    assert len(RAW) == FIXED + 3 * (8 + 48)
    assert one.ciphertext_for(1) == RAW[FIXED + 8 : FIXED + 56]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(RAW[: FIXED - 1], id="cut off in its points"),
        pytest.param(RAW[:FIXED], id="without ciphertexts"),
        pytest.param(RAW[:-1], id="cut off"),
        pytest.param(RAW + b"\0", id="with more behind"),
        pytest.param(with_length(47), id="a ciphertext too short for a share"),
        pytest.param(with_length(MAX_CIPHERTEXT + 1), id="a ciphertext over the limit"),
        pytest.param(with_length(2**63), id="a length beyond all bounds"),
        pytest.param(bytes(32) + RAW[32:], id="a commitment to zero"),
        pytest.param(b"\xff" * 32 + RAW[32:], id="a commitment that is no point"),
        pytest.param(RAW[: FIXED - 32] + bytes(32) + RAW[FIXED:], id="an ephemeral key of zero"),
    ],
)
def test_anything_else_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(raw)


def test_a_ciphertext_as_large_as_the_specification_asks_for_is_read() -> None:
    one = decode(RAW)
    large = Contribution(
        one.commitments, one.proof, one.ephemeral, (bytes(MAX_CIPHERTEXT), *one.ciphertexts[1:])
    )

    assert decode(large.encode()) == large
