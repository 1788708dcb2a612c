"""A running member: the composition root, which chooses every adapter and starts every task."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Connection

from ledger.exchange.beat import KIND as EXCHANGE
from nodes.adapters import Adapters, load_founding, vault_of
from nodes.announcer import Announcer
from nodes.bookkeeping import Bookkeeping
from nodes.casework.office import Office
from nodes.counter import Counter
from nodes.courier import Courier
from nodes.custodian import Custodian
from nodes.effects import Effects
from nodes.engine import own_engine
from nodes.exchange import Exchange
from nodes.finality import Finality
from nodes.follower import Follower
from nodes.generation.key_generation import KeyGeneration
from nodes.governance import Governance
from nodes.handover import Handover
from nodes.judge import Judge
from nodes.keyring import load_keyring
from nodes.linkage import Linkage
from nodes.log import Log
from nodes.peers.service import PeerService
from nodes.pickup import Pickup
from nodes.postroom import Postroom
from nodes.premises import Premises
from nodes.settings import Settings
from nodes.sweeper import Sweeper


class Node:
    """All parts of one member's node, wired; `run` brings them to life."""

    def __init__(self, settings: Settings, adapters: Adapters) -> None:
        """Wire the parts; nothing runs yet.

        Raises:
            ConfigurationError: keys, founding entry or database cannot be used.
        """
        self._adapters = adapters
        founding, keyring = load_founding(settings), load_keyring(settings.keys)
        premises = Premises(
            settings=settings,
            keyring=keyring,
            vault=vault_of(keyring),
            founding=founding,
            clock=adapters.clock,
            database=adapters.database,
            sequencer=adapters.sequencer,
            transport=adapters.transport,
        )
        self.settings, self.keyring, self.engine = settings, keyring, adapters.engine
        self.clock, self.database = premises.clock, premises.database
        self.sequencer, self.replica = premises.sequencer, premises.replica
        self.writer = premises.writer
        self.signals, self.custody = premises.signals, premises.custody
        self.dispatches, self.shares = premises.dispatches, premises.shares
        self.progress, self.peers = premises.progress, premises.peers
        self.sweeper = Sweeper(self.writer)
        books = Bookkeeping(premises, collector=adapters.collector)
        self.logbook, self.logkeeper = books.logbook, books.logkeeper
        self.log_export = books.log_export
        self._wire_matching(premises)
        self._wire_posting(premises)
        self._wire_chain(premises)
        self._wire_others(premises)
        self.announcer = Announcer(
            keyring=keyring,
            url=settings.url,
            engine=own_engine(settings, founding, member=keyring.member),
            founding=founding,
            replica=self.replica,
            sequencer=self.sequencer,
            clock=self.clock,
        )
        if self.engine is not None:
            self.engine.attach(Judge(self.replica, self.engine.genesis), self.follower.refuse)

    def _wire_matching(self, premises: Premises) -> None:
        """Wire what finds matches, what brings messages about them, and what is done about them."""
        self.courier = Courier(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            writer=self.writer,
            dispatches=self.dispatches,
            handover=Handover(
                keyring=self.keyring, replica=self.replica, peers=self.peers, clock=self.clock
            ),
            sequencer=self.sequencer,
            clock=self.clock,
        )
        self.exchange = Exchange(premises, courier=self.courier, logbook=self.logbook)
        self.addresses, self.beat = self.exchange.addresses, self.exchange.beat
        self.opener = self.exchange.opener
        self.linkage = Linkage(
            premises,
            courier=self.courier,
            beat=self.beat,
            logbook=self.logbook,
            on_frame=self._wake,
            on_withdrawn=self._let_go,
        )
        self.matches, self.cases = self.linkage.matches, self.linkage.cases
        self.locating, self.answering = self.linkage.locating, self.linkage.answering
        self.inbox, self.withdrawal = self.linkage.inbox, self.linkage.withdrawal
        self.inbox.register(EXCHANGE, self.opener)
        self.office: Office = Office(
            premises,
            matches=self.matches,
            logbook=self.logbook,
            sender=self._adapters.sender or self.beat,
            notifier=self._adapters.notifier,
        )
        self.opener.receiver = self.office.hearing
        self.casework = self.office.casework

    def _wire_posting(self, premises: Premises) -> None:
        """Wire what takes signals in from callers and brings them onto the chain."""
        room = Postroom(premises, linkage=self.linkage, logbook=self.logbook)
        self.intake, self.outbox, self.pending = room.intake, room.outbox, room.pending
        self.reposting, self.recovery = room.reposting, room.recovery
        self.log = Log(replica=self.replica, database=self.database)
        self.counter = Counter(
            keyring=self.keyring,
            log=self.log,
            intake=self.intake,
            outbox=self.outbox,
            signals=self.signals,
            custody=self.custody,
            database=self.database,
            cases=self.cases,
            logbook=self.logbook,
            wait_seconds=self.settings.wait_seconds,
            order_trouble=self._order_trouble,
        )

    def _wire_chain(self, premises: Premises) -> None:
        """Wire what follows the order, makes blocks final and lets them take effect."""
        finality = Finality(
            premises, along=lambda connection, size: self.effects.along(connection, size=size)
        )
        self.vouching, self.witness = finality.vouching, finality.witness
        self.publisher = finality.publisher
        self.effects: Effects = Effects(
            member=self.keyring.member,
            database=self.database,
            writer=self.writer,
            signals=self.signals,
            custody=self.custody,
            outbox=self.outbox,
            matching=self.linkage.matching,
            closing=self.linkage.closing,
            on_day=self.exchange.turn_day,
            on_taken=self._wake,
            progress=self.progress,
            clock=self.clock,
        )
        self.follower = Follower(
            keyring=self.keyring,
            keys=self.settings.keys,
            replica=self.replica,
            writer=self.writer,
            sequencer=self.sequencer,
            signals=self.signals,
            outbox=self.outbox,
            courier=self.courier,
            witness=self.witness,
            progress=self.progress,
        )

    def _wire_others(self, premises: Premises) -> None:
        """Wire what answers the other members, and what is done with them."""
        self.governance = Governance(replica=self.replica, sequencer=self.sequencer)
        generation = KeyGeneration(premises, governance=self.governance)
        self.agreements, self.participant = generation.agreements, generation.participant
        self.leader = generation.leader
        self.pickup = Pickup(
            keyring=self.keyring,
            replica=self.replica,
            database=self.database,
            dispatches=self.dispatches,
            custody=self.custody,
            clock=self.clock,
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
            holder=self.linkage.holder,
            participant=self.participant,
            pickup=self.pickup,
            witness=self.witness,
            addresses=self.addresses,
            peers=self.peers,
            clock=self.clock,
        )

    def _let_go(self, connection: Connection, local_id: str) -> None:
        self.office.hearing.withdrawn(connection, local_id)

    def _wake(self) -> None:
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
            await self._adapters.transport.close()
            for optional in (self._adapters.collector, self._adapters.notifier):
                if optional is not None:
                    await optional.close()
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
            self.exchange.metronome.run(self.caught_up),
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
