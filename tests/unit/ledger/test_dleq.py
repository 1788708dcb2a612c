"""Proofs of evaluation: nothing but the key's own elements passes."""

import pytest

from ledger.dleq import PROOF_BYTES, Proof, prove, verify_proof
from ledger.errors import MalformedError, VerificationError
from ledger.group import ORDER, Point, Scalar, generator_times
from ledger.voprf import blind, evaluate

KEY = Scalar.reduce(b"\x11" * 64)
OTHER = Scalar.reduce(b"\x12" * 64)
R = Scalar.reduce(b"\x13" * 64)
BLINDED = [blind(bytes([i]), blinding=Scalar.reduce(bytes([i + 1]) * 64)) for i in range(3)]
EVALUATED = evaluate(BLINDED, key=KEY)
PUBLIC = generator_times(KEY)
ONE = Scalar((1).to_bytes(32, "little"))


def proof() -> Proof:
    return prove(KEY, blinded=BLINDED, evaluated=EVALUATED, r=R)


def test_proof_of_a_batch_holds() -> None:
    verify_proof(proof(), public=PUBLIC, blinded=BLINDED, evaluated=EVALUATED)


@pytest.mark.parametrize(
    ("public", "blinded", "evaluated"),
    [
        pytest.param(generator_times(OTHER), BLINDED, EVALUATED, id="another holder's share"),
        pytest.param(PUBLIC, BLINDED, evaluate(BLINDED, key=OTHER), id="another key's elements"),
        pytest.param(PUBLIC, BLINDED, evaluate(BLINDED, key=ONE), id="evaluated with key 1"),
        pytest.param(PUBLIC, BLINDED, [*EVALUATED[:2], EVALUATED[0]], id="one element wrong"),
        pytest.param(PUBLIC, BLINDED[::-1], EVALUATED, id="another order"),
        pytest.param(PUBLIC, BLINDED, EVALUATED[:2], id="one too few"),
        pytest.param(PUBLIC, [], [], id="nothing"),
    ],
)
def test_proof_holds_for_nothing_else(
    public: Point, blinded: list[Point], evaluated: list[Point]
) -> None:
    with pytest.raises(VerificationError, match="evaluation"):
        verify_proof(proof(), public=public, blinded=blinded, evaluated=evaluated)


def test_errors_that_cancel_in_a_plain_sum_are_noticed() -> None:
    shift = generator_times(OTHER)
    forged = [EVALUATED[0] + shift, EVALUATED[1] + generator_times(negated(OTHER)), EVALUATED[2]]
    assert EVALUATED[0] + EVALUATED[1] == forged[0] + forged[1]

    with pytest.raises(VerificationError, match="proof"):
        verify_proof(
            prove(KEY, blinded=BLINDED, evaluated=forged, r=R),
            public=PUBLIC,
            blinded=BLINDED,
            evaluated=forged,
        )


@pytest.mark.parametrize("bit", range(0, PROOF_BYTES * 8, 7))
def test_no_flipped_bit_goes_unnoticed(bit: int) -> None:
    raw = bytearray(proof().encode())
    raw[bit // 8] ^= 1 << bit % 8

    with pytest.raises((MalformedError, VerificationError)):
        verify_proof(Proof.decode(bytes(raw)), public=PUBLIC, blinded=BLINDED, evaluated=EVALUATED)


@pytest.mark.parametrize("scalar", [bytes(32), ORDER.to_bytes(32, "little"), b"\xff" * 32])
def test_scalar_that_is_zero_or_not_reduced_is_no_part_of_a_proof(scalar: bytes) -> None:
    good = proof().encode()

    for raw in (scalar + good[32:], good[:32] + scalar):
        with pytest.raises(MalformedError, match="scalar"):
            Proof.decode(raw)


def test_proof_of_another_size_is_refused() -> None:
    with pytest.raises(MalformedError, match="64 bytes"):
        Proof.decode(proof().encode() + b"\0")


def negated(scalar: Scalar) -> Scalar:
    return Scalar((ORDER - int.from_bytes(scalar.raw, "little")).to_bytes(32, "little"))
