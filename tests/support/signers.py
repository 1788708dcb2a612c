"""Keys of four members and their log, always the same, and what they sign."""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import sha256
from ledger.key import KeyType, SigningKey, VerifierKey
from ledger.mldsa import PostQuantumKey
from ledger.note import Note, SignatureLine

ORIGIN = "signaalketen.test/demo"
NAMES = ("bzk", "svb", "szw", "uwv")
QUORUM = 3
NOON = 1_796_126_400
"""2026-12-01, 12:00 UTC."""


def entry_key(member: str) -> SigningKey:
    """Return the key with which `member` signs entries."""
    return _key(f"{ORIGIN}/{member}", KeyType.ED25519, f"entry {member}")


def cosigning_key(member: str) -> SigningKey:
    """Return the key with which `member` cosigns checkpoints."""
    return _key(f"{ORIGIN}/{member}", KeyType.COSIGNATURE, f"cosign {member}")


def post_quantum_key(member: str) -> PostQuantumKey:
    """Return the ML-DSA-44 key with which `member` cosigns checkpoints for the outside."""
    return PostQuantumKey(f"{ORIGIN}/{member}", sha256(f"post-quantum {member}".encode()))


def log_key(member: str) -> SigningKey:
    """Return the key with which `member` signs the checkpoints it serves."""
    return _key(ORIGIN, KeyType.ED25519, f"log {member}")


def _key(name: str, kind: KeyType, label: str) -> SigningKey:
    return SigningKey(name, kind, sha256(label.encode()))


@dataclass(frozen=True)
class Witness:
    """A member as far as cosigning is concerned."""

    name: str
    cosigning_keys: tuple[VerifierKey, ...]


WITNESSES = tuple(Witness(name, (cosigning_key(name).verifier,)) for name in NAMES)


def cosigned(
    checkpoint: Checkpoint,
    *,
    by: Iterable[str] = NAMES,
    time: int = NOON,
    extra: Iterable[SignatureLine] = (),
) -> SignedCheckpoint:
    """Return `checkpoint` with the sorted cosignatures of the members `by`, and `extra` lines."""
    text = checkpoint.encode()
    lines = [cosign(text, key=cosigning_key(name), time=time) for name in by]
    ordered = sorted([*lines, *extra], key=SignatureLine.encode)
    return SignedCheckpoint(checkpoint, Note(text, tuple(ordered)))
