"""`logbook`: a member commits to its log of an hour, so that it cannot be thinned afterwards.

Further lines: how many records, rounded up to 64, 128, 256 and so on. The commitment covers one
item, which stays with its author (`ledger.logbook`). No stored-lines: it goes to nobody, so it does
not move the chain's date either.
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.errors import RefusedError
from ledger.logbook import SHOWN_COUNTS
from ledger.rules.kind import Admission, Chain, verify_commitment_point


class LogbookRule:
    """The rules of `logbook` (protocol 1)."""

    role: str | None = None
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check count, commitment and that nobody else signed; see `Rule`."""
        del document
        if signed.entry.further not in _FURTHER:
            raise RefusedError("further-lines", "a logbook says how many: 64, 128, 256 …")
        verify_commitment_point(signed)
        if len(signed.lines) != 1:
            raise RefusedError("stored-line", "a logbook goes to nobody")

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Nothing of the chain bears on a logbook beyond what bears on every entry."""


_FURTHER = frozenset(f"{count}\n" for count in SHOWN_COUNTS)
