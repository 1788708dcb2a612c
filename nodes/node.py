"""A running member: the composition root, which chooses every adapter and starts every task."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.encoding import Digest
from ledger.entry import SignedEntry
from ledger.errors import LedgerError
from ledger.state import Appended
from nodes.announcer import Announcer
from nodes.answering import Answering
from nodes.cases import Cases
from nodes.clock import Clock, SystemClock
from nodes.closing import Closing
from nodes.counter import Counter
from nodes.courier import Courier
from nodes.custodian import Custodian
from nodes.effects import Effects
from nodes.engine import engine_key, open_engine
from nodes.errors import ConfigurationError, StorageError
from nodes.evaluator import Evaluator
from nodes.generation.leader import Leader
from nodes.generation.participant import Participant
from nodes.generation.progress import FILE as PROGRESS_FILE
from nodes.governance import Governance
from nodes.holder import Holder
from nodes.holdings import Holdings
from nodes.inbox import Inbox
from nodes.judge import Judge
from nodes.keyring import Keyring, load_keyring
from nodes.locating import Locating
from nodes.log import Log
from nodes.matcher import Matcher
from nodes.matching import Matching
from nodes.outbox import Outbox
from nodes.peers.client import Peers
from nodes.peers.http import HttpTransport
from nodes.peers.port import Transport
from nodes.peers.service import PeerService
from nodes.prober import Prober
from nodes.progress import Milestone, Progress
from nodes.publisher import Publisher
from nodes.pusher import Pusher
from nodes.recovery import Recovery
from nodes.replica import Applied, Replica, entry_id_of
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import Batch, Sequencer
from nodes.settings import Settings
from nodes.shares import Shares
from nodes.signal import KIND
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.database import Database
from nodes.store.dispatches import Dispatches
from nodes.store.matches import Matches
from nodes.store.presence import Presences
from nodes.store.signals import Signals
from nodes.store.vault import Vault
from nodes.store.watch import Watch
from nodes.store.writer import Writer
from nodes.sweeper import Sweeper
from nodes.vouching import Vouching
from nodes.withdrawal import Withdrawal
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
    engine: CometSequencer | None = None
    """The same as `sequencer` where the order is made among machines, or None."""


def real_adapters(settings: Settings) -> Adapters:
    """Open the adapters that `settings` name.

    Raises:
        ConfigurationError: a file cannot be opened.
    """
    database = Database(settings.data_dir / DATABASE_FILE)
    try:
        engine = open_engine(settings, load_founding(settings)) if settings.engine else None
        sequencer = engine or EmbeddedSequencer(
            settings.shared_order, poll_seconds=settings.poll_seconds
        )
    except BaseException:
        database.close()
        raise
    return Adapters(SystemClock(), HttpTransport(), sequencer, database, engine)


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


@contextmanager
def opened_holdings(settings: Settings) -> Iterator[Holdings]:
    """Yield what the node of `settings` holds, which may run meanwhile.

    Raises:
        ConfigurationError: keys or database cannot be used.
    """
    keyring = load_keyring(settings.keys)
    vault = _vault_of(keyring)
    path = settings.data_dir / DATABASE_FILE
    if not path.exists():
        raise ConfigurationError(f"{path} is not there: has this node ever run?")
    with closing(Database(path)) as database:
        yield Holdings(
            member=keyring.member,
            database=database,
            custody=Custody(vault),
            signals=Signals(vault),
            dispatches=Dispatches(vault),
        )


def _vault_of(keyring: Keyring) -> Vault:
    return Vault(box_key=keyring.derive("box"), mac_key=keyring.derive("index/idempotency"))


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
        if self.replica.document is not None:
            self.keyring.begin(self.replica.document)
        self._has_new_keys = asyncio.Event()
        self.engine = adapters.engine
        if self.engine is not None:
            self.engine.attach(Judge(self.replica, self.engine.genesis), self._refuse)
        self.writer = Writer(self.database, on_rollback=self.replica.forget)
        self.sweeper = Sweeper(self.writer)
        vault = _vault_of(self.keyring)
        self.signals, self.custody = Signals(vault), Custody(vault)
        with self.database.read() as connection:
            newest = store.checkpoint(connection, NEWEST)
        tip = self.replica.tip
        self.progress = Progress(
            applied=0 if tip is None else tip.size, final=0 if newest is None else newest.size
        )
        self.peers = Peers(
            member=self.keyring.member,
            keyring=self.keyring,
            replica=self.replica,
            transport=self._transport,
            clock=self.clock,
            timeout=settings.peer_timeout_seconds,
        )
        self._wire_matching(vault)
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
            reserve=self.locating.reserve,
        )
        self.vouching = Vouching(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            peers=self.peers,
            progress=self.progress,
        )
        self.witness = Witness(
            member=self.keyring.member,
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            peers=self.peers,
            progress=self.progress,
            clock=self.clock,
            vouching=self.vouching,
            along=lambda connection, size: self.effects.along(connection, size=size),
        )
        self.effects = Effects(
            member=self.keyring.member,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            custody=self.custody,
            outbox=self.outbox,
            matching=self.matching,
            closing=self.closing,
            on_taken=self._wake_matching,
            progress=self.progress,
            clock=self.clock,
        )
        self.publisher = Publisher(
            member=self.keyring.member,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            witness=self.witness,
            peers=self.peers,
            clock=self.clock,
            step=settings.public_step_seconds,
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
            engine_key=engine_key(settings),
            founding=founding,
            replica=self.replica,
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.governance = Governance(replica=self.replica, sequencer=self.sequencer)
        self.participant = Participant(
            keyring=self.keyring, replica=self.replica, shares=self.shares, clock=self.clock
        )
        self.leader = Leader(
            keyring=self.keyring,
            replica=self.replica,
            peers=self.peers,
            participant=self.participant,
            governance=self.governance,
            clock=self.clock,
            progress=settings.data_dir / PROGRESS_FILE,
        )
        self.service = PeerService(
            keyring=self.keyring,
            replica=self.replica,
            custodian=Custodian(
                member=self.keyring.member,
                keyring=self.keyring,
                replica=self.replica,
                database=self.database,
                writer=self.writer,
                custody=self.custody,
                clock=self.clock,
            ),
            holder=self.holder,
            participant=self.participant,
            courier=self.courier,
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
            cases=self.cases,
            wait_seconds=settings.wait_seconds,
            order_trouble=self._order_trouble,
        )
        self.halted: str | None = None
        """Why the node follows the order no further, or None."""
        self.position = Milestone(0)
        """How far into the order this node has applied."""

    def _wire_matching(self, vault: Vault) -> None:
        """Wire what finds matches, from the stores upwards."""
        member, origin = self.keyring.member, self.keyring.origin
        # Three keys: a stolen disk must not join persons, watched locators and matches.
        presences = Presences(vault, index_key=self.keyring.derive("index/person"))
        watch = Watch(vault, index_key=self.keyring.derive("index/watch"))
        self.matches = Matches(vault, index_key=self.keyring.derive("index/match"))
        self.dispatches = Dispatches(vault)
        shares = self.shares = Shares(self.settings.keys)
        self.courier = Courier(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            dispatches=self.dispatches,
            custody=self.custody,
            peers=self.peers,
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.holder = Holder(
            member=member,
            sealing=self.keyring.sealing,
            shares=shares,
            replica=self.replica,
            database=self.database,
            progress=self.progress,
            clock=self.clock,
        )
        self.evaluator = Evaluator(
            member=member,
            sealing=self.keyring.sealing,
            holder=self.holder,
            replica=self.replica,
            peers=self.peers,
            clock=self.clock,
        )
        matcher = Matcher(
            member=member,
            origin=origin,
            replica=self.replica,
            presences=presences,
            watch=watch,
            matches=self.matches,
        )
        prober = Prober(
            member=member,
            origin=origin,
            matcher=matcher,
            presences=presences,
            watch=watch,
            matches=self.matches,
        )
        self.closing = Closing(matcher=matcher, presences=presences, watch=watch)
        self.locating = Locating(
            member=member,
            origin=origin,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            presences=presences,
            dispatches=self.dispatches,
            evaluator=self.evaluator,
            courier=self.courier,
            clock=self.clock,
        )
        self.answering = Answering(
            member=member,
            replica=self.replica,
            writer=self.writer,
            prober=prober,
            dispatches=self.dispatches,
            courier=self.courier,
            clock=self.clock,
        )
        self.inbox = Inbox(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            custody=self.custody,
            signals=self.signals,
            dispatches=self.dispatches,
            prober=prober,
            closing=self.closing,
            peers=self.peers,
            clock=self.clock,
            on_frame=self._wake_matching,
        )
        self.withdrawal = Withdrawal(
            member=member,
            replica=self.replica,
            writer=self.writer,
            vault=vault,
            signals=self.signals,
            matches=self.matches,
            matcher=matcher,
            closing=self.closing,
            dispatches=self.dispatches,
            courier=self.courier,
        )
        self.cases = Cases(
            member=member,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            matches=self.matches,
            signals=self.signals,
        )
        self.matching = Matching(
            member=member,
            replica=self.replica,
            signals=self.signals,
            presences=presences,
            watch=watch,
            dispatches=self.dispatches,
            matcher=matcher,
            closing=self.closing,
            locating=self.locating,
            withdrawal=self.withdrawal,
            inbox=self.inbox,
            shares=shares,
        )

    def _wake_matching(self) -> None:
        self.answering.wake()
        self.cases.wake()
        self.sweeper.wake()

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
        if self.engine is not None:
            await self.engine.synced()
        await self.position.wait_for(max(self.sequencer.head(), 1))

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._follow(),
            self._announce(),
            self.outbox.run(self.caught_up),
            self.vouching.run(),
            self.witness.run(),
            self.effects.run(),
            self.publisher.run(),
            self.recovery.run(),
            self.courier.run(self.caught_up),
            self.locating.run(),
            self.leader.run(),
            self.answering.run(),
            self.inbox.run(),
            self.withdrawal.run(),
            self.cases.run(),
            self.sweeper.run(),
        ]

    async def _announce(self) -> None:
        """Keep this member's card on the chain true, also when its keys change."""
        if self.engine is not None:
            # What the others' engines hold may say already what this one would announce.
            await self.engine.synced()
        while True:
            await self.announcer.run()
            await self._has_new_keys.wait()
            self._has_new_keys.clear()

    def _follow_keys(self, applied: Applied) -> None:
        """Sign with the keys that a new document names, from its block on."""
        document = self.replica.document
        if document is None or all(a.admission.kind != "consortium" for a in applied.appended):
            return
        try:
            # They may have been made while this node ran.
            self.keyring.generations = load_keyring(self.settings.keys).generations
        except ConfigurationError as cause:
            _log.warning("new keys cannot be read: %s", cause)
        if self.keyring.follow(document):
            _log.info("version %s of the document is in force with new keys", document.version)
            self._has_new_keys.set()

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
        def work(connection: Connection) -> tuple[Applied, _Landed]:
            applied = self.replica.apply(connection, batch)
            try:
                return applied, self._land(connection, applied)
            except BaseException:
                # The blocks are undone with the rest of this work: they must not stay in memory.
                self.replica.forget()
                raise

        applied, landed = await self.writer.do(work)
        self.replica.tip = applied.tip
        self._follow_keys(applied)
        self.position.reach(batch.position)
        if own_days := [a.admission.day for a in _own_signals(applied, self.keyring.member)]:
            self.outbox.placed(landed.placed, days=own_days)
        if any(new.admission.author == self.keyring.member for new in applied.appended):
            # Others wait for its author to ask, whatever it is: a locate as much as a signal.
            self.witness.hurry()
        if applied.tip is not None:
            self.progress.applied.reach(applied.tip.size)
        self._take_back(applied, landed)

    def _order_trouble(self) -> str | None:
        return None if self.engine is None else self.engine.state.trouble

    async def _refuse(self, refused: Mapping[bytes, str]) -> None:
        """Do with entries that the engine does not take as with those that a block skips."""
        skipped = tuple((entry_id_of(raw), reason) for raw, reason in refused.items())
        applied = Applied((), skipped, None)

        def work(connection: Connection) -> _Landed:
            store.count_refusals(connection, [reason for _, reason in skipped])
            return self._land(connection, applied)

        self._take_back(applied, await self.writer.do(work))

    def _land(self, connection: Connection, applied: Applied) -> "_Landed":
        """Note what became of own signals and dispatches."""
        own = [(a.height, a.admission.id) for a in _own_signals(applied, self.keyring.member)]
        placed = self.signals.put_on_chain(connection, own) if own else []
        skipped = [entry_id for entry_id, _ in applied.refused if entry_id]
        refused = self.signals.local_ids(connection, skipped)
        return _Landed(placed, refused, self.courier.landed(connection, applied))

    def _take_back(self, applied: Applied, landed: "_Landed") -> None:
        reasons = dict(applied.refused)
        for entry_id, local_id in landed.refused:
            self.outbox.refused(local_id, reasons[entry_id])
        for entry_id in landed.again:
            self.courier.later(entry_id, is_refused=True)


class _Landed(NamedTuple):
    """Own signals by local id on the chain or refused, and dispatches to be delivered again."""

    placed: list[str]
    refused: list[tuple[Digest, str]]
    again: list[Digest]


async def _outlast(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


def _own_signals(applied: Applied, member: str) -> list[Appended]:
    return [
        new
        for new in applied.appended
        if new.admission.author == member and new.admission.kind == KIND
    ]
