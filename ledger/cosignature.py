"""Cosignatures: members' timed signatures over a checkpoint (c2sp.org/tlog-cosignature).

    — signaalketen.test/demo/bzk base64(key id[4] ‖ u64be time ‖ signature)

Type 04, Ed25519 (64 bytes); what is signed does not name the cosigner:

    cosignature/v1
    time 1796083200
    signaalketen.test/demo
    4096
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

Type 06, ML-DSA-44 (2,420 bytes), post-quantum:

    "subtree/v1" ‖ 0A ‖ 00
    u8 length ‖ cosigner's key name
    u64be time                      0 says nothing about when, nor that this was its newest
    u8 length ‖ origin
    u64be 0 ‖ u64be size ‖ root     the leaves 0 … size - 1, and their root

A checkpoint with the cosignatures of a quorum of distinct members is final. A member counts once,
by keys of either type; who also stands behind it with a post-quantum one, `post_quantum_cosigners`
tells. A key must be one member's alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from ledger.checkpoint import Checkpoint
from ledger.errors import MalformedError, VerificationError
from ledger.key import KeyType, VerifierKey, verify_ed25519
from ledger.mldsa import SIGNATURE_BYTES as ML_DSA_BYTES
from ledger.mldsa import verify_ml_dsa
from ledger.note import Note, SignatureLine

MAX_TIME = 253_370_764_799
"""The last second of the year 9998: a day later, too, is a date that every reader can show."""
_TIME_BYTES = 8
_SIGNATURE_BYTES = {KeyType.COSIGNATURE: 64, KeyType.COSIGNATURE_ML_DSA: ML_DSA_BYTES}
_SUBTREE = b"subtree/v1\n\0"
_MAX_NAME_BYTES = 255


class CosigningKey(Protocol):
    """A private key of type 04 or 06; it may live where only its signatures come from."""

    @property
    def name(self) -> str:
        """Return the key's name."""

    @property
    def type(self) -> KeyType:
        """Return what it signs."""

    @property
    def verifier(self) -> VerifierKey:
        """Return the public key."""

    def sign_bytes(self, message: bytes) -> bytes:
        """Return the signature of `message`."""


