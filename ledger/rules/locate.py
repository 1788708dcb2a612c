"""`locate`: an author shows the other issuers where it placed signals of its own.

Further lines: the heights of 1 to 64 of the author's own signals, none located before.
Stored-lines: one or more, by other issuers, who each got the items; or by a custodian where none of
them is reachable.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import MalformedError, RefusedError
from ledger.heights import Heights
from ledger.outstanding import Locate
from ledger.rules.kind import Admission, Chain, verify_commitment_point, verify_stored


class LocateRule:
    """The rules of `locate` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check heights, commitment and stored-lines; see `Rule`."""
        if read_heights(signed.entry.further).missing:
            raise RefusedError("further-lines", "a locate calls nothing missing")
        verify_commitment_point(signed)
        issuers = {member.name for member in document.issuers}
        verify_stored(signed, document, by=issuers | set(document.custodians))

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check that each height owes a locate by this author, and ask all others to answer."""
        del signed
        owed = chain.outstanding.signals
        heights = read_heights(admission.further).named
        for height in heights:
            known = owed.get(height)
            if known is None or known.author != admission.author:
                raise RefusedError(
                    "heights", f"block {height} is no signal of {admission.author}'s to be located"
                )
        for height in heights:
            del owed[height]
        waiting = chain.issuers - {admission.author}
        if waiting:
            chain.outstanding.locates[chain.height] = Locate(
                admission.author, admission.day, len(heights), waiting
            )


def read_heights(further: str) -> Heights:
    """Return the heights that an entry names.

    Raises:
        RefusedError: for `further-lines`.
    """
    try:
        return Heights.decode(further)
    except MalformedError as cause:
        raise RefusedError("further-lines", str(cause)) from cause
