"""The keyring: one member's private keys, each in a file that only its owner can read.

    entry.seed      32 bytes   signs entries                    key <origin>/<member>, type 01
    log.seed        32         signs checkpoints it serves      key <origin>, type 01
    cosign.seed     32         cosigns checkpoints              key <origin>/<member>, type 04
    sd-jwt.seed     32         signs disclosures                key <origin>/<member>/sd-jwt
    node.seed       32         opens what peers seal on the way
    store.key       32         encrypts columns and keys indexes at rest
    recovery.pub    1,216      the public half of the member's offline recovery key
    member.toml                origin and member name

The recovery seed itself is written where the operator says, and belongs in a safe, not here.
"""

import os
import secrets
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ledger.consortium import key_name
from ledger.entry import is_name
from ledger.errors import MalformedError
from ledger.key import SEED_BYTES, KeyType, SigningKey
from ledger.note import is_key_name
from ledger.seal import SealingKey, SealingPublicKey
from nodes.errors import ConfigurationError

_SEEDS = ("entry.seed", "log.seed", "cosign.seed", "sd-jwt.seed", "node.seed", "store.key")
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of `member` on the ledger `origin`."""

    origin: str
    member: str
    entry: SigningKey
    log: SigningKey
    cosigning: SigningKey
    sdjwt: SigningKey
    sealing: SealingKey
    recovery: SealingPublicKey
    store_key: bytes = field(repr=False)

    def derive(self, label: str) -> bytes:
        """Return 32 bytes for one use at rest: HKDF-Expand-SHA-256 (RFC 5869) of the store key."""
        return HKDFExpand(SHA256(), 32, b"signaalketen/at-rest/" + label.encode()).derive(
            self.store_key
        )


def create_keyring(folder: Path, *, origin: str, member: str, recovery: Path) -> Keyring:
    """Make all keys of `member` in `folder`, and its recovery seed in the file `recovery`.

    Raises:
        ConfigurationError: a bad name, a file is there already, or one cannot be written; no file
            is overwritten.
    """
    if not is_key_name(origin) or not is_name(member):
        raise ConfigurationError("origin has no spaces or plus signs; a member is small letters")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty: keys are never overwritten")
    if recovery.exists():
        raise ConfigurationError(f"{recovery} is there already: keys are never overwritten")
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        # First what may not be possible: half a keyring could not be made again in its place.
        _write_private(recovery, seed)
        for name in _SEEDS:
            _write_private(folder / name, secrets.token_bytes(SEED_BYTES))
        (folder / "recovery.pub").write_bytes(SealingKey(seed).public.raw)
        (folder / "member.toml").write_text(tomli_w.dumps({"origin": origin, "member": member}))
    except OSError as cause:
        raise ConfigurationError(
            f"{cause.filename or folder} cannot be written: {cause.strerror}"
        ) from cause
    return load_keyring(folder)


def load_keyring(folder: Path) -> Keyring:
    """Read the keys in `folder`.

    Raises:
        ConfigurationError: a file is missing, of the wrong size, or readable by others.
    """
    try:
        identity = tomllib.loads((folder / "member.toml").read_text())
        origin, member = str(identity["origin"]), str(identity["member"])
        recovery = SealingPublicKey((folder / "recovery.pub").read_bytes())
    except (OSError, KeyError, ValueError, MalformedError) as cause:
        raise ConfigurationError(
            f"{folder} holds no keyring: make one with `signaalketen key new`"
        ) from cause
    entry, log, cosign, sdjwt, node, store = (read_private(folder / name) for name in _SEEDS)
    own = key_name(origin=origin, member=member)
    return Keyring(
        origin=origin,
        member=member,
        entry=SigningKey(own, KeyType.ED25519, entry),
        log=SigningKey(origin, KeyType.ED25519, log),
        cosigning=SigningKey(own, KeyType.COSIGNATURE, cosign),
        sdjwt=SigningKey(own + "/sd-jwt", KeyType.ED25519, sdjwt),
        sealing=SealingKey(node),
        recovery=recovery,
        store_key=store,
    )


def read_private(path: Path) -> bytes:
    """Return the 32 bytes in `path`.

    Raises:
        ConfigurationError: it is missing, of another size, or others than its owner may read it.
    """
    verify_private(path)
    raw = path.read_bytes()
    if len(raw) != SEED_BYTES:
        raise ConfigurationError(f"{path} must hold {SEED_BYTES} bytes, not {len(raw)}")
    return raw


def verify_private(path: Path) -> None:
    """Check that only its owner may read the file `path`.

    Raises:
        ConfigurationError: it is not there, or group or others have any right to it.
    """
    try:
        mode = path.stat().st_mode
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read: {cause.strerror}") from cause
    if not stat.S_ISREG(mode):
        raise ConfigurationError(f"{path} is not a file")
    if mode & _OTHERS_MAY:
        raise ConfigurationError(f"{path} can be read by others: run `chmod 600 {path}`")


def _write_private(path: Path, raw: bytes) -> None:
    # Created with its final mode: between open and chmod others could have read it.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