class Cosigner(Protocol):
    """Whoever may cosign: its name, and each of its keys counts as its own."""

    @property
    def name(self) -> str:
        """Return the member's name."""

    @property
    def cosigning_keys(self) -> tuple[VerifierKey, ...]:
        """Return its keys of types 04 and 06; others are no part of a quorum."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that holds its text; nothing is verified yet."""

    checkpoint: Checkpoint
    note: Note

    def __post_init__(self) -> None:
        """Refuse a note of something else."""
        if self.checkpoint.encode() != self.note.text:
            raise MalformedError("signed checkpoint: the note has another text")

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return self.note.encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a signed checkpoint; the exact inverse of `encode`.

        Raises:
            MalformedError: not a note, or not of a checkpoint.
        """
        note = Note.decode(raw)
        return cls(Checkpoint.decode(note.text), note)


def cosign(checkpoint_text: str, *, key: CosigningKey, time: int) -> SignatureLine:
    """Return the line that cosigns a checkpoint's text at `time`, in seconds since 1970.

    Raises:
        MalformedError: not a cosigning key, or a time or name that cannot be encoded.
    """
    if key.type not in _SIGNATURE_BYTES:
        raise MalformedError("only a cosigning key cosigns")
    if not 0 <= time <= MAX_TIME:
        raise MalformedError("cosignature: a time outside 1970 to 9998")
    signature = key.sign_bytes(_message(checkpoint_text, time, key.verifier))
    return SignatureLine(key.name, key.verifier.id, time.to_bytes(_TIME_BYTES, "big") + signature)


def verify_cosignature(line: SignatureLine, *, checkpoint_text: str, key: VerifierKey) -> int:
    """Check that `key` made `line` over a checkpoint's text, and return the time it states.

    Raises:
        VerificationError: another key's line, a key of another type, or another text or time.
    """
    size = _SIGNATURE_BYTES.get(key.type)
    if size is None or (line.name, line.key_id) != (key.name, key.id):
        raise VerificationError(f"not a cosignature by {key.name}")
    if len(line.signature) != _TIME_BYTES + size:
        raise VerificationError(f"a cosignature by {key.name} of the wrong size")
    time = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if time > MAX_TIME:
        raise VerificationError(f"a cosignature by {key.name} at a time after 9998")
    verify = verify_ed25519 if key.type is KeyType.COSIGNATURE else verify_ml_dsa
    verify(
        public=key.public,
        message=_message(checkpoint_text, time, key),
        signature=line.signature[_TIME_BYTES:],
    )
    return time


def verify_quorum(
    signed: SignedCheckpoint, *, members: Sequence[Cosigner], quorum: int
) -> dict[str, int]:
    """Check that `quorum` distinct members cosigned, and return each one's newest time by name.

    Lines of keys that are not the members' are passed over, as a reader of notes must.

    Raises:
        VerificationError: too few, or a line of a member's key that does not verify.
    """
    owners = _owners(members)
    times: dict[str, int] = {}
    for line in signed.note.signatures:
        owner = owners.get((line.name, line.key_id))
        if owner is not None:
            member, key = owner
            time = verify_cosignature(line, checkpoint_text=signed.note.text, key=key)
            times[member] = max(time, times.get(member, 0))
    # A quorum of none would let a note without any signature pass.
    if len(times) < max(quorum, 1):
        raise VerificationError(f"cosigned by {len(times)} members, {quorum} are needed")
    return times


def post_quantum_cosigners(
    signed: SignedCheckpoint, *, members: Sequence[Cosigner]
) -> frozenset[str]:
    """Return the names of the members one of whose keys of type 06 cosigned.

    Raises:
        VerificationError: a line of such a key that does not verify.
    """
    owners = _owners(members)
    names = set()
    for line in signed.note.signatures:
        member, key = owners.get((line.name, line.key_id), (None, None))
        if member is not None and key is not None and key.type is KeyType.COSIGNATURE_ML_DSA:
            verify_cosignature(line, checkpoint_text=signed.note.text, key=key)
            names.add(member)
    return frozenset(names)


def verify_exact_lines(
    signed: SignedCheckpoint,
    *,
    members: Sequence[Cosigner],
    log_keys: Sequence[VerifierKey],
    quorum: int,
) -> dict[str, int]:
    """Check a quorum where every byte matters: no line may be there that proves nothing.

    Lines are cosignatures by the members' keys and signatures by `log_keys`, one a key at most,
    sorted as encoded, each verifying. Returns what `verify_quorum` does.

    Raises:
        VerificationError: too few, an unknown, unsorted or repeated line, or one that fails.
    """
    encoded = [line.encode() for line in signed.note.signatures]
    keys = [(line.name, line.key_id) for line in signed.note.signatures]
    if encoded != sorted(encoded) or len(set(keys)) != len(keys):
        raise VerificationError("checkpoint: lines are not sorted, one for each key")
    times = verify_quorum(signed, members=members, quorum=quorum)
    owners = _owners(members)
    logs = {(key.name, key.id): key for key in log_keys}
    for line in signed.note.signatures:
        if (line.name, line.key_id) in owners:
            continue
        key = logs.get((line.name, line.key_id))
        if key is None:
            raise VerificationError(f"checkpoint: a line by {line.name}, whose key is not known")
        key.verify(line, signed.note.text)
    return times


def _owners(members: Sequence[Cosigner]) -> dict[tuple[str, bytes], tuple[str, VerifierKey]]:
    """Return by key name and id whose each cosigning key is."""
    owners: dict[tuple[str, bytes], tuple[str, VerifierKey]] = {}
    names: dict[bytes, str] = {}
    for member in members:
        for key in member.cosigning_keys:
            if key.type not in _SIGNATURE_BYTES:
                continue
            # One signature would count for both.
            if names.setdefault(key.public, member.name) != member.name:
                raise VerificationError(f"{member.name} shares a cosigning key with another member")
            owners[key.name, key.id] = (member.name, key)
    return owners


def _message(checkpoint_text: str, time: int, key: VerifierKey) -> bytes:
    """Return what `key` signs; see the head of this module.

    Raises:
        MalformedError: a checkpoint or a name that has no such form.
    """
    if key.type is KeyType.COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{checkpoint_text}".encode()
    checkpoint = Checkpoint.decode(checkpoint_text)
    return b"".join(
        (
            _SUBTREE,
            _short(key.name),
            time.to_bytes(8, "big"),
            _short(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _short(name: str) -> bytes:
    raw = name.encode()
    if len(raw) > _MAX_NAME_BYTES:
        raise MalformedError("cosignature: a name has at most 255 bytes")
    return bytes([len(raw)]) + raw
