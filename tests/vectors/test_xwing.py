"""HPKE with KEM MLKEM768_X25519, against the vectors of hpkewg/hpke-pq."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger import seal
from ledger.seal import SealingKey

HKDF_SHA256 = 0x0001
SHAKE256 = 0x0011


def _cases(vectors: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((vectors / "hpke-xwing.json").read_text())
    assert {(c["mode"], c["kem_id"], c["aead_id"]) for c in cases} == {(0, 0x647A, 3)}
    return cases


def test_a_published_seed_expands_to_the_published_public_key(vectors: Path) -> None:
    for case in _cases(vectors):
        assert SealingKey(bytes.fromhex(case["skRm"])).public.raw.hex() == case["pkRm"]


# Every vector carries associated data, and the library's public functions take none: these go
# through its private one. `ledger.seal` itself binds what it has to bind through `info`. Only the
# first message of each vector: the library does single-shot HPKE.
@pytest.mark.parametrize(
    ("kdf", "suite"),
    [
        pytest.param(HKDF_SHA256, seal._SUITE, id="the suite that seals"),
        pytest.param(
            SHAKE256,
            Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.CHACHA20_POLY1305),
            id="another key derivation over the same KEM",
        ),
    ],
)
def test_a_published_message_opens_with_the_key_of_its_seed(
    vectors: Path, kdf: int, suite: Suite
) -> None:
    (case,) = [case for case in _cases(vectors) if case["kdf_id"] == kdf]
    first = case["encryptions"][0]

    opened = openssl.hpke._decrypt_with_aad(
        suite,
        bytes.fromhex(case["enc"] + first["ct"]),
        SealingKey(bytes.fromhex(case["skRm"]))._key,
        bytes.fromhex(case["info"]),
        bytes.fromhex(first["aad"]),
    )

    assert opened.hex() == first["pt"]
