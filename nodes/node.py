"""A running member: the composition root, which chooses every adapter and starts every task."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from ledger.state import Appended
from nodes.announcer import Announcer
from nodes.clock import Clock, SystemClock
from nodes.counter import Counter
from nodes.custodian import Custodian
from nodes.effects import Effects
from nodes.errors import ConfigurationError, StorageError
from nodes.keyring import Keyring, load_keyring
from nodes.log import Log
from nodes.outbox import Outbox
from nodes.peers.client import Peers
from nodes.peers.http import HttpTransport
from nodes.peers.port import Transport
from nodes.peers.service import PeerService
from nodes.progress import Milestone, Progress
from nodes.pusher import Pusher
from nodes.recovery import Recovery
from nodes.replica import Applied, Replica
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import Batch, Sequencer
from nodes.settings import Settings
from nodes.signal import KIND
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from nodes.store.writer import Writer
from nodes.witness import NEWEST, Witness

_log = logging.getLogger(__name__)
DATABASE_FILE = "node.db"
_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Adapters:
    """What a node is built from besides its settings; the defaults are the real ones."""

    clock: Clock
    transport: Transport
    sequencer: Sequencer
    database: Database


def real_adapters(settings: Settings) -> Adapters:
    """Open the adapters that `settings` name.

    Raises:
        ConfigurationError: a file cannot be opened.
    """
    return Adapters(
        clock=SystemClock(),
        transport=HttpTransport(),
        sequencer=EmbeddedSequencer(settings.order, poll_seconds=settings.poll_seconds),
        database=Database(settings.data_dir / DATABASE_FILE),
    )


def load_founding(settings: Settings) -> SignedEntry:
    """Read the founding entry, the anchor of the chain.

    Raises:
        ConfigurationError: not readable, or not an entry note.
    """
    try:
        return SignedEntry.decode(settings.founding.read_bytes())
    except OSError as cause:
        raise ConfigurationError(f"{settings.founding} cannot be read: {cause.strerror}") from cause
    except LedgerError as cause:
        raise ConfigurationError(f"{settings.founding} is not a founding note: {cause}") from cause


class Node:
    """All parts of one member's node, wired; `run` brings them to life."""

    def __init__(self, settings: Settings, adapters: Adapters) -> None:
        """Wire the parts; nothing runs yet.

        Raises:
            ConfigurationError: keys, founding entry or database cannot be used.
        """
        self.settings = settings
        self.keyring: Keyring = load_keyring(settings.keys)
        self.clock = adapters.clock
        self.database = adapters.database
        self.sequencer = adapters.sequencer
        self._transport = adapters.transport
        founding = load_founding(settings)
        self.replica = Replica(self.database, founding)
        self.writer = Writer(self.database, on_rollback=self.replica.forget)
        vault = Vault(
            box_key=self.keyring.derive("box"), mac_key=self.keyring.derive("index/idempotency")
        )
        self.signals, self.custody = Signals(vault), Custody(vault)
        with self.database.read() as connection:
            newest = store.checkpoint(connection, NEWEST)
        tip = self.replica.tip
        self.progress = Progress(
            applied=0 if tip is None else tip.size, final=0 if newest is None else newest.size
        )
        self.peers = Peers(
            member=self.keyring.member,
            key=self.keyring.entry,
            replica=self.replica,
            transport=self._transport,
            clock=self.clock,
            timeout=settings.peer_timeout_seconds,
        )
        self.outbox = Outbox(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            vault=vault,
            pusher=Pusher(
                keyring=self.keyring, replica=self.replica, peers=self.peers, clock=self.clock
            ),
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.witness = Witness(
            member=self.keyring.member,
            cosigning=self.keyring.cosigning,
            log=self.keyring.log,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            peers=self.peers,
            progress=self.progress,
            clock=self.clock,
        )
        self.effects = Effects(
            member=self.keyring.member,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            custody=self.custody,
            outbox=self.outbox,
            progress=self.progress,
            clock=self.clock,
            public_step=settings.public_step_seconds,
        )
        self.recovery = Recovery(
            member=self.keyring.member,
            sealing=self.keyring.sealing,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            peers=self.peers,
        )
        self.announcer = Announcer(
            keyring=self.keyring,
            url=settings.url,
            founding=founding,
            replica=self.replica,
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.service = PeerService(
            keyring=self.keyring,
            replica=self.replica,
            custodian=Custodian(
                key=self.keyring.entry,
                sealing=self.keyring.sealing,
                replica=self.replica,
                database=self.database,
                writer=self.writer,
                custody=self.custody,
                clock=self.clock,
            ),
            witness=self.witness,
            peers=self.peers,
            clock=self.clock,
        )
        self.log = Log(replica=self.replica, database=self.database)
        self.counter = Counter(
            keyring=self.keyring,
            log=self.log,
            outbox=self.outbox,
            signals=self.signals,
            custody=self.custody,
            database=self.database,
            wait_seconds=settings.wait_seconds,
        )
        self.halted: str | None = None
        """Why the node follows the order no further, or None."""
        self.position = Milestone(0)
        """How far into the order this node has applied."""

    async def run(self) -> None:
        """Run until cancelled; close what was opened."""
        with self.database.read() as connection:
            self.position.reach(self.replica.position(connection))
        try:
            # The writer outlives the tasks that write: they are cancelled first.
            writer = asyncio.create_task(self.writer.run())
            try:
                async with asyncio.TaskGroup() as tasks:
                    # Without its writer a node would take requests and never answer them.
                    tasks.create_task(_outlast(writer))
                    for work in self._tasks():
                        tasks.create_task(work)
            finally:
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
        finally:
            await self._transport.close()
            self.sequencer.close()
            self.database.close()

    async def caught_up(self) -> None:
        """Return once this node has applied what the order holds now, block 0 at least."""
        await self.position.wait_for(max(self.sequencer.head(), 1))

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._follow(),
            self.announcer.run(),
            self.outbox.run(self.caught_up),
            self.witness.run(),
            self.effects.run(),
            self.effects.publish(),
            self.recovery.run(),
        ]

    async def _follow(self) -> None:
        """Apply the order; when it cannot be followed, say so and go on serving."""
        while True:
            try:
                await self.sequencer.run(self._apply, after=self.position.value)
            except StorageError as cause:
                # A full disk is made room on; nothing of the batch was kept, and it comes again.
                _log.warning("following the order waits: %s", cause)
                await asyncio.sleep(_RETRY_SECONDS)
            # Whatever else ends it, the node must go on serving what it has, and say so.
            except Exception as cause:  # noqa: BLE001
                self.halted = str(cause)
                _log.exception("this node follows the order no further")
                await asyncio.Event().wait()

    async def _apply(self, batch: Batch) -> None:
        member = self.keyring.member

        def work(connection: Connection) -> tuple[Applied, list[str], list[tuple[Digest, str]]]:
            applied = self.replica.apply(connection, batch)
            try:
                own = [(a.height, a.admission.id) for a in _own_signals(applied, member)]
                placed = self.signals.put_on_chain(connection, own) if own else []
                refused = self.signals.local_ids(connection, [i for i, _ in applied.refused if i])
            except BaseException:
                # The blocks are undone with the rest of this work: they must not stay in memory.
                self.replica.forget()
                raise
            return applied, placed, refused

        applied, placed, refused = await self.writer.do(work)
        self.replica.tip = applied.tip
        self.position.reach(batch.position)
        if own_days := [a.admission.day for a in _own_signals(applied, member)]:
            self.outbox.placed(placed, days=own_days)
            self.witness.hurry()
        if applied.tip is not None:
            self.progress.applied.reach(applied.tip.size)
        reasons = dict(applied.refused)
        for entry_id, local_id in refused:
            self.outbox.refused(local_id, reasons[entry_id])


async def _outlast(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


def _own_signals(applied: Applied, member: str) -> list[Appended]:
    return [
        new
        for new in applied.appended
        if new.admission.author == member and new.admission.kind == KIND
    ]
