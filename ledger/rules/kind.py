"""What the rules of a kind are: a check of the entry alone, and a check against the chain."""

from typing import Protocol

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import RefusedError, VerificationError
from ledger.member import MemberDocument
from ledger.note import SignatureLine


class Chain(Protocol):
    """What a rule may know of the chain so far, and change by admitting."""

    document: Consortium | None
    cards: dict[str, MemberDocument]

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

    def admit(self, signed: SignedEntry, chain: Chain) -> None:
        """Check against the chain and change it, or raise and change nothing.

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
