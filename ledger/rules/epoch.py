"""`epoch`: the key holders open a period's key, or the members close one.

Further lines: the epoch document (`ledger.epoch`). No commitment. The lines after the author's are
by other members, sorted. Opening needs every holder, whose public share the document names; closing
needs a quorum, for a holder that is gone must not keep pseudonyms alive. At most two that are open
have a key: one that is opened in the place of another, whose key is lost, takes its place in that
count, and every author may post its live signals anew beyond its quotas (`ledger.allowance`).
"""

from ledger.consortium import Consortium
from ledger.entry import SignedEntry
from ledger.epoch import OPEN, EpochDocument
from ledger.epochs import MAX_OPEN, Epochs
from ledger.errors import MalformedError, RefusedError, VerificationError
from ledger.rules.kind import Admission, Chain, verify_other_lines


class EpochRule:
    """The rules of `epoch` (protocol 1)."""

    role: str | None = None
    can_stale = False

    def verify(self, signed: SignedEntry, document: Consortium) -> None:
        """Check the document, its shares and who signed; see `Rule`."""
        if signed.entry.commitment is not None:
            raise RefusedError("commitment", "an epoch entry has none")
        epoch = read_epoch(signed)
        # One whose purpose was given up meanwhile must still be closed.
        if epoch.state == OPEN and document.purpose(epoch.purpose) is None:
            raise RefusedError("epoch", "the consortium document has no such purpose")
        signers = {signed.entry.author, *verify_other_lines(signed, document, reason="approval")}
        if epoch.state == OPEN:
            try:
                epoch.verify_shares(document.groups)
            except VerificationError as cause:
                raise RefusedError("epoch", str(cause)) from cause
            if missing := {share.holder for share in epoch.shares} - signers:
                raise RefusedError("approval", f"not signed by {', '.join(sorted(missing))}")
        elif len(signers) < document.approvals:
            raise RefusedError("approval", f"closing needs {document.approvals} members")

    def admit(self, admission: Admission, signed: SignedEntry | None, chain: Chain) -> None:
        """Check number and order against what is open, and install it; see `Rule`."""
        del admission
        if signed is None or chain.document is None:
            raise RefusedError("malformed", "an epoch entry is needed whole, under a document")
        epoch = read_epoch(signed)
        if epoch.state == OPEN:
            verify_opening(
                chain.epochs, epoch.purpose, number=epoch.number, replaces=epoch.replaces
            )
        else:
            _verify_closing(chain.epochs, epoch)
        chain.epochs.install(epoch, groups=chain.document.groups, height=chain.height)
        if epoch.replaces is not None:
            chain.allowances.renew()


def verify_opening(epochs: Epochs, purpose: str, *, number: int, replaces: int | None) -> None:
    """Check that epoch `number` of `purpose` can be opened now, in the place of `replaces` if any.

    Raises:
        RefusedError: for `epoch`.
    """
    expected = epochs.next_number(purpose)
    if number != expected:
        raise RefusedError("epoch", f"expected epoch {expected} of {purpose}")
    known = [document.number for document in epochs.with_key(purpose)]
    if replaces is not None:
        if replaces not in known:
            raise RefusedError("epoch", f"epoch {replaces} is not open, or replaced already")
        known.remove(replaces)
    if len(known) >= MAX_OPEN:
        raise RefusedError("epoch", f"{MAX_OPEN} epochs are open; close the oldest first")


def _verify_closing(epochs: Epochs, epoch: EpochDocument) -> None:
    known = [document.number for document in epochs.open_now(epoch.purpose)]
    is_lost = epoch.number in known and epochs.is_replaced(epoch.purpose, epoch.number)
    if epoch.number != min(known, default=None) and not is_lost:
        raise RefusedError("epoch", "only the oldest epoch that is open can be closed")


def read_epoch(signed: SignedEntry) -> EpochDocument:
    """Return the document that an epoch entry carries.

    Raises:
        RefusedError: for `epoch`.
    """
    try:
        return EpochDocument.decode(signed.entry.further)
    except MalformedError as cause:
        raise RefusedError("epoch", str(cause)) from cause
