"""One node on a bench: wired whole, but of its tasks only the writer runs; a test does the rest.

    async with Bench(founded, "uwv") as bench:      # founding block and four cards are applied
        local_id = await bench.post()
        bench.start(bench.node.outbox.run(bench.node.caught_up))

Benches given the same `wires`, `clock` and `order` are one consortium.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from types import TracebackType
from typing import Any, Self

from ledger.block import Block
from ledger.cosignature import SignedCheckpoint, cosign
from ledger.encoding import sha256
from ledger.entry import Entry, SignedEntry
from ledger.member import MemberDocument
from ledger.note import Note
from nodes.adapters import Adapters
from nodes.casework.notices import Notifier
from nodes.casework.sender import Sender
from nodes.keyring import Keyring
from nodes.node import Node
from nodes.sequencer.port import Batch
from nodes.signal import Draft, Posting, draft_signal
from nodes.store import chain as store
from nodes.store.database import Database
from nodes.store.signals import OwnSignal
from tests.support.cluster import posting_of
from tests.support.consortium import ROLES, Founded, url_of
from tests.support.fakes import FakeClock, MemoryOrder, MemorySequencer, Wires

PATIENCE_SECONDS = 60.0


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run what a test does; a test that hangs ends."""

    async def within() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await scenario

    asyncio.run(within())


def card_of(ring: Keyring, *, day: date, version: int = 1, url: str | None = None) -> bytes:
    """Return the entry of a member's own card."""
    key = ring.post_quantum
    card = MemberDocument(
        version=version,
        url=url_of(ring.member) if url is None else url,
        engine_key="",
        engine_peer="",
        post_quantum=() if key is None else (sha256(key.verifier.public),),
        sealing={"node": ring.sealing.public.hash, "recovery": ring.recovery.hash},
    )
    entry = Entry(ring.origin, ring.member, "member", day, None, card.encode())
    return SignedEntry.of(entry, (ring.entry.sign(entry.encode()),)).encode()


class Bench:
    """A node of `founded` and what it is wired to."""

    def __init__(
        self,
        founded: Founded,
        name: str,
        *,
        clock: FakeClock | None = None,
        wires: Wires | None = None,
        order: MemoryOrder | None = None,
        database: Callable[[Founded, str], Database] | None = None,
        is_opened: bool = True,
        sender: Sender | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """Wire the node of member `name`; its database is made by `database` if that is given.

        Its order, if it is empty, gets founding entry and cards where `is_opened`. Messages of
        cases go to `sender`, notices to `notifier`, or nowhere.
        """
        self.founded, self.name = founded, name
        self._is_opened = is_opened
        self.clock = clock or FakeClock()
        self.wires = wires or Wires()
        self.order = order or MemoryOrder()
        settings = founded.settings(name)
        path = settings.data_dir / "node.db"
        self.node = Node(
            settings,
            Adapters(
                clock=self.clock,
                transport=self.wires.end(settings.url),
                sequencer=MemorySequencer(self.order),
                database=Database(path) if database is None else database(founded, name),
                sender=sender,
                notifier=notifier,
            ),
        )
        self.wires.answers[settings.url] = self.node.service.answer
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        """Start the writer and bring the node to the chain of four cards; others vouched for it."""
        self.node.vouching._done.set()
        self.start(self.node.writer.run())
        if self._is_opened and not self.order.submissions:
            self.order.append(self.opening())
        await self.catch_up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every task and close the database."""
        for task in reversed(self._tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.node.database.close()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a task of the node until the bench is left."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    def opening(self) -> list[bytes]:
        """Return the founding entry and a card of each member."""
        day = self.clock.today()
        cards = [card_of(self.founded.keyring(name), day=day) for name in ROLES]
        return [self.founded.founding.encode(), *cards]

    async def apply(self, *entries: bytes) -> None:
        """Let the node apply a batch, as the order's next."""
        self.order.append(entries)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Let the node apply what its order holds and it has not applied."""
        for at in range(self.node.follower.position.value, len(self.order.submissions)):
            await self.node.follower.apply(Batch(at + 1, self.order.submissions[at]))

    async def finalize(self) -> None:
        """Let the node learn that a quorum cosigned all that it has applied."""
        tip = self.node.replica.tip
        assert tip is not None, "nothing is applied"
        text, time = tip.encode(), int(self.clock.now().timestamp())
        lines = [
            cosign(text, key=self.founded.keyring(name).cosigning, time=time)
            for name in ("svb", "szw", "uwv")
        ]
        signed = SignedCheckpoint(tip, Note(text, tuple(lines)))
        await self.node.witness.learn(signed, self.founded.document, timeout=0)

    async def post(self, posting: Posting | None = None, *, key: str = "key") -> str:
        """Post about somebody new, unless told, and return the local id."""
        return await self.node.intake.post(
            posting or posting_of(self.name), caller="caseworker", key=key, request=key.encode()
        )

    def deliver(self) -> None:
        """Let the outbox bring what waits onto the order, and the node follow it."""
        self.start(self.node.outbox.run(self.node.caught_up))
        self.start(self.node.follower.run())

    def own(self) -> list[OwnSignal]:
        """Return the member's own signals, newest first."""
        with self.node.database.read() as connection:
            return self.node.signals.page(connection, before=None, count=1000)

    def block_of(self, local_id: str) -> Block | None:
        """Return the block in which an own signal stands, or None."""
        with self.node.database.read() as connection:
            signal = self.node.signals.get(connection, local_id)
            assert signal is not None, "no such signal"
            if signal.height is None:
                return None
            raw = store.block_at(connection, signal.height)
        assert raw is not None
        return Block.decode(raw)

    def is_on_chain(self, *local_ids: str) -> bool:
        """Tell whether those own signals are all on the chain, as this node knows it."""
        applied = self.node.progress.applied.value
        blocks = [self.block_of(local_id) for local_id in local_ids]
        # Rows are written before the node goes on with what they say.
        return all(block is not None and block.height < applied for block in blocks)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let started tasks work until `holds`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.005)

    def draft(self, author: str | None = None, *, day: date | None = None) -> Draft:
        """Return a signal by `author`, this member unless told, as a custodian would get it."""
        name = author or self.name
        return draft_signal(
            posting_of(name),
            keyring=self.founded.keyring(name),
            day=day or self.clock.today(),
            random=secrets.token_bytes,
        )

    def signal(self, author: str | None = None, *, day: date | None = None) -> bytes:
        """Return a signal's entry with BZK's stored-line: fit for the chain."""
        signed = self.draft(author, day=day).signed
        return self.stored(signed, "bzk").encode()

    def stored(self, signed: SignedEntry, *by: str) -> SignedEntry:
        """Return the entry with stored-lines of those members."""
        return signed.with_lines(
            tuple(self.founded.keyring(name).entry.sign(signed.text) for name in by)
        )


@asynccontextmanager
async def benches(founded: Founded, *names: str) -> AsyncIterator[list[Bench]]:
    """Yield benches of several members over the same wires, clock and order."""
    clock, wires, order = FakeClock(), Wires(), MemoryOrder()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                Bench(founded, name, clock=clock, wires=wires, order=order)
            )
            for name in names
        ]
