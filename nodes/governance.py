"""Governance: hands in what members signed, and says which epochs are open.

What many signed, and a member's own entry: a newcomer's node cannot bring that to the order itself,
because until it is there the others' engines do not let its own in.
"""

from ledger.entry import SignedEntry
from ledger.epochs import Epochs, Span
from ledger.errors import MalformedError, RefusedError
from ledger.member import MemberDocument
from ledger.state import State, admission_of
from nodes.errors import InputError, SequencerError
from nodes.replica import Replica
from nodes.sequencer.port import Sequencer

_KINDS = frozenset({"consortium", "epoch", "member"})
_DUPLICATE = "duplicate"


class Governance:
    """Submits consortium, epoch and member entries."""

    def __init__(self, *, replica: Replica, sequencer: Sequencer) -> None:
        """Submit to `sequencer`."""
        self._replica = replica
        self._sequencer = sequencer

    async def submit(self, raw: bytes) -> SignedEntry:
        """Check and submit an entry note; return it. What is on the chain already stays as it is.

        Raises:
            InputError: the state machine would skip it, and why.
            SequencerError: the order cannot take it now, or there is no founding block yet.
        """
        if self._replica.document is None:
            raise SequencerError("the founding block is not here yet; try again in a moment")
        if (known := self._known(raw)) is not None:
            return known
        try:
            signed = self._replica.state.check(raw)
            if signed.entry.kind not in _KINDS:
                raise InputError(f"only {', '.join(sorted(_KINDS))} entries come in here")
            self._verify_turn(signed)
        except RefusedError as cause:
            # Sound but for being there already: its turn came.
            known = SignedEntry.decode(raw) if cause.reason == _DUPLICATE else None
            if known is not None and known.entry.kind in _KINDS:
                return known
            raise InputError(str(cause)) from cause
        await self._sequencer.submit([raw])
        return signed

    def _known(self, raw: bytes) -> SignedEntry | None:
        """Return the entry if it is a member's that says what its newest on the chain says."""
        try:
            signed = SignedEntry.decode(raw)
            stated = MemberDocument.decode(signed.entry.further)
        except MalformedError:
            return None
        is_in_force = self._replica.state.cards.get(signed.entry.author) == stated
        return signed if signed.entry.kind == "member" and is_in_force else None

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
