"""A consortium of four on disk for the measurements that need no running nodes.

Members, roles and rules are the demonstration's; the keys are made for this run.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from demo.consortium import ORIGIN, PROFILES
from ledger.consortium import Consortium
from ledger.consortium_toml import decode_consortium
from ledger.encoding import sha256
from ledger.entry import Entry, SignedEntry
from ledger.member import MemberDocument
from nodes.ceremony import draft_document, draft_entry, member_card, sign_draft
from nodes.keyring import Keyring, create_keyring, load_keyring

NAMES = tuple(profile.name for profile in PROFILES)
_AUTHOR = "szw"


@dataclass(frozen=True)
class Founded:
    """Keys and founding entry under `root`; a node of each member would live at `url`."""

    root: Path
    url: str

    @cached_property
    def keyrings(self) -> dict[str, Keyring]:
        """Return every member's keys, by name."""
        return {name: load_keyring(self.keys(name)) for name in NAMES}

    @cached_property
    def founding(self) -> SignedEntry:
        """Return the founding entry."""
        return SignedEntry.decode(self.note.read_bytes())

    @cached_property
    def document(self) -> Consortium:
        """Return the founding document."""
        return decode_consortium(self.founding.entry.further)

    @property
    def note(self) -> Path:
        """Return the file of the founding entry."""
        return self.root / "founding.note"

    def keys(self, name: str) -> Path:
        """Return the folder of a member's keys."""
        return self.root / name

    def card(self, name: str, day: date) -> bytes:
        """Return the entry by which a member says on the chain where it is."""
        ring = self.keyrings[name]
        sealing = {"node": ring.sealing.public.hash, "recovery": ring.recovery.hash}
        key = ring.post_quantum
        hashes = () if key is None else (sha256(key.verifier.public),)
        # As its node would write it: one that differs would be announced anew, and wait for others.
        card = MemberDocument(1, self.url, "", "", hashes, sealing)
        entry = Entry(ORIGIN, name, "member", day, None, card.encode())
        return SignedEntry.of(entry, (ring.entry.sign(entry.encode()),)).encode()


def found(root: Path, *, url: str, day: date) -> Founded:
    """Make keys for all members under `root`, and a founding entry of `day` that all signed."""
    cards = []
    for profile in PROFILES:
        ring = create_keyring(
            root / profile.name,
            origin=ORIGIN,
            member=profile.name,
            recovery=root / f"{profile.name}.recovery",
        )
        cards.append(member_card(ring, title=profile.title, oin=profile.oin, roles=profile.roles))
    rules = files("demo").joinpath("rules.toml").read_text()
    draft = draft_entry(draft_document(rules, cards), author=_AUTHOR, day=day)
    signed = SignedEntry.of(draft, ())
    founded = Founded(root, url)
    for name in NAMES:
        signed = sign_draft(signed, founded.keyrings[name])
    founded.note.write_bytes(signed.encode())
    return founded
