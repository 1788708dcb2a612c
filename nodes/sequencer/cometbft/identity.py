"""A member's engine as the others know it: its keys, and the card that shows them.

    engine.seed         32 bytes in the folder of the keyring: its Ed25519 key as a validator
    engine-node.seed    the same, of its connections: it stays when the other is replaced

A card is a signed note (c2sp.org/signed-note) by the member's entry key:

    <origin>/engine/v1
    <member>
    <base64 of the validator's public key>
    <40 hex>@<host>:<port>              where the others' engines find this one
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from nacl.bindings import crypto_sign_seed_keypair

from ledger.consortium import Consortium
from ledger.encoding import from_base64, sha256, to_base64
from ledger.entry import is_name
from ledger.errors import MalformedError, VerificationError
from ledger.key import SEED_BYTES
from ledger.member import is_engine_peer
from ledger.note import Note
from nodes.errors import ConfigurationError
from nodes.keyring import Keyring, read_private, write_private

SEED_FILE = "engine.seed"
NODE_SEED_FILE = "engine-node.seed"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class EngineKey:
    """An Ed25519 key pair as the engine's files hold it: 32 bytes, and seed ‖ public."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, seed: bytes) -> Self:
        """Return the key pair of a seed of 32 bytes."""
        public, secret = crypto_sign_seed_keypair(seed)
        return cls(public, secret)

    @property
    def address(self) -> bytes:
        """Return the name that the engine gives the key."""
        return address_of(self.public)


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """The two keys of a member's engine: as a validator, and of its connections."""

    validator: EngineKey
    node: EngineKey


@dataclass(frozen=True, slots=True)
class EngineCard:
    """What the others must know of the engine of `member`; `peer` is where they find it."""

    origin: str
    member: str
    validator: bytes
    peer: str

    def encode(self) -> str:
        """Return the text that is signed."""
        key = to_base64(self.validator)
        return f"{self.origin}/engine/v1\n{self.member}\n{key}\n{self.peer}\n"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a card's text; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns.
        """
        lines = text.split("\n")
        if len(lines) != 5 or not lines[0].endswith("/engine/v1") or not is_name(lines[1]):
            raise MalformedError("engine card: expected four lines")
        if not is_engine_peer(lines[3]):
            raise MalformedError("engine card: expected an address like <40 hex>@host:port")
        origin = lines[0].removesuffix("/engine/v1")
        card = cls(origin, lines[1], from_base64(lines[2], size=_KEY_BYTES), lines[3])
        if card.encode() != text:
            raise MalformedError("engine card: not canonical")
        return card


def load_identity(keys: Path) -> EngineIdentity:
    """Read the engine's keys in the keyring's folder `keys`.

    Raises:
        ConfigurationError: there are none, or others can read them.
    """
    if not (keys / SEED_FILE).exists():
        raise ConfigurationError(
            f"{keys} holds no engine key: make one with `signaalketen engine new`"
        )
    return EngineIdentity(
        validator=EngineKey.of(read_private(keys / SEED_FILE)),
        node=EngineKey.of(read_private(keys / NODE_SEED_FILE)),
    )


def make_keys(keys: Path) -> None:
    """Make the engine's keys in the keyring's folder `keys`; one that is there stays.

    Raises:
        ConfigurationError: a key cannot be written.
    """
    for path in (keys / SEED_FILE, keys / NODE_SEED_FILE):
        try:
            if not path.exists():
                write_private(path, secrets.token_bytes(SEED_BYTES))
        except OSError as cause:
            raise ConfigurationError(f"{path}: {cause.strerror}") from cause


def renew_keys(keys: Path, *, connections: bool) -> None:
    """Put a new key in the place of the one that decides, and of that of its connections too.

    The engine takes them at its next start. Nothing else needs the old ones, and no engine may run
    with one of them after another ran with the new.

    Raises:
        ConfigurationError: there is no engine key yet, or the new one cannot be written.
    """
    load_identity(keys)
    for name in (NODE_SEED_FILE, SEED_FILE) if connections else (SEED_FILE,):
        fresh = keys / f"{name}.new"
        try:
            # Left by a run that was cut off; nobody has seen it.
            fresh.unlink(missing_ok=True)
            write_private(fresh, secrets.token_bytes(SEED_BYTES))
            fresh.replace(keys / name)
        except OSError as cause:
            raise ConfigurationError(f"{keys / name}: {cause.strerror}") from cause


def make_card(keyring: Keyring, keys: Path, *, address: str) -> bytes:
    """Return the signed card of an engine that others find at `address`, making its keys if needed.

    Raises:
        ConfigurationError: the key cannot be written or read, or `address` is no host:port.
    """
    make_keys(keys)
    identity = load_identity(keys)
    peer = f"{identity.node.address.hex()}@{address}"
    text = EngineCard(keyring.origin, keyring.member, identity.validator.public, peer).encode()
    try:
        EngineCard.decode(text)
    except MalformedError as cause:
        raise ConfigurationError(f"{address!r} is not host:port") from cause
    return Note(text, (keyring.entry.sign(text),)).encode()


def read_card(raw: bytes, document: Consortium) -> EngineCard:
    """Return a card that its own member signed.

    Raises:
        MalformedError: not a card.
        VerificationError: not signed by an entry key of the member that it names.
    """
    note = Note.decode(raw)
    card = EngineCard.decode(note.text)
    line = note.signatures[0]
    member, key = document.entry_keys.get((line.name, line.key_id), ("", None))
    if len(note.signatures) != 1 or key is None or member != card.member:
        raise VerificationError(f"the engine card of {card.member} is not signed by it")
    if card.origin != document.origin:
        raise VerificationError("the engine card is of another ledger")
    key.verify(line, note.text)
    return card


def address_of(public: bytes) -> bytes:
    """Return the name that the engine gives a key: 20 bytes."""
    return sha256(public)[:20]
