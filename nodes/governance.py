"""Governance: hands in what members signed together, and says which epochs are open."""

from ledger.entry import SignedEntry
from ledger.epochs import Span
from ledger.errors import RefusedError
from nodes.errors import InputError
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer

_KINDS = frozenset({"consortium", "epoch"})


class Governance:
    """Submits consortium and epoch entries."""

    def __init__(self, *, replica: Replica, sequencer: Sequencer) -> None:
        """Submit to `sequencer`."""
        self._replica = replica
        self._sequencer = sequencer

    async def submit(self, raw: bytes) -> SignedEntry:
        """Check and submit an entry note; return it.

        Raises:
            InputError: the state machine would skip it, and why.
            SequencerError: the order cannot take it now.
        """
        try:
            signed = self._replica.state.check(raw)
        except RefusedError as cause:
            raise InputError(str(cause)) from cause
        if signed.entry.kind not in _KINDS:
            raise InputError(f"only {' and '.join(sorted(_KINDS))} entries are handed in here")
        await self._sequencer.submit([raw])
        return signed

    def epochs(self) -> list[Span]:
        """Return every epoch that was ever opened, by purpose and number."""
        spans = self._replica.state.epochs.spans
        return [span for purpose in sorted(spans) for span in spans[purpose]]
