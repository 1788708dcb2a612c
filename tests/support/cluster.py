"""Four real nodes in one process, over one shared order, wires and a clock that a test holds.

    async with Cluster(found(tmp_path)) as cluster:
        local_id = await cluster.post("uwv")
        await cluster.until_final("uwv", local_id)

A crash leaves the files as they are at that moment, write-ahead log included: the node's next life
begins on a copy of them.
"""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from types import TracebackType
from typing import Any, Self, TypeVar

from ledger.audit import Report, audit
from ledger.block import Block
from ledger.bsn import Bsn, synthetic_numbers
from ledger.cosignature import SignedCheckpoint
from ledger.epoch import CLOSED, EpochDocument
from nodes import ceremony
from nodes.adapters import Adapters
from nodes.errors import NodeError
from nodes.node import Node
from nodes.sequencer.cometbft.sequencer import CometSequencer
from nodes.sequencer.embedded import EmbeddedSequencer
from nodes.sequencer.port import Sequencer
from nodes.settings import Settings
from nodes.shares import Shares
from nodes.signal import Posting
from nodes.store import chain as store
from nodes.store import matching
from nodes.store.signals import OwnSignal
from nodes.witness import NEWEST
from tests.support.consortium import DESKS, ORIGIN, ROLES, Founded, url_of
from tests.support.dealing import deal
from tests.support.fakes import FakeClock, Wires
from tests.support.faults import Died, Fate, MortalDatabase, MortalSequencer, MortalTransport

PATIENCE_SECONDS = 60.0
"""How long anything may take before a test says that it will not come."""
FIELDS = {
    "regulation": "WIA",
    "theme": "schulden",
    "signalType": "vastgelopen",
    "severity": "ernstig",
    "period": "een-tot-zes-maanden",
    "helpQuestion": "rust",
}
_T = TypeVar("_T")
# Over a list: several threads may ask, which a generator does not bear. More than 9,091 come again.
_people = cycle(list(synthetic_numbers()))
_keys = count()


class GoneError(NodeError):
    """The node that was asked is not there any more."""


def posting_of(member: str, *, bsn: Bsn | None = None, **changed: str) -> Posting:
    """Return a posting by `member`'s desk about somebody new."""
    return Posting(
        bsn or next(_people), DESKS[member], "multiproblematiek", "W-1", FIELDS | changed
    )


