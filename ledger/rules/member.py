"""`member`: a member states its own URL and the hashes of its own keys, signed by it alone.

Further lines: the member document (`ledger.member`). No commitment, no other lines. The newest
final one counts.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import MalformedError, RefusedError
from ledger.member import MemberDocument
from ledger.rules.kind import Admission, Chain


class MemberRule:
    """The rules of `member` (protocol 1)."""

    role: str | None = None
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check that the document is canonical and stands alone; see `Rule`."""
        del document
        if signed.entry.commitment is not None or len(signed.lines) != 1:
            raise RefusedError("further-lines", "a member entry has one line and no commitment")
        _decode(signed)

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check the version against the card in force and replace it; see `Rule`."""
        del admission
        if signed is None:
            raise RefusedError("malformed", "a member entry is needed whole")
        card = _decode(signed)
        known = chain.cards.get(signed.entry.author)
        expected = 1 if known is None else known.version + 1
        if card.version != expected:
            raise RefusedError("version", f"expected version {expected} of the member document")
        chain.cards[signed.entry.author] = card


def _decode(signed: SignedEntry) -> MemberDocument:
    try:
        return MemberDocument.decode(signed.entry.further)
    except MalformedError as cause:
        raise RefusedError("member-document", str(cause)) from cause
