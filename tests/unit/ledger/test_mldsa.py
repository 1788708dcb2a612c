"""ML-DSA-44 keys."""

import pytest

from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, VerifierKey
from ledger.mldsa import PostQuantumKey, verify_ml_dsa

KEY = PostQuantumKey("signaalketen.test/demo/uwv", bytes(range(32)))
MESSAGE = b"message"
SIGNATURE = KEY.sign_bytes(MESSAGE)


def test_a_signature_verifies_and_is_another_each_time() -> None:
    second = KEY.sign_bytes(MESSAGE)

    verify_ml_dsa(public=KEY.verifier.public, message=MESSAGE, signature=SIGNATURE)
    verify_ml_dsa(public=KEY.verifier.public, message=MESSAGE, signature=second)
    assert second != SIGNATURE
    assert len(SIGNATURE) == len(second) == 2420


def test_a_key_follows_from_its_seed_and_has_a_vkey_of_type_06() -> None:
    again = PostQuantumKey(KEY.name, KEY.seed)

    assert again == KEY
    assert again.verifier == KEY.verifier
    assert KEY.type is KEY.verifier.type is KeyType.COSIGNATURE_ML_DSA
    assert len(KEY.verifier.public) == 1312
    assert VerifierKey.decode(KEY.verifier.encode()) == KEY.verifier


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        PostQuantumKey("name", bytes(size))


@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        pytest.param(KEY.verifier.public, b"massage", SIGNATURE, id="another message"),
        pytest.param(KEY.verifier.public, MESSAGE, SIGNATURE[:-1], id="short"),
        pytest.param(KEY.verifier.public, MESSAGE, SIGNATURE + b"\0", id="long"),
        pytest.param(KEY.verifier.public, MESSAGE, b"", id="no signature"),
        pytest.param(bytes(1312), MESSAGE, SIGNATURE, id="another key"),
        pytest.param(KEY.verifier.public[:-1], MESSAGE, SIGNATURE, id="no key"),
    ],
)
def test_what_is_no_signature_by_the_key_is_refused(
    public: bytes, message: bytes, signature: bytes
) -> None:
    with pytest.raises(VerificationError, match="does not verify"):
        verify_ml_dsa(public=public, message=message, signature=signature)


def test_nothing_shows_the_seed() -> None:
    assert repr(KEY.seed)[2:-1] not in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)