@dataclass
class Life:
    """One run of a node, from start to stop or death."""

    node: Node
    database: MortalDatabase
    fate: Fate
    running: asyncio.Task[None]
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something in the node; it ends when the node does.

        Raises:
            GoneError: the node died or stopped before it was done.
        """
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            # Shielded: whoever asks may give up, and the node goes on with it.
            return await asyncio.shield(task)
        except Died as cause:
            raise GoneError("the node died") from cause
        except asyncio.CancelledError:
            if task.cancelled():
                raise GoneError("the node stopped") from None
            raise
        finally:
            if task.done() and not task.cancelled():
                task.exception()

    async def answer(self, message: bytes) -> bytes:
        """Answer a peer; a dead node answers nothing."""
        answered = await self.do(self.node.service.answer(message))
        if self.fate.is_dead:
            raise GoneError("the node died")
        return answered

    def verify_running(self) -> None:
        """Raise what ended the node, if anything but its fate did."""
        if self.running.done() and not self.fate.is_dead:
            self.running.result()
            raise GoneError("the node ended by itself")


class Cluster:
    """The nodes of a consortium; started on entering, stopped on leaving."""

    def __init__(
        self, founded: Founded, *, start: Iterable[str] = ROLES, clock: FakeClock | None = None
    ) -> None:
        """Start the nodes named in `start` once entered."""
        self.founded = founded
        self.clock = clock or FakeClock()
        self.wires = Wires()
        self.lives: dict[str, Life] = {}
        self.died: asyncio.Queue[str] = asyncio.Queue()
        """Names of nodes that met the end that a test doomed them to."""
        self._start = tuple(start)
        self._data = dict.fromkeys(ROLES, "data")
        self._copies = count(2)

    async def __aenter__(self) -> Self:
        """Start the nodes and wait until they follow the chain and each other."""
        asyncio.get_running_loop().set_exception_handler(_report)
        self.start(*self._start)
        if len(self._start) > 1:
            await self.until(self.is_introduced)
        if set(self._start) >= set(ROLES):
            # Else one that a test stops now could be the one for whose word another waits.
            await self.until(self.is_vouched)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        cause: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop what still runs."""
        await self.stop(*self.lives)

    def __getitem__(self, name: str) -> Node:
        """Return the running node of a member."""
        return self.lives[name].node

    def enrol(self, name: str) -> None:
        """Start the node of a member that was not there at the founding; its keys are."""
        self._data[name] = "data"
        self.start(name)

    def start(self, *names: str) -> None:
        """Start nodes from what is on their disks."""
        for name in names:
            assert name not in self.lives, f"{name} runs already"
            self.lives[name] = self._live(name)

    async def stop(self, *names: str) -> None:
        """Stop nodes in good order."""
        lives = [self._leave(name) for name in list(names)]
        try:
            for life in lives:
                life.verify_running()
        finally:
            for life in lives:
                await self._end(life)

    async def crash(self, name: str) -> None:
        """End a node without letting it close or finish anything."""
        life = self._leave(name)
        life.fate.kill()
        # Until the transaction under way is rolled back its thread may still write.
        await asyncio.to_thread(life.database.turn.acquire)
        life.database.turn.release()
        old, new = self._data[name], f"data-{next(self._copies)}"
        self._data[name] = new
        folder = self.founded.root / name
        (folder / new).mkdir()
        for file in ("node.db", "node.db-wal"):
            if (folder / old / file).exists():
                shutil.copy(folder / old / file, folder / new / file)
        await self._end(life)

    async def restart(self, name: str) -> None:
        """Crash a node and start it again."""
        await self.crash(name)
        self.start(name)

    def lose_disk(self, name: str) -> None:
        """Take away the database of a node that does not run; its keys are elsewhere."""
        assert name not in self.lives, f"{name} runs"
        shutil.rmtree(self.founded.root / name / self._data[name])

    async def post(
        self,
        name: str,
        *,
        posting: Posting | None = None,
        key: str | None = None,
        request: bytes | None = None,
    ) -> str:
        """Post a signal at a node, about somebody new unless told, and return its local id.

        Raises:
            NodeError: as `Outbox.post`; GoneError if the node went away meanwhile.
        """
        life = self.lives.get(name)
        if life is None:
            raise GoneError(f"{name} does not run")
        key = f"key-{next(_keys)}" if key is None else key
        work = life.node.intake.post(
            posting or posting_of(name),
            caller="caseworker",
            key=key,
            request=key.encode() if request is None else request,
        )
        return await life.do(work)

    async def open_epoch(
        self, number: int = 1, *, purpose: str = "multiproblematiek", replaces: int | None = None
    ) -> None:
        """Deal a key, let every holder sign, and wait until all nodes have the epoch."""
        founded = self.founded
        epoch, shares = deal(founded.document, purpose=purpose, number=number)
        epoch = replace(epoch, replaces=replaces)
        for name, held in shares.items():
            for share in held:
                Shares(founded.root / name / "keys").store(
                    purpose=purpose, number=number, share=share
                )
        await self._turn_epoch(epoch, list(shares))

    async def close_epoch(self, number: int = 1, *, purpose: str = "multiproblematiek") -> None:
        """Let every member sign that an epoch is closed, and wait until all nodes have it."""
        await self._turn_epoch(EpochDocument(purpose, number, CLOSED, ()), list(ROLES))

    async def submit_epoch(self, epoch: EpochDocument, signers: list[str]) -> None:
        """Submit an epoch's document, signed by the members in `signers`."""
        entry = ceremony.draft_epoch(
            epoch, origin=ORIGIN, author=signers[0], day=self.clock.today()
        )
        signed = ceremony.decode_draft(ceremony.encode_draft(entry))
        for name in signers:
            signed = ceremony.sign_draft(signed, self.founded.keyring(name))
        any_node = next(iter(self.lives.values())).node
        await any_node.sequencer.submit([signed.encode()])

    async def _turn_epoch(self, epoch: EpochDocument, signers: list[str]) -> None:
        any_node = next(iter(self.lives.values())).node
        before = any_node.replica.state.epochs.open_now(epoch.purpose)
        await self.submit_epoch(epoch, signers)
        await self.until(
            lambda: all(
                life.node.replica.state.epochs.open_now(epoch.purpose) != before
                for life in self.lives.values()
            )
        )

    async def post_when_possible(self, name: str) -> str:
        """Post a signal at a node, again and again until it is taken, as a caller would."""
        key, posting = f"key-{next(_keys)}", posting_of(name)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self.post(name, key=key, posting=posting)
                except NodeError:
                    await asyncio.sleep(0.05)

    def doom(self, name: str, place: str, *, after: int) -> None:
        """Let a node die at `place`; its name then comes out of `died`. `crash` clears it away."""
        self.lives[name].fate.doom(place, after=after)

    async def is_dead_before(self, holds: Callable[[], bool]) -> bool:
        """Let the nodes work until one that was doomed dies, or until `holds`; tell whether."""
        await self.until(lambda: not self.died.empty() or holds())
        is_dead = not self.died.empty()
        while not self.died.empty():
            self.died.get_nowait()
        return is_dead

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the nodes work until `holds`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                for life in self.lives.values():
                    life.verify_running()
                await asyncio.sleep(0.01)

    async def until_final(self, name: str, *local_ids: str) -> None:
        """Let the nodes work until signals are final at the node where they were posted."""
        await self.until(lambda: all(self.signal(name, i).is_final for i in local_ids))

    async def until_settled(self) -> None:
        """Let the nodes work until all have the same final chain and nothing waits."""
        await self.until(self.is_settled)

    async def until_answered(self) -> None:
        """Let the nodes work until nothing is owed on the chain and nothing is to be fetched."""
        await self.until(self.is_answered)

    def is_answered(self) -> bool:
        """Tell whether every signal is located and every locate answered, at every node."""
        if not self.is_settled():
            return False
        for life in self.lives.values():
            owed = life.node.replica.state.outstanding
            with life.node.database.read() as connection:
                is_busy = bool(
                    owed.signals
                    or owed.locates
                    or matching.wanted(connection, count=1)
                    or life.node.matches.has_new(connection)
                )
            if is_busy:
                return False
        return True

    def is_introduced(self) -> bool:
        """Tell whether every running node knows every other's address."""
        names = set(self.lives)
        return all(
            names <= set(life.node.replica.state.cards) and life.node.progress.final.value
            for life in self.lives.values()
        )

    def is_vouched(self) -> bool:
        """Tell whether every running node was told that it may cosign."""
        return all(life.node.vouching.is_done for life in self.lives.values())

    def is_settled(self) -> bool:
        """Tell whether all running nodes are at one final size, with nothing left to do."""
        sizes = set()
        for life in self.lives.values():
            node = life.node
            sizes |= {node.progress.applied.value, node.progress.final.value}
            if node.sequencer.head() != node.follower.position.value:
                return False
            with node.database.read() as connection:
                if node.signals.count_waiting(connection):
                    return False
                sizes.add(store.cursor(connection, "effects"))
        return len(sizes) == 1

    def signal(self, name: str, local_id: str) -> OwnSignal:
        """Return an own signal of a node."""
        node = self[name]
        with node.database.read() as connection:
            signal = node.signals.get(connection, local_id)
        assert signal is not None, "no such signal"
        return signal

    def blocks(self, name: str) -> list[bytes]:
        """Return a node's whole chain."""
        node = self[name]
        with node.database.read() as connection:
            return store.blocks_between(connection, 0, node.progress.applied.value)

    def signals_on_chain(self, name: str, *, author: str) -> list[bytes]:
        """Return the entry ids of `author`'s signals on a node's chain."""
        entries = (Block.decode(raw).signed for raw in self.blocks(name))
        return [e.id for e in entries if (e.entry.kind, e.entry.author) == ("signal", author)]

    def final(self, name: str) -> SignedCheckpoint:
        """Return a node's newest final checkpoint."""
        with self[name].database.read() as connection:
            row = store.checkpoint(connection, NEWEST)
        assert row is not None, "nothing is final"
        return SignedCheckpoint.decode(row.note)

    def audit(self, name: str) -> Report:
        """Return the audit of a node's chain against the founding document."""
        return audit(
            self.blocks(name),
            trusted=self.founded.document,
            final=lambda: self.final(name).encode(),
        )

    def _settings(self, name: str, *, data: str) -> Settings:
        return self.founded.settings(name, data=data)

    def _order(self, settings: Settings) -> tuple[Sequencer, CometSequencer | None]:
        return EmbeddedSequencer(settings.shared_order, poll_seconds=settings.poll_seconds), None

    def _live(self, name: str) -> Life:
        settings = self._settings(name, data=self._data[name])
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(self.died.put_nowait, name)

        fate = Fate(tell)
        database = MortalDatabase(settings.data_dir / "node.db", fate)
        order, engine = self._order(settings)
        adapters = Adapters(
            clock=self.clock,
            transport=MortalTransport(self.wires.end(settings.url), fate),
            sequencer=MortalSequencer(order, fate),
            database=database,
            engine=engine,
        )
        node = Node(settings, adapters)
        life = Life(node, database, fate, asyncio.create_task(node.run()))
        self.wires.answers[settings.url] = life.answer
        return life

    def _leave(self, name: str) -> Life:
        self.wires.answers.pop(url_of(name), None)
        return self.lives.pop(name)

    async def _end(self, life: Life) -> None:
        life.running.cancel()
        for task in list(life.tasks):
            task.cancel()
        await asyncio.gather(life.running, *life.tasks, return_exceptions=True)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # What died with a node has nobody left to tell.
    if not isinstance(context.get("exception"), Died):
        loop.default_exception_handler(context)
