"""Signed notes (c2sp.org/signed-note): a text and the signatures of named keys over it.

    signaalketen.test/demo
    4096
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
                                                            (a blank line)
    — signaalketen.test/demo/uwv pM8k…base64(key id[4] ‖ signature)…==

A note is split at its last blank line, because a text may hold blank lines of its own. Here every
line must be well-formed; which lines may stand under a note is for its reader to demand.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ledger.encoding import from_base64, to_base64
from ledger.errors import MalformedError

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 200
_PREFIX = "— "
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """`name` claims `signature`, made by the key with that `key_id`; nothing is verified yet."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> str:
        """Return the line with its newline."""
        return f"{_PREFIX}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def decode(cls, line: str) -> Self:
        """Read one line, newline included; the exact inverse of `encode`.

        Raises:
            MalformedError: not a signature line.
        """
        if not line.startswith(_PREFIX) or not line.endswith("\n"):
            raise MalformedError("note: a signature line must start with an em dash and a space")
        name, separator, encoded = line[len(_PREFIX) : -1].partition(" ")
        if not separator or not is_key_name(name):
            raise MalformedError("note: a signature line needs a key name and a signature")
        raw = from_base64(encoded)
        if len(raw) < 5:
            raise MalformedError("note: a signature is too short")
        return cls(name, raw[:4], raw[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A `text` that ends in a newline, and the lines under it, in order."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return (self.text + "\n" + "".join(s.encode() for s in self.signatures)).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a note; the exact inverse of `encode`.

        Raises:
            MalformedError: not a signed note.
        """
        text, lines = split_note(raw)
        signatures = tuple(SignatureLine.decode(line) for line in lines)
        return cls(text, signatures)

    def with_signatures(self, added: Iterable[SignatureLine]) -> Self:
        """Return this note with `added` under the lines it has."""
        return type(self)(self.text, (*self.signatures, *added))


def is_key_name(name: str) -> bool:
    """Tell whether `name` may name a key: not empty, no spaces, no plus sign, no control."""
    return _KEY_NAME.fullmatch(name) is not None


def split_note(raw: bytes) -> tuple[str, list[str]]:
    """Return a note's text and its signature lines, unread, each with its newline.

    Raises:
        MalformedError: no text, no signature line, a control character, or not UTF-8.
    """
    if len(raw) > MAX_NOTE_BYTES:
        raise MalformedError(f"note: over {MAX_NOTE_BYTES} bytes")
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise MalformedError("note: not UTF-8") from cause
    if _CONTROL.search(raw):
        raise MalformedError("note: holds a control character")
    text, blank, tail = decoded.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise MalformedError("note: no signature lines after a blank line")
    lines = [line + "\n" for line in tail[:-1].split("\n")]
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError(f"note: over {MAX_SIGNATURES} signatures")
    return text + "\n", lines
