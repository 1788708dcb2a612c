"""Messages: what two desks say to each other about one match, inside the seal.

    enc(type, match id (16), desk, fields …)        desk: whose message it is, `member/desk`

    confirm      respond within: 4h, 1d or 5d
    outcome      already-in-contact, contacted, coordinated or false-match
    coordinate   the desk that takes the lead (regievoerder)
    request      purpose, legal basis, necessity, field, …
    refuse       the request's message id, reason
    grant        the request's message id, ordinary or break-glass, last day, disclosure
    text         up to 2,000 characters: the one place for free text
    contest      reason
    close        reason

A match is named by its id, and nobody by anything else. Requests and grants name fields by the
vocabulary; every reason is one of a list. Who approved a grant stays at the agency that gave it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Self

from ledger.consortium import VOCABULARY
from ledger.day import decode_day
from ledger.disclosure import Disclosure
from ledger.encoding import enc, split_enc
from ledger.entry import is_name
from ledger.errors import MalformedError
from ledger.exchange.item import MESSAGE_ID_BYTES
from ledger.exchange.words import Contention, Ending, Necessity, Refusal, Release, Result, Within

MATCH_ID_BYTES = 16
MAX_TEXT = 2_000
"""In characters."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """This desk takes the match up, and asks the other to do so `within` a time."""

    TYPE: ClassVar[str] = "confirm"
    within: Within

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.within,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (within,) = fields
        return cls(Within(within.decode()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it at this desk."""

    TYPE: ClassVar[str] = "outcome"
    result: Result

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.result,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (result,) = fields
        return cls(Result(result.decode()))


@dataclass(frozen=True, slots=True)
class Coordinate:
    """The desk named is to take the lead: the regievoerder."""

    TYPE: ClassVar[str] = "coordinate"
    desk: str

    def __post_init__(self) -> None:
        """Refuse what is no desk's name."""
        _verify_desk(self.desk)

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.desk,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (desk,) = fields
        return cls(desk.decode())


@dataclass(frozen=True, slots=True)
class Request:
    """A question for `wanted` fields, for `purpose` on `basis`, and why they are needed."""

    TYPE: ClassVar[str] = "request"
    purpose: str
    basis: str
    necessity: Necessity
    wanted: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse fields that no signal has, none, one twice, or out of the vocabulary's order."""
        if not self.wanted or self.wanted != tuple(f for f in VOCABULARY if f in self.wanted):
            raise MalformedError("request: fields of a signal, each once, in their order")
        if not is_name(self.purpose) or not is_name(self.basis):
            raise MalformedError("request: purpose and basis are names")

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.purpose, self.basis, self.necessity, *self.wanted)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        purpose, basis, necessity, *wanted = (one.decode() for one in fields)
        return cls(purpose, basis, Necessity(necessity), tuple(wanted))


@dataclass(frozen=True, slots=True)
class Refuse:
    """The answer no to the message `request`."""

    TYPE: ClassVar[str] = "refuse"
    request: bytes
    reason: Refusal

    def __post_init__(self) -> None:
        """Refuse what is no message's id."""
        _verify_id(self.request)

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.request, self.reason)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        request, reason = fields
        return cls(request, Refusal(reason.decode()))


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer yes to the message `request`: a disclosure, to be used up to `last_day`."""

    TYPE: ClassVar[str] = "grant"
    request: bytes
    release: Release
    last_day: date
    disclosure: Disclosure = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no message's id."""
        _verify_id(self.request)

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        day = self.last_day.isoformat()
        return (self.request, self.release, day, self.disclosure.encode())

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        request, release, day, disclosure = fields
        return cls(
            request,
            Release(release.decode()),
            decode_day(day.decode()),
            Disclosure.decode(disclosure),
        )


@dataclass(frozen=True, slots=True)
class Text:
    """Free text; what it may not hold is for `ledger.freetext` to find before it is sent."""

    TYPE: ClassVar[str] = "text"
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse text that is empty, too long, or holds what is not to be seen."""
        if not 1 <= len(self.text) <= MAX_TEXT or not self.text.strip():
            raise MalformedError(f"text: 1 to {MAX_TEXT} characters")
        # Marks that turn the direction of writing show something else than what is said.
        if any(
            unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} and c != "\n" for c in self.text
        ):
            raise MalformedError("text: a character that cannot be seen")

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.text,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (text,) = fields
        return cls(text.decode())


@dataclass(frozen=True, slots=True)
class Contest:
    """This desk does not agree."""

    TYPE: ClassVar[str] = "contest"
    about: Contention

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.about,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (about,) = fields
        return cls(Contention(about.decode()))


@dataclass(frozen=True, slots=True)
class Close:
    """This desk is done with the match; nothing is to be sent about it any more."""

    TYPE: ClassVar[str] = "close"
    reason: Ending

    def fields(self) -> tuple[str | bytes, ...]:
        """Return what follows the desk."""
        return (self.reason,)

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Self:
        """Read the fields."""
        (reason,) = fields
        return cls(Ending(reason.decode()))


Content = Confirm | Outcome | Coordinate | Request | Refuse | Grant | Text | Contest | Close
_TYPES: dict[bytes, type[Content]] = {
    kind.TYPE.encode(): kind
    for kind in (Confirm, Outcome, Coordinate, Request, Refuse, Grant, Text, Contest, Close)
}


def encode_content(content: Content) -> bytes:
    """Return what is said, without the match and the desk: as it is kept of what was sent."""
    return enc(content.TYPE, *content.fields())


def decode_content(raw: bytes) -> Content:
    """Read what is said; the exact inverse of `encode_content`.

    Raises:
        MalformedError: not what `encode_content` returns; the text repeats nothing of it.
    """
    try:
        kind, *fields = split_enc(raw)
        content = _content(kind, fields)
    except ValueError:
        raise MalformedError("message: nothing that a desk says") from None
    if encode_content(content) != raw:
        raise MalformedError("message: not canonical")
    return content


def _content(kind: bytes, fields: Sequence[bytes]) -> Content:
    found = _TYPES.get(kind)
    if found is None:
        raise ValueError
    return found.of(fields)


@dataclass(frozen=True, slots=True)
class Message:
    """What `desk` says about the match with that 16-byte id."""

    match: bytes
    desk: str
    content: Content

    def __post_init__(self) -> None:
        """Refuse what names no match or no desk."""
        if len(self.match) != MATCH_ID_BYTES:
            raise MalformedError("message: a match id has 16 bytes")
        _verify_desk(self.desk)

    def encode(self) -> bytes:
        """Return the bytes that are cut into pieces and sealed."""
        return enc(self.content.TYPE, self.match, self.desk, *self.content.fields())

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a message; the exact inverse of `encode`.

        Raises:
            MalformedError: not what `encode` returns; the text repeats nothing of it.
        """
        try:
            kind, match, desk, *fields = split_enc(raw)
            message = cls(match, desk.decode(), _content(kind, fields))
        # The causes may quote what was said; they go no further than here.
        except ValueError:
            raise MalformedError("message: not one that a desk sends") from None
        if message.encode() != raw:
            raise MalformedError("message: not canonical")
        return message


def _verify_desk(name: str) -> None:
    member, slash, desk = name.partition("/")
    if not slash or not is_name(member) or not is_name(desk):
        raise MalformedError("message: a desk is member/desk")


def _verify_id(message: bytes) -> None:
    if len(message) != MESSAGE_ID_BYTES:
        raise MalformedError("message: a message id has 16 bytes")
