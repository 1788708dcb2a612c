"""`signal`: an issuer commits to a body that a custodian holds durably.

No further lines. Stored-lines: one or more, each by a custodian of the document, not the author.
"""

from ledger.body import Share
from ledger.consortium import Consortium
from ledger.entry import Entry, SignedEntry
from ledger.errors import MalformedError, RefusedError, VerificationError
from ledger.group import verify_point
from ledger.rules.kind import Chain, verify_other_lines

ITEMS = 2
ALPHA = 0
CONTENT = 1
"""The index of the item that a custodian holds."""


class SignalRule:
    """The rules of `signal` (protocol 1)."""

    role: str | None = "issuer"
    can_stale = True

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check commitment and stored-lines; see `Rule`."""
        if signed.entry.further:
            raise RefusedError("further-lines", "a signal has no further lines")
        verify_commitment_point(signed)
        storers = verify_other_lines(signed, document, reason="stored-line")
        if not storers:
            raise RefusedError("stored-line", "a signal needs a custodian's stored-line")
        if not set(storers) <= set(document.custodians):
            raise RefusedError("stored-line", "only a custodian of the document stores a signal")

    def admit(self, signed: SignedEntry, chain: Chain) -> None:
        """Nothing of the chain bears on a signal beyond what bears on every entry."""


def verify_signal_share(share: Share, entry: Entry) -> None:
    """Check what a receiver was given of a signal's body: two items, opening the commitment.

    Raises:
        VerificationError: another number of items, or they do not open the commitment.
    """
    if len(share.digests) != ITEMS:
        raise VerificationError(f"a signal's body has {ITEMS} items, alpha and content")
    share.verify(entry)


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
