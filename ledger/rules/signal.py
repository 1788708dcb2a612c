"""`signal`: an issuer commits to a body that a custodian holds durably.

No further lines. Stored-lines: one or more, each by a custodian of the document, not the author.
"""

from ledger.body import Share
from ledger.consortium import Consortium
from ledger.entry import Entry, SignedEntry
from ledger.errors import RefusedError, VerificationError
from ledger.outstanding import Signal
from ledger.rules.kind import Admission, Chain, verify_commitment_point, verify_stored

ITEMS = 3
ALPHA = 0
CONTENT = 1
"""The index of the item that a custodian holds."""
JWT = 2
"""The index of the item that is shown with a disclosure: an SD-JWT without its disclosures."""


class SignalRule:
    """The rules of `signal` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check commitment and stored-lines; see `Rule`."""
        if signed.entry.further:
            raise RefusedError("further-lines", "a signal has no further lines")
        verify_commitment_point(signed)
        verify_stored(signed, document, by=set(document.custodians))

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Take the signal in; from now on it owes a `locate`."""
        del signed
        chain.allowances.stand(admission.author, 1)
        chain.outstanding.signals[chain.height] = Signal(admission.author, admission.day)


def verify_signal_share(share: Share, entry: Entry) -> None:
    """Check what a receiver was given of a signal's body: three items, opening the commitment.

    Raises:
        VerificationError: another number of items, or they do not open the commitment.
    """
    if len(share.digests) != ITEMS:
        raise VerificationError(f"a signal's body has {ITEMS} items: alpha, content, jwt")
    share.verify(entry)
