"""Governance: hands in what members signed together, and says which epochs are open."""

from ledger.entry import SignedEntry
from ledger.epochs import Epochs, Span
from ledger.errors import RefusedError
from ledger.state import State, admission_of
from nodes.errors import InputError, SequencerError
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
            SequencerError: the order cannot take it now, or there is no founding block yet.
        """
        if self._replica.document is None:
            raise SequencerError("the founding block is not here yet; try again in a moment")
        try:
            signed = self._replica.state.check(raw)
            if signed.entry.kind not in _KINDS:
                raise InputError(f"only {' and '.join(sorted(_KINDS))} entries are handed in here")
            self._verify_turn(signed)
        except RefusedError as cause:
            raise InputError(str(cause)) from cause
        await self._sequencer.submit([raw])
        return signed

    def _verify_turn(self, signed: SignedEntry) -> None:
        """Check an entry against the chain as its turn will, and change nothing.

        Raises:
            RefusedError: the state machine would skip it.
        """
        now = self._replica.state
        spans = {purpose: list(of) for purpose, of in now.epochs.spans.items()}
        trial = State(
            height=now.height,
            document=now.document,
            cards=dict(now.cards),
            epochs=Epochs(spans),
        )
        now.rule(signed.entry.kind).admit(admission_of(signed), signed, trial)

    def epochs(self) -> list[Span]:
        """Return every epoch that was ever opened, by purpose and number."""
        spans = self._replica.state.epochs.spans
        return [span for purpose in sorted(spans) for span in spans[purpose]]
