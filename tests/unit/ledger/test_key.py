"""Keys with names and types."""

from dataclasses import replace

import pytest

from ledger.encoding import to_base64
from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, SigningKey, VerifierKey, verify_ed25519
from tests.support.signers import cosigning_key, entry_key

KEY = entry_key("szw")
TEXT = "what is signed\n"


def test_a_key_signs_what_its_verifier_accepts() -> None:
    KEY.verifier.verify(KEY.sign(TEXT), TEXT)


def test_the_key_id_covers_name_type_and_key() -> None:
    public = KEY.verifier.public
    ids = {
        VerifierKey(name, kind, key).id
        for name in ("a", "b")
        for kind in (KeyType.ED25519, KeyType.COSIGNATURE)
        for key in (public, public[::-1])
    }

    assert len(ids) == 8
    assert {len(id_) for id_ in ids} == {4}


def test_a_vkey_of_each_type_has_its_own_size() -> None:
    post_quantum = VerifierKey("name", KeyType.COSIGNATURE_ML_DSA, bytes(1312))

    assert VerifierKey.decode(post_quantum.encode()) == post_quantum
    for kind, size in ((KeyType.ED25519, 1312), (KeyType.COSIGNATURE_ML_DSA, 32)):
        with pytest.raises(MalformedError, match="wrong size"):
            VerifierKey("name", kind, bytes(size))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_key_has_a_name_that_a_note_can_hold(name: str) -> None:
    with pytest.raises(MalformedError, match="name"):
        VerifierKey(name, KeyType.ED25519, bytes(32))


VKEY = KEY.verifier.encode()
NAME, ID, _ = VKEY.split("+", 2)


@pytest.mark.parametrize(
    ("vkey", "why"),
    [
        ("", "name\\+key id\\+key"),
        (NAME, "name\\+key id\\+key"),
        (f"{NAME}+{ID}", "name\\+key id\\+key"),
        (f"{NAME}+{ID}+", "type that is not known"),
        (f"{NAME}+{ID}+{to_base64(bytes([2]) + bytes(32))}", "type that is not known"),
        (f"{NAME}+{ID}+{to_base64(bytes([1]) + bytes(31))}", "wrong size"),
        (f"{NAME}+{ID}+{to_base64(bytes([1]) + bytes(32))}", "not this key's"),
        (VKEY.replace(ID, ID.upper()), "not this key's"),
        (VKEY.replace(ID, "0" + ID), "not this key's"),
        (VKEY.replace(NAME, NAME + "x"), "not this key's"),
        (VKEY + "=", "base64"),
        (VKEY + "\n", "base64"),
        ("+" + VKEY, "base64|name"),
    ],
)
def test_what_is_no_vkey_is_refused(vkey: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        VerifierKey.decode(vkey)


def test_a_line_of_another_name_id_or_type_is_not_a_signature_by_this_key() -> None:
    line = KEY.sign(TEXT)
    same_bytes = VerifierKey(KEY.name, KeyType.COSIGNATURE, KEY.verifier.public)
    wrong = [
        (KEY.verifier, replace(line, name="other")),
        (KEY.verifier, replace(line, key_id=bytes(4))),
        (same_bytes, replace(line, key_id=same_bytes.id)),
    ]

    for key, other in wrong:
        with pytest.raises(VerificationError, match=f"not a signature by {KEY.name}"):
            key.verify(other, TEXT)


def test_a_signature_of_something_else_does_not_verify() -> None:
    with pytest.raises(VerificationError, match="does not verify"):
        KEY.verifier.verify(KEY.sign("something else\n"), TEXT)


@pytest.mark.parametrize(("public", "signature"), [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65)])
def test_a_key_or_signature_of_another_size_never_reaches_libsodium(
    public: int, signature: int
) -> None:
    with pytest.raises(VerificationError, match="32 bytes, a signature 64"):
        verify_ed25519(public=bytes(public), message=b"", signature=bytes(signature))


def test_a_cosigning_key_signs_no_note() -> None:
    with pytest.raises(MalformedError, match="checkpoints only"):
        cosigning_key("uwv").sign(TEXT)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        SigningKey("name", KeyType.ED25519, bytes(size))


def test_an_ml_dsa_key_is_no_ed25519_key() -> None:
    with pytest.raises(MalformedError, match="Ed25519"):
        SigningKey("name", KeyType.COSIGNATURE_ML_DSA, bytes(32))


def test_no_representation_shows_the_private_key() -> None:
    shown = repr(KEY)

    assert repr(KEY.seed) not in shown
    assert repr(KEY._secret) not in shown
    assert KEY.name in shown
