"""A running member: the composition root, which chooses every adapter and starts every task."""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Connection

from ledger.exchange.beat import KIND as EXCHANGE
from nodes.adapters import Adapters, load_founding, vault_of
from nodes.addresses import Addresses
from nodes.announcer import Announcer
from nodes.answering import Answering
from nodes.beat import Beat
from nodes.cases import Cases
from nodes.casework.office import Office
from nodes.closing import Closing
from nodes.counter import Counter
from nodes.courier import Courier
from nodes.custodian import Custodian
from nodes.desks import Desks
from nodes.effects import Effects
from nodes.engine import own_engine
from nodes.evaluator import Evaluator
from nodes.follower import Follower
from nodes.generation.agreements import FILE as AGREEMENTS_FILE
from nodes.generation.agreements import Agreements
from nodes.generation.leader import Leader
from nodes.generation.participant import Participant
from nodes.generation.progress import FILE as PROGRESS_FILE
from nodes.governance import Governance
from nodes.holder import Holder
from nodes.inbox import Inbox
from nodes.judge import Judge
from nodes.keyring import Keyring, load_keyring
from nodes.locating import Locating
from nodes.log import Log
from nodes.log_export import LogExport
from nodes.logbook import KEY_LABEL, Logbook
from nodes.logkeeper import Logkeeper
from nodes.matcher import Matcher
from nodes.matching import Matching
from nodes.opener import NoReceiver, Opener
from nodes.outbox import Outbox
from nodes.peers.client import Peers
from nodes.peers.service import PeerService
from nodes.prober import Prober
from nodes.progress import Progress
from nodes.publisher import Publisher
from nodes.pusher import Pusher
from nodes.recovery import Recovery
from nodes.replica import Replica
from nodes.reposting import Reposting
from nodes.settings import Settings
from nodes.shares import Shares
from nodes.store import chain as store
from nodes.store.custody import Custody
from nodes.store.dispatches import Dispatches
from nodes.store.incoming import Incoming
from nodes.store.logbook import Logs
from nodes.store.matches import Matches
from nodes.store.outgoing import Outgoing
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
_RETRY_SECONDS = 0.5


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
        self.engine = adapters.engine
        self.writer = Writer(self.database, on_rollback=self.replica.forget)
        self.sweeper = Sweeper(self.writer)
        vault = vault_of(self.keyring)
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
        self._collector = adapters.collector
        self._notifier = adapters.notifier
        self._sender = adapters.sender
        self._wire_logbook(vault)
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
            logbook=self.logbook,
        )
        self.reposting = Reposting(
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            matches=self.matches,
            outbox=self.outbox,
            withdrawal=self.withdrawal,
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
        self.effects: Effects = Effects(
            member=self.keyring.member,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            custody=self.custody,
            outbox=self.outbox,
            matching=self.matching,
            closing=self.closing,
            on_day=self._turn_day,
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
            logbook=self.logbook,
        )
        self.announcer = Announcer(
            keyring=self.keyring,
            url=settings.url,
            engine=own_engine(settings, founding, member=self.keyring.member),
            founding=founding,
            replica=self.replica,
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.governance = Governance(replica=self.replica, sequencer=self.sequencer)
        self.agreements = Agreements(
            settings.data_dir / AGREEMENTS_FILE, replica=self.replica, clock=self.clock
        )
        self.participant = Participant(
            keyring=self.keyring,
            replica=self.replica,
            shares=self.shares,
            agreements=self.agreements,
            clock=self.clock,
        )
        self.leader = Leader(
            keyring=self.keyring,
            replica=self.replica,
            peers=self.peers,
            participant=self.participant,
            agreements=self.agreements,
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
                logbook=self.logbook,
            ),
            holder=self.holder,
            participant=self.participant,
            courier=self.courier,
            witness=self.witness,
            addresses=self.addresses,
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
            logbook=self.logbook,
            wait_seconds=settings.wait_seconds,
            order_trouble=self._order_trouble,
        )
        self.follower = Follower(
            keyring=self.keyring,
            keys=settings.keys,
            replica=self.replica,
            writer=self.writer,
            sequencer=self.sequencer,
            signals=self.signals,
            outbox=self.outbox,
            courier=self.courier,
            witness=self.witness,
            progress=self.progress,
        )
        if self.engine is not None:
            self.engine.attach(Judge(self.replica, self.engine.genesis), self.follower.refuse)

    def _wire_logbook(self, vault: Vault) -> None:
        """Wire what records every processing, commits to it and sends it on."""
        logs = Logs(vault)
        self.logbook = Logbook(
            replica=self.replica,
            writer=self.writer,
            logs=logs,
            clock=self.clock,
            subject_key=self.keyring.derive(KEY_LABEL),
            activities=self.settings.logbook.activities,
        )
        self.logkeeper = Logkeeper(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            logs=logs,
            sequencer=self.sequencer,
            clock=self.clock,
            is_exported=self._collector is not None,
        )
        self.log_export = LogExport(
            collector=self._collector, database=self.database, writer=self.writer, logs=logs
        )

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
            logbook=self.logbook,
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
            logbook=self.logbook,
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
            logbook=self.logbook,
            on_frame=self._wake_matching,
        )
        self._wire_exchange(vault)
        self._wire_casework(vault)
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
            logbook=self.logbook,
            on_withdrawn=self.office.hearing.withdrawn,
        )
        self.cases = Cases(
            member=member,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            matches=self.matches,
            signals=self.signals,
            logbook=self.logbook,
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
            beat=self.beat,
            shares=shares,
        )

    def _wire_exchange(self, vault: Vault) -> None:
        """Wire what brings messages to other issuers' desks and takes theirs."""
        member, outgoing = self.keyring.member, Outgoing(vault)
        desks = Desks(self.settings.keys, member=member, random=secrets.token_bytes)
        self.addresses = Addresses(
            member=member,
            replica=self.replica,
            writer=self.writer,
            outgoing=outgoing,
            desks=desks,
            peers=self.peers,
            clock=self.clock,
        )
        self.beat = Beat(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            outgoing=outgoing,
            dispatches=self.dispatches,
            courier=self.courier,
            addresses=self.addresses,
            clock=self.clock,
            logbook=self.logbook,
            period=self.settings.exchange_beat_seconds,
            count=self.settings.exchange_items,
        )
        self.opener = Opener(
            member=member,
            origin=self.keyring.origin,
            replica=self.replica,
            desks=desks,
            incoming=Incoming(vault),
            receiver=NoReceiver(),
        )
        self.inbox.register(EXCHANGE, self.opener)

    def _turn_day(self, connection: Connection, day: int) -> None:
        # By the earlier of two days: neither a clock that ran ahead nor an author that dates its
        # entries ahead must destroy what others cannot send again.
        day = min(day, self.clock.today().toordinal())
        self.beat.turn_day(connection, day)
        self.opener.turn_day(connection, day)

    def _wire_casework(self, vault: Vault) -> None:
        """Wire what is done about matches."""
        self.office = Office(
            keyring=self.keyring,
            settings=self.settings,
            vault=vault,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            matches=self.matches,
            signals=self.signals,
            logbook=self.logbook,
            clock=self.clock,
            final=lambda: self.progress.final.value,
            sender=self._sender or self.beat,
            notifier=self._notifier,
        )
        self.opener.receiver = self.office.hearing
        self.casework = self.office.casework

    def _wake_matching(self) -> None:
        self.answering.wake()
        self.cases.wake()
        self.sweeper.wake()
        self.reposting.wake()
        self.beat.wake()

    async def run(self) -> None:
        """Run until cancelled; close what was opened."""
        with self.database.read() as connection:
            self.follower.position.reach(self.replica.position(connection))
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
            if self._collector is not None:
                await self._collector.close()
            if self._notifier is not None:
                await self._notifier.close()
            self.sequencer.close()
            self.database.close()

    async def caught_up(self) -> None:
        """Return once this node has applied what the order holds now, block 0 at least."""
        if self.engine is not None:
            await self.engine.synced()
        await self.follower.position.wait_for(max(self.sequencer.head(), 1))

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self.follower.run(),
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
            self.reposting.run(self.caught_up),
            self.cases.run(),
            self.sweeper.run(),
            self.logkeeper.run(self.caught_up),
            self.log_export.run(),
            self.beat.run(self.caught_up),
            self.office.timekeeper.run(),
            self.office.notices.run(),
        ]

    async def _announce(self) -> None:
        """Keep this member's card on the chain true, also when its keys change."""
        if self.engine is not None:
            # What the others' engines hold may say already what this one would announce.
            await self.engine.synced()
        while True:
            await self.announcer.run()
            await self.follower.has_new_keys.wait()
            self.follower.has_new_keys.clear()

    def _order_trouble(self) -> str | None:
        return None if self.engine is None else self.engine.state.trouble


async def _outlast(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)
