"""The follower: takes the order's batches into this node, one after the other."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.encoding import Digest
from ledger.state import Appended
from nodes.courier import Courier
from nodes.errors import ConfigurationError, StorageError
from nodes.keyring import Keyring, load_keyring
from nodes.outbox import Outbox
from nodes.progress import Milestone, Progress
from nodes.replica import Applied, Replica, entry_id_of
from nodes.sequencer.port import Batch, Sequencer
from nodes.signal import KIND
from nodes.store import chain as store
from nodes.store.signals import Signals
from nodes.store.writer import Writer
from nodes.witness import Witness

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5


class Follower:
    """Applies batches to the replica and tells the node's other parts what became of their own."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        keys: Path,
        replica: Replica,
        writer: Writer,
        sequencer: Sequencer,
        signals: Signals,
        outbox: Outbox,
        courier: Courier,
        witness: Witness,
        progress: Progress,
    ) -> None:
        """Follow nothing yet; `keys` is the keyring's folder, where new keys may appear."""
        self._keyring = keyring
        self._keys = keys
        self._replica = replica
        self._writer = writer
        self._sequencer = sequencer
        self._signals = signals
        self._outbox = outbox
        self._courier = courier
        self._witness = witness
        self._progress = progress
        self.has_new_keys = asyncio.Event()
        """Set when a document put new keys of this member in force."""
        self.halted: str | None = None
        """Why the node follows the order no further, or None."""
        self.position = Milestone(0)
        """How far into the order this node has applied."""

    async def run(self) -> None:
        """Apply the order; when it cannot be followed, say so and go on serving."""
        while True:
            try:
                await self._sequencer.run(self.apply, after=self.position.value)
            except StorageError as cause:
                # A full disk is made room on; nothing of the batch was kept, and it comes again.
                _log.warning("following the order waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
            # Whatever else ends it, the node must go on serving what it has, and say so.
            except Exception as cause:  # noqa: BLE001
                self.halted = str(cause)
                _log.exception("this node follows the order no further")
                await asyncio.Event().wait()

    async def apply(self, batch: Batch) -> None:
        """Apply one batch and what follows from it at once; a second time it changes nothing."""

        def work(connection: Connection) -> tuple[Applied, _Landed]:
            applied = self._replica.apply(connection, batch)
            try:
                return applied, self._land(connection, applied)
            except BaseException:
                # The blocks are undone with the rest of this work: they must not stay in memory.
                self._replica.forget()
                raise

        applied, landed = await self._writer.do(work)
        self._replica.tip = applied.tip
        self._follow_keys(applied)
        self.position.reach(batch.position)
        if own_days := [a.admission.day for a in _own_signals(applied, self._keyring.member)]:
            self._outbox.placed(landed.placed, days=own_days)
        if any(new.admission.author == self._keyring.member for new in applied.appended):
            # Others wait for its author to ask, whatever it is: a locate as much as a signal.
            self._witness.hurry()
        if applied.tip is not None:
            self._progress.applied.reach(applied.tip.size)
        self._take_back(applied, landed)

    async def refuse(self, refused: Mapping[bytes, str]) -> None:
        """Do with entries that the engine does not take as with those that a block skips."""
        skipped = tuple((entry_id_of(raw), reason) for raw, reason in refused.items())
        applied = Applied((), skipped, None)

        def work(connection: Connection) -> _Landed:
            store.count_refusals(connection, [reason for _, reason in skipped])
            return self._land(connection, applied)

        self._take_back(applied, await self._writer.do(work))

    def _follow_keys(self, applied: Applied) -> None:
        """Sign with the keys that a new document names, from its block on."""
        document = self._replica.document
        if document is None or all(a.admission.kind != "consortium" for a in applied.appended):
            return
        try:
            # They may have been made while this node ran.
            self._keyring.generations = load_keyring(self._keys).generations
        except ConfigurationError as cause:
            _log.warning("new keys cannot be read: %s", cause)
        if self._keyring.follow(document):
            _log.info("version %s of the document is in force with new keys", document.version)
            self.has_new_keys.set()

    def _land(self, connection: Connection, applied: Applied) -> "_Landed":
        """Note what became of own signals and dispatches."""
        own = [(a.height, a.admission.id) for a in _own_signals(applied, self._keyring.member)]
        placed = self._signals.put_on_chain(connection, own) if own else []
        skipped = [entry_id for entry_id, _ in applied.refused if entry_id]
        refused = self._signals.local_ids(connection, skipped)
        return _Landed(placed, refused, self._courier.landed(connection, applied))

    def _take_back(self, applied: Applied, landed: "_Landed") -> None:
        reasons = dict(applied.refused)
        for entry_id, local_id in landed.refused:
            self._outbox.refused(local_id, reasons[entry_id])
        for entry_id in landed.again:
            self._courier.later(entry_id, is_refused=True)


class _Landed(NamedTuple):
    """Own signals by local id on the chain or refused, and dispatches to be delivered again."""

    placed: list[str]
    refused: list[tuple[Digest, str]]
    again: list[Digest]


def _own_signals(applied: Applied, member: str) -> list[Appended]:
    return [
        new
        for new in applied.appended
        if new.admission.author == member and new.admission.kind == KIND
    ]
