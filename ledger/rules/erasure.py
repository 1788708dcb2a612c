"""`erasure`: an author withdraws signals of its own; which ones, only those concerned are told.

Further lines: how many, 1 to 64. Stored-lines: one or more, by other issuers or custodians, each of
whom got an item of one size whether it is concerned or not.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.heights import MAX_HEIGHTS
from ledger.rules.kind import Admission, Chain, verify_commitment_point, verify_stored


class ErasureRule:
    """The rules of `erasure` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check count, commitment and stored-lines; see `Rule`."""
        if signed.entry.further not in _COUNTS:
            raise RefusedError("further-lines", f"an erasure says how many: 1 to {MAX_HEIGHTS}")
        verify_commitment_point(signed)
        issuers = {member.name for member in document.issuers}
        verify_stored(signed, document, by=issuers | set(document.custodians))

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Count the signals that do not stand any more; see `Rule`."""
        del signed
        chain.allowances.stand(admission.author, -int(admission.further))


_COUNTS = frozenset(f"{count}\n" for count in range(1, MAX_HEIGHTS + 1))
