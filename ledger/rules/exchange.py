"""`exchange`: an issuer's beat, with a frame of equal size for every other issuer.

Further lines: how many items each gets: 16, 64 or 256; `<count> urgent` for one beside the rhythm.
Stored-lines: one or more, by other issuers, who each got a frame; or by a custodian where none of
them is reachable. How often an author may, its quota says: the chain knows no hour.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import MalformedError, RefusedError
from ledger.exchange.beat import Size
from ledger.rules.kind import Admission, Chain, verify_commitment_point, verify_stored


class ExchangeRule:
    """The rules of `exchange` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check size, commitment and stored-lines; see `Rule`."""
        try:
            Size.decode(signed.entry.further)
        except MalformedError as cause:
            raise RefusedError("further-lines", str(cause)) from cause
        verify_commitment_point(signed)
        issuers = {member.name for member in document.issuers}
        verify_stored(signed, document, by=issuers | set(document.custodians))

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Nothing of the chain bears on an exchange beyond what bears on every entry."""
