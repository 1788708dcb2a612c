"""Entries: what a member signs and submits; public and permanent.

    <origin>/entry/v1
    <author>                member name
    <kind>                  signal, consortium, …
    <date>                  YYYY-MM-DD, UTC
    <commitment>            base64, 32 bytes; - for the kinds whose further lines say everything
    <further lines>         by kind: a document, heights, an outcome, a count; often none
                            (a blank line)
    — <origin>/<author> <base64(key id ‖ signature)>
    — <origin>/<member> …   stored-lines, or approvals of a document

An entry's identity is the hash of its text: signature lines may differ, what was said may not be
said twice. Which lines must stand under it is for the rules of its kind (`ledger.rules`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from ledger.day import decode_day
from ledger.encoding import Digest, from_base64, sha256, to_base64
from ledger.errors import MalformedError
from ledger.note import Note, SignatureLine

MAX_ENTRY_BYTES = 60_000
DOCUMENT_KINDS = frozenset({"consortium", "epoch", "member"})
_MARK = "/entry/v1"
_NO_COMMITMENT = "-"


@dataclass(frozen=True, slots=True)
class Entry:
    """`author` states something of `kind` on `day`; `commitment` is 32 bytes or None."""

    origin: str
    author: str
    kind: str
    day: date
    commitment: bytes | None
    further: str = ""

    def encode(self) -> str:
        """Return the text that is signed."""
        shown = _NO_COMMITMENT if self.commitment is None else to_base64(self.commitment)
        return (
            f"{self.origin}{_MARK}\n{self.author}\n{self.kind}\n{self.day.isoformat()}\n"
            f"{shown}\n{self.further}"
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read an entry's text; the exact inverse of `encode`.

        Raises:
            MalformedError: `text` is not what `encode` returns.
        """
        lines = text.split("\n", 5)
        if len(lines) != 6 or not lines[0].endswith(_MARK):
            raise MalformedError("entry: expected five lines, the first ending in /entry/v1")
        first, author, kind, day, shown, further = lines
        if further and not further.endswith("\n"):
            raise MalformedError("entry: the last line must end in a newline")
        if not is_name(author) or not is_name(kind):
            raise MalformedError("entry: author and kind are names of small letters and digits")
        commitment = None if shown == _NO_COMMITMENT else from_base64(shown, size=32)
        return cls(first[: -len(_MARK)], author, kind, decode_day(day), commitment, further)


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """An entry with the lines under it; `id` is the SHA-256 of its text. Nothing is verified."""

    entry: Entry
    text: str
    id: Digest
    lines: tuple[SignatureLine, ...]

    @classmethod
    def of(cls, entry: Entry, lines: tuple[SignatureLine, ...]) -> Self:
        """Join `entry` and its `lines`."""
        text = entry.encode()
        return cls(entry, text, sha256(text.encode()), lines)

    def encode(self) -> bytes:
        """Return the bytes of the entry note."""
        return Note(self.text, self.lines).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read an entry note; the exact inverse of `encode`.

        Raises:
            MalformedError: not an entry note, not canonical, or over 60,000 bytes.
        """
        if len(raw) > MAX_ENTRY_BYTES:
            raise MalformedError(f"entry: over {MAX_ENTRY_BYTES} bytes")
        note = Note.decode(raw)
        # Both readers take one spelling only, so there is nothing to compare: on every block that
        # anybody audits, encoding it again would cost as much as reading it.
        entry = Entry.decode(note.text)
        return cls(entry, note.text, sha256(note.text.encode()), note.signatures)

    def with_lines(self, added: tuple[SignatureLine, ...]) -> Self:
        """Return this entry with `added` after the author's line, sorted by name."""
        rest = sorted((*self.lines[1:], *added), key=lambda line: (line.name, line.key_id))
        return type(self)(self.entry, self.text, self.id, (*self.lines[:1], *rest))


def is_name(text: str) -> bool:
    """Tell whether `text` is 1 to 40 small letters, digits and hyphens, a letter first."""
    return (
        0 < len(text) <= 40
        and text.isascii()
        and text[0].islower()
        and text.replace("-", "").isalnum()
        and text == text.lower()
    )
