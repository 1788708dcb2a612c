"""The specification's Schnorr signatures: of one message, by one key, under one spelling."""

import pytest

from ledger.dkg.signature import Signature, sign
from ledger.errors import MalformedError, VerificationError
from ledger.group import ORDER, Scalar, generator_times
from tests.support.generating import scalar

SECRET = scalar("secret")
PUBLIC = generator_times(SECRET)
SIGNED = sign(b"message", secret=SECRET)


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    SIGNED.verify(b"message", public=PUBLIC)

    with pytest.raises(VerificationError):
        SIGNED.verify(b"massage", public=PUBLIC)
    with pytest.raises(VerificationError):
        SIGNED.verify(b"message", public=generator_times(scalar("other")))


def test_two_messages_never_have_one_nonce() -> None:
    assert sign(b"other", secret=SECRET).r != SIGNED.r
    assert sign(b"message", secret=SECRET) == SIGNED


def test_a_response_chosen_for_a_sum_of_the_identity_is_refused() -> None:
    one = Scalar((1).to_bytes(32, "little"))

    with pytest.raises(VerificationError):
        Signature(generator_times(one), one).verify(b"message", public=PUBLIC)


@pytest.mark.parametrize(
    "raw",
    [
        SIGNED.encode()[:-1],
        SIGNED.encode() + b"\0",
        bytes(32) + SIGNED.encode()[32:],
        SIGNED.encode()[:32] + bytes(32),
        SIGNED.encode()[:32] + ORDER.to_bytes(32, "little"),
    ],
)
def test_another_spelling_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        Signature.decode(raw)
