"""Matching's effects: what each final block means for it, in order of height.

consortium      a newcomer among the issuers is watched for every person that is watched for
epoch           with a closed epoch everything that followed from its key goes
own signal      is to be located
own locate      makes its signals live; answers are awaited
own answer      its frames are answered for good
own erasure     all that stood for its signals goes
own exchange    its pieces are where they were to go
others' entries are for the inbox
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from ledger.block import Block
from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.epoch import CLOSED, EpochDocument
from ledger.heights import Heights
from nodes.beat import Beat
from nodes.closing import Closing
from nodes.inbox import Inbox
from nodes.locating import Locating
from nodes.matcher import Matcher
from nodes.replica import Replica
from nodes.shares import Shares
from nodes.store import matching
from nodes.store.dispatches import Dispatches
from nodes.store.presence import Presences
from nodes.store.signals import Signals
from nodes.store.watch import Watch
from nodes.withdrawal import Withdrawal


class Matching:
    """Takes final blocks to the parts that they concern."""

    def __init__(
        self,
        *,
        member: str,
        replica: Replica,
        signals: Signals,
        presences: Presences,
        watch: Watch,
        dispatches: Dispatches,
        matcher: Matcher,
        closing: Closing,
        locating: Locating,
        withdrawal: Withdrawal,
        inbox: Inbox,
        beat: Beat,
        shares: Shares,
    ) -> None:
        """Match as `member`."""
        self._member = member
        self._replica = replica
        self._signals = signals
        self._presences = presences
        self._watch = watch
        self._dispatches = dispatches
        self._matcher = matcher
        self._closing = closing
        self._locating = locating
        self._withdrawal = withdrawal
        self._inbox = inbox
        self._beat = beat
        self._shares = shares

    def take(
        self,
        connection: Connection,
        blocks: Sequence[Block],
        final: Sequence[tuple[int, Digest, str]],
    ) -> None:
        """Let `blocks` take effect; `final` are the own signals in them."""
        self._locating.own_final(connection, final)
        for block in blocks:
            entry = block.signed.entry
            if entry.kind == "consortium":
                self._turn_membership(connection)
            elif entry.kind == "epoch":
                self._turn_epoch(connection, block.height, EpochDocument.decode(entry.further))
            elif entry.author != self._member:
                self._inbox.arrive(connection, block.height, block.signed)
            elif entry.kind == "locate":
                self._own_locate(connection, block.height, block.signed)
            elif entry.kind == "answer":
                self._own_answer(connection, block.signed)
            elif entry.kind == "erasure":
                self._withdrawal.own_erasure(connection, block.signed.id)
            elif entry.kind == "exchange":
                self._beat.own_final(connection, block.height, block.signed)

    def after(self, blocks: Sequence[Block]) -> None:
        """Do what is not the database's, once the effects of `blocks` are durable."""
        for block in blocks:
            if block.signed.entry.kind == "epoch":
                epoch = EpochDocument.decode(block.signed.entry.further)
                if epoch.state == CLOSED:
                    self._shares.destroy(purpose=epoch.purpose, number=epoch.number)
                else:
                    self._shares.settle(epoch)
        self._locating.wake()
        self._inbox.wake()

    def resume(self, done: int) -> None:
        """Do again what `after` does: the node may have ended before it, `done` blocks taken."""
        for spans in self._replica.state.epochs.spans.values():
            for span in spans:
                document = span.document
                if span.closed is not None and span.closed < done:
                    self._shares.destroy(purpose=document.purpose, number=document.number)
                elif span.opened < done:
                    self._shares.settle(document)

    def _own_locate(self, connection: Connection, height: int, signed: SignedEntry) -> None:
        live = []
        for located in Heights.decode(signed.entry.further).named:
            own = self._signals.at_height(connection, located)
            if own is not None and not own.is_withdrawn:
                posting = self._signals.posting(connection, own.local_id)
                live.append((own.local_id, posting.bsn.digits, posting.purpose))
        self._matcher.own_locate(connection, live)
        self._withdrawal.strip(connection, signed.id)
        # Not of those in force now: this node may have applied more than has taken effect.
        document = self._replica.document_at(connection, height)
        issuers = () if document is None else document.issuers
        others = sorted(issuer.name for issuer in issuers if issuer.name != self._member)
        matching.await_answers(connection, height, others)

    def _own_answer(self, connection: Connection, signed: SignedEntry) -> None:
        matching.drop_frames(connection, Heights.decode(signed.entry.further).named)
        dispatch = self._dispatches.get(connection, signed.id)
        document = self._replica.state.document
        if dispatch is None or document is None:
            return
        owners = [document.entry_keys.get((line.name, line.key_id)) for line in signed.lines]
        stored = {owner[0] for owner in owners if owner is not None}
        if set(dispatch.routes) <= stored:
            self._dispatches.drop(connection, signed.id)

    def _turn_membership(self, connection: Connection) -> None:
        for settled in matching.excuse(connection, self._replica.state.issuers):
            self._inbox.settle(connection, settled)
        kept = {(one.purpose, one.epoch) for one in matching.kept_closed(connection)}
        for key, presence in self._presences.all(connection):
            is_closed = (presence.purpose, presence.epoch) in kept
            if presence.y and presence.live() and not is_closed:
                self._watch.add(connection, self._matcher.places(presence), presence=key)

    def _turn_epoch(self, connection: Connection, height: int, epoch: EpochDocument) -> None:
        if epoch.state == CLOSED:
            self._closing.close(connection, purpose=epoch.purpose, epoch=epoch.number)
        elif not self._replica.state.epochs.has_begun(height):
            self._place_earlier(connection, height)

    def _place_earlier(self, connection: Connection, first: int) -> None:
        """Let own signals below the `first` epoch of all be located, too."""
        for height, owed in sorted(self._replica.state.outstanding.signals.items()):
            own = self._signals.at_height(connection, height)
            if owed.author == self._member and own is not None and height < first:
                matching.add_placing(
                    connection,
                    height=height,
                    local_id=own.local_id,
                    is_withdrawn=own.is_withdrawn,
                )
