"""A small chain that is signed and applied at one node while its measurement is prepared."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bench.applying import Applying, batches_of
from bench.founding import Founded
from demo.consortium import ORIGIN
from demo.people import PURPOSE
from ledger.entry import Entry, SignedEntry
from ledger.group import UNIFORM_BYTES, hash_to_point
from nodes import ceremony
from nodes.sequencer.port import MAX_SUBMISSION
from tests.support.dealing import deal

EPOCH = 1
_CUSTODIAN = "bzk"


@dataclass
class Signing:
    """Signs entries by anybody, and applies them; methods return each with its height."""

    applying: Applying
    founded: Founded
    day: date

    def open_epoch(self) -> None:
        """Apply the founding entry and the opening of the first epoch."""
        document, shares = deal(self.founded.document, purpose=PURPOSE, number=EPOCH)
        author, *_ = holders = sorted(shares)
        draft = ceremony.draft_epoch(document, origin=ORIGIN, author=author, day=self.day)
        signed = ceremony.decode_draft(ceremony.encode_draft(draft))
        for name in holders:
            signed = ceremony.sign_draft(signed, self.founded.keyrings[name])
        self.applying.apply([self.founded.founding.encode(), signed.encode()])

    def signals(self, author: str, count: int) -> list[tuple[int, SignedEntry]]:
        """Apply signals by `author`."""
        return self._apply(author, "signal", [""] * count)

    def locates(self, author: str, heights: Sequence[int]) -> list[tuple[int, SignedEntry]]:
        """Apply a `locate` for each of these signals by `author`, one at a time."""
        return self._apply(author, "locate", [f"{height}\n" for height in heights])

    def _apply(
        self, author: str, kind: str, further: Sequence[str]
    ) -> list[tuple[int, SignedEntry]]:
        first = 0 if self.applying.tip is None else self.applying.tip.size
        signed = [self._sign(author, kind, text) for text in further]
        entries = [one.encode() for one in signed]
        self.applying.apply(*batches_of(entries, MAX_SUBMISSION))
        return list(enumerate(signed, start=first))

    def _sign(self, author: str, kind: str, further: str) -> SignedEntry:
        commitment = hash_to_point(secrets.token_bytes(UNIFORM_BYTES)).encode()
        entry = Entry(ORIGIN, author, kind, self.day, commitment, further)
        text = entry.encode()
        rings = self.founded.keyrings
        return SignedEntry.of(
            entry, tuple(rings[name].entry.sign(text) for name in (author, _CUSTODIAN))
        )
