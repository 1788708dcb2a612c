"""What the rules of a kind are: a check of the entry alone, and a check against the chain."""

from datetime import date
from typing import NamedTuple, Protocol

from ledger.allowance import Allowances
from ledger.consortium import Consortium
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.epochs import Epochs
from ledger.errors import MalformedError, RefusedError, VerificationError
from ledger.group import verify_point
from ledger.member import MemberDocument
from ledger.note import SignatureLine
from ledger.outstanding import Outstanding


class Admission(NamedTuple):
    """What the state machine needs of an entry whose own bytes were verified.

    `stored_by` are the members who made its stored-lines; `further` is its further lines where they
    name heights, else empty.
    """

    id: Digest
    author: str
    kind: str
    day: date
    stored_by: tuple[str, ...]
    further: str = ""


class Chain(Protocol):
    """What a rule may know of the chain so far, and change by admitting."""

    height: int
    document: Consortium | None
    cards: dict[str, MemberDocument]
    epochs: Epochs
    outstanding: Outstanding
    allowances: Allowances

    @property
    def issuers(self) -> frozenset[str]:
        """Return the names of the issuers in force."""

    def install(self, document: Consortium) -> None:
        """Make `document` the one in force from the next block on."""


class Rule(Protocol):
    """The rules of one kind.

    Attributes:
        role: what the document must allow the author, or None where any member may.
        can_stale: whether an entry dated long before the chain's date is skipped.
    """

    role: str | None
    can_stale: bool

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check all that needs no history: further lines, commitment, lines after the author's.

        Raises:
            RefusedError: with the reason that is counted.
        """

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check against the chain and change it, or raise and change nothing.

        `signed` may be None for the kinds with a stored-line.

        Raises:
            RefusedError: with the reason that is counted.
        """


def verify_line(line: SignatureLine, text: str, document: Consortium, *, reason: str) -> str:
    """Return the member whose entry key made `line` over `text`.

    Raises:
        RefusedError: for `reason`: no member's key, or not its signature.
    """
    owner = document.entry_keys.get((line.name, line.key_id))
    if owner is None:
        raise RefusedError(reason, "a line is not by an entry key of a member")
    member, key = owner
    try:
        key.verify(line, text)
    except VerificationError as cause:
        raise RefusedError(reason, f"a line by {member} does not verify") from cause
    return member


def verify_other_lines(signed: SignedEntry, document: Consortium, *, reason: str) -> list[str]:
    """Return the members that made the lines after the author's, each at most once, sorted.

    Raises:
        RefusedError: for `reason`: a line does not verify, is repeated, out of order, or by the
            author.
    """
    members = [verify_line(line, signed.text, document, reason=reason) for line in signed.lines[1:]]
    if members != sorted(set(members)) or signed.entry.author in members:
        raise RefusedError(reason, "one line a member, sorted by name, none by the author again")
    return members


def verify_stored(signed: SignedEntry, document: Consortium, *, by: set[str]) -> None:
    """Check the stored-lines: one at least, each by one of the members in `by`, not the author.

    Raises:
        RefusedError: for `stored-line`.
    """
    storers = verify_other_lines(signed, document, reason="stored-line")
    if not storers:
        raise RefusedError("stored-line", "nobody else signed that its part is stored")
    if strangers := set(storers) - by:
        raise RefusedError(
            "stored-line", f"{', '.join(sorted(strangers))} does not store this kind of entry"
        )


def verify_commitment_point(signed: SignedEntry) -> None:
    """Check that the entry's commitment is a point and not the identity.

    Raises:
        RefusedError: for `commitment`.
    """
    if signed.entry.commitment is None:
        raise RefusedError("commitment", "this kind needs a commitment")
    try:
        verify_point(signed.entry.commitment)
    except MalformedError as cause:
        raise RefusedError("commitment", "not a canonical point, or the identity") from cause
