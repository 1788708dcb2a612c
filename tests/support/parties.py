"""A consortium of four, with all keys of everybody: pure, and the same in every run.

Every key follows from origin, member, use and generation; the rules are those of the demonstration.
"""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha512
from pathlib import Path
from typing import Any

import tomli_w

from ledger.checkpoint import Checkpoint
from ledger.consortium import NO_PREVIOUS_DOCUMENT
from ledger.consortium import Consortium as Document
from ledger.consortium_toml import decode_consortium
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import enc
from ledger.entry import Entry, SignedEntry
from ledger.key import KeyType, SigningKey
from ledger.mldsa import PostQuantumKey
from ledger.note import Note, SignatureLine
from tests.support.signers import NOON, ORIGIN

DAY = date(2026, 12, 1)
"""The day of every entry that names no other; `NOON` is its noon."""
ROLES = {
    "bzk": ("witness", "holder", "custodian"),
    "svb": ("issuer", "witness", "holder", "custodian"),
    "szw": ("issuer", "policy", "witness", "holder", "custodian"),
    "uwv": ("issuer", "witness", "holder", "custodian"),
}
ALL = tuple(ROLES)
_RULES = Path(__file__).parents[2] / "demo" / "rules.toml"
Change = Callable[[dict[str, Any]], object]
"""Changes the draft of a document (its parsed TOML) in place."""


def seeded(size: int, *label: str | int) -> bytes:
    """Return up to 64 bytes that look random and follow from `label`."""
    return sha512(enc(*label)).digest()[:size]


@dataclass(frozen=True)
class Member:
    """A member with all its private keys; another `generation` has other keys.

    Only one that `is_post_quantum` shows its key of type 06.
    """

    name: str
    origin: str = ORIGIN
    generation: int = 1
    is_post_quantum: bool = False

    @cached_property
    def entry(self) -> SigningKey:
        """Return the key that signs entries."""
        return self._key(f"{self.origin}/{self.name}", KeyType.ED25519, "entry")

    @cached_property
    def log(self) -> SigningKey:
        """Return the key that signs the checkpoints that this member serves."""
        return self._key(self.origin, KeyType.ED25519, "log")

    @cached_property
    def cosigning(self) -> SigningKey:
        """Return the key that cosigns checkpoints."""
        return self._key(f"{self.origin}/{self.name}", KeyType.COSIGNATURE, "cosigning")

    @cached_property
    def post_quantum(self) -> PostQuantumKey:
        """Return the key that cosigns checkpoints for the outside."""
        label = (self.origin, self.name, "post-quantum", self.generation)
        return PostQuantumKey(f"{self.origin}/{self.name}", seeded(32, *label))

    @cached_property
    def sdjwt(self) -> SigningKey:
        """Return the key that signs SD-JWTs."""
        return self._key(f"{self.origin}/{self.name}/sd-jwt", KeyType.ED25519, "sd-jwt")

    def table(self) -> dict[str, Any]:
        """Return its [[member]] table."""
        number = sum(self.name.encode())
        cosigning = [self.cosigning.verifier.encode()]
        if self.is_post_quantum:
            cosigning.append(self.post_quantum.verifier.encode())
        return {
            "name": self.name,
            "title": self.name.upper(),
            "oin": f"00000099{number:012}",
            "roles": list(ROLES.get(self.name, ("issuer", "witness"))),
            "entry_keys": [self.entry.verifier.encode()],
            "log_key": self.log.verifier.encode(),
            "cosigning_keys": cosigning,
            "sdjwt_key": self.sdjwt.verifier.encode(),
        }

    def _key(self, name: str, kind: KeyType, use: str) -> SigningKey:
        return SigningKey(name, kind, seeded(32, self.origin, self.name, use, self.generation))


@lru_cache(maxsize=64)
def make_member(
    name: str, *, origin: str = ORIGIN, generation: int = 1, post_quantum: bool = False
) -> Member:
    """Return the member of that name; equal arguments give the same one."""
    return Member(name, origin, generation, post_quantum)


@dataclass(frozen=True, eq=False)
class Consortium:
    """Its members with their keys, and the document on which they agree."""

    members: tuple[Member, ...]
    document: Document

    def __getitem__(self, name: str) -> Member:
        """Return the member of that name."""
        return next(member for member in self.members if member.name == name)

    def sign(self, entry: Entry, *, by: Iterable[str] = ()) -> SignedEntry:
        """Return `entry` with its author's line and those of the members `by`, in that order."""
        text = entry.encode()
        signers = (entry.author, *by)
        return SignedEntry.of(entry, tuple(self[name].entry.sign(text) for name in signers))

    def draft(
        self, change: Change = lambda _: None, *, members: tuple[Member, ...] | None = None
    ) -> "Consortium":
        """Return the next version: as this one, with `change` made, or with other `members`."""
        draft = tomllib.loads(self.document.raw)
        draft |= {"version": self.document.version + 1, "previous": self.document.digest.hex()}
        if members is not None:
            draft["member"] = [member.table() for member in members]
        change(draft)
        return Consortium(members or self.members, decode_consortium(tomli_w.dumps(draft)))

    def propose(
        self, document: Document | str, *, author: str = "szw", by: Iterable[str], day: date = DAY
    ) -> SignedEntry:
        """Return the entry of a `document`, signed with the keys of these members."""
        text = document if isinstance(document, str) else document.raw
        entry = Entry(self.document.origin, author, "consortium", day, None, text)
        return self.sign(entry, by=by)

    def cosigned(
        self,
        checkpoint: Checkpoint,
        *,
        by: Iterable[str] = ALL,
        post_quantum: Iterable[str] = (),
        logs: Iterable[str] = (),
        time: int = NOON,
        extra: Iterable[SignatureLine] = (),
    ) -> SignedCheckpoint:
        """Return `checkpoint` cosigned `by` members and signed as their `logs`, lines sorted.

        Those in `post_quantum` cosigned with their keys of type 06.
        """
        text = checkpoint.encode()
        cosigned = [cosign(text, key=self[name].cosigning, time=time) for name in by]
        cosigned += [cosign(text, key=self[n].post_quantum, time=time) for n in post_quantum]
        served = [self[name].log.sign(text) for name in logs]
        lines = sorted([*cosigned, *served, *extra], key=SignatureLine.encode)
        return SignedCheckpoint(checkpoint, Note(text, tuple(lines)))


@lru_cache(maxsize=8)
def make_consortium(origin: str = ORIGIN, *, post_quantum: bool = False) -> Consortium:
    """Return SZW, UWV, SVB and BZK with version 1 of their document."""
    members = tuple(make_member(name, origin=origin, post_quantum=post_quantum) for name in ALL)
    return Consortium(members, decode_consortium(tomli_w.dumps(founding_draft(members))))


def founding_draft(members: Iterable[Member]) -> dict[str, Any]:
    """Return the parsed TOML of a first document: the demonstration's rules and `members`."""
    rules = tomllib.loads(_RULES.read_text(encoding="utf-8"))
    members = tuple(members)
    head = {
        "format": "signaalketen/consortium/v1",
        "version": 1,
        "previous": NO_PREVIOUS_DOCUMENT.hex(),
    }
    return rules | head | {"origin": members[0].origin, "member": [m.table() for m in members]}
