"""One issuer's node, wired whole and alone, and the blocks by which another locates signals there.

    0        the founding entry          1    the epoch
    2 …      this node's own signals, one about each person
    …        the other's signals, as many again that are about nobody whom this node knows
    …        a `locate` for each of these, shuffled: half are hits

Every entry is signed as members sign; the items wait in custody, as if they had been pushed.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random

from bench.applying import Applying
from bench.errors import BenchError
from bench.founding import Founded, found
from bench.signing import EPOCH, Signing
from demo.consortium import ORIGIN
from demo.people import PURPOSE
from ledger.body import Item, Share
from ledger.bsn import synthetic_numbers
from ledger.entry import SignedEntry
from ledger.group import UNIFORM_BYTES, Scalar
from ledger.locator import encode_item, place
from ledger.voprf import OUTPUT_BYTES
from nodes.adapters import real_adapters
from nodes.clock import SystemClock
from nodes.node import Node
from nodes.settings import Settings
from nodes.store.custody import Held
from nodes.store.presence import PlacedSignal, Presence, Presences
from nodes.store.vault import Vault

OWN, OTHER = "svb", "uwv"
_DESK = 1
_PORT = 9
_SEED = 9380


@dataclass(frozen=True, slots=True)
class Located:
    """The `locate` at `height`, of one signal; `is_hit` where this node watches its person."""

    height: int
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What the transaction of a block took: seconds by the clock, and of a core."""

    wall: float
    cpu: float


class Prober:
    """A node that has applied the blocks above and taken effect of all but the `locates`."""

    def __init__(self, node: Node, runner: asyncio.Runner, locates: Sequence[Located]) -> None:
        """Probe with `node` in the loop of `runner`."""
        self._node = node
        self._runner = runner
        self.locates = locates

    def take(self, height: int) -> Taken:
        """Let the block at `height` take effect: one transaction, which probes its items."""
        return self._runner.run(self._take(height))

    def verify(self) -> None:
        """Check that every hit was one, and that each `locate` has its frame.

        Raises:
            BenchError: something else was measured than what it is called.
        """
        hits = sum(located.is_hit for located in self.locates)
        with self._node.database.begin() as connection:
            self._node.matches.take_in(connection)
            found = len(self._node.matches.all(connection))
            frames = connection.exec_driver_sql("SELECT count(*) FROM frame").scalar_one()
        if (found, frames) != (hits, len(self.locates)):
            raise BenchError(f"{found} matches of {hits}, {frames} frames")

    async def _take(self, height: int) -> Taken:
        begun, cpu = time.perf_counter(), time.process_time()
        await self._node.effects.take(start=height, end=height + 1)
        return Taken(time.perf_counter() - begun, time.process_time() - cpu)


def prober_in(folder: Path, *, hits: int, stack: ExitStack) -> Prober:
    """Return a node in `folder` to which so many locates of known people come, and of others."""
    day = SystemClock().today()
    founded = found(folder / "members", url=f"http://127.0.0.1:{_PORT}", day=day)
    node = _wire(founded, folder)
    stack.callback(node.database.close)
    stack.callback(node.sequencer.close)
    runner = stack.enter_context(asyncio.Runner())
    running = runner.get_loop().create_task(node.writer.run())
    stack.callback(running.cancel)
    chain = Signing(Applying(runner, node.database, node.replica, node.writer), founded, day)
    chain.open_epoch()
    people = [
        Presence(bsn.digits, PURPOSE, EPOCH, secrets.token_bytes(OUTPUT_BYTES))
        for bsn in islice(synthetic_numbers(), hits)
    ]
    _place(node, list(zip(people, chain.signals(OWN, hits), strict=True)))
    turns = _turns(people, chain.signals(OTHER, 2 * hits))
    located = chain.locates(OTHER, [turn.signal for turn in turns])
    with node.database.begin() as connection:
        held = zip(located, turns, strict=True)
        node.custody.hold(
            connection, [Held(signed, turn.share().encode()) for (_, signed), turn in held]
        )
    heights = zip(located, turns, strict=True)
    prober = Prober(node, runner, [Located(at, turn.is_hit) for (at, _), turn in heights])
    # With the members in block 0 it watches for everybody whom it has posted about; and what the
    # first block of a day does once is not a part of what is measured.
    prober.take(0)
    return prober


@dataclass(frozen=True, slots=True)
class _Turn:
    """A signal, by its height, that is to be located by an item with this `content`."""

    signal: int
    content: bytes
    is_hit: bool

    def share(self) -> Share:
        """Return what would have been pushed."""
        item = Item(0, secrets.token_bytes(32), self.content)
        return Share((item,), (item.digest,), Scalar.reduce(secrets.token_bytes(UNIFORM_BYTES)))


def _turns(people: Sequence[Presence], signals: Sequence[tuple[int, SignedEntry]]) -> list[_Turn]:
    """Let as many of the other's signals be about `people`, and the rest about nobody."""
    hits = [
        _Turn(height, _item(person, signed), is_hit=True)
        for person, (height, signed) in zip(people, signals, strict=False)
    ]
    misses = [
        _Turn(height, encode_item([], random=secrets.token_bytes), is_hit=False)
        for height, _ in signals[len(people) :]
    ]
    turns = [*hits, *misses]
    # So that both see the same moments.
    Random(_SEED).shuffle(turns)  # noqa: S311
    return turns


def _wire(founded: Founded, folder: Path) -> Node:
    settings = Settings(
        keys=founded.keys(OWN),
        data_dir=folder / "data",
        founding=founded.note,
        order=folder / "order.db",
        url=founded.url,
        port=_PORT,
        tokens=folder / "tokens.toml",
    )
    return Node(settings, real_adapters(settings))


def _place(node: Node, placed: Sequence[tuple[Presence, tuple[int, SignedEntry]]]) -> None:
    """Let the node have posted about each person."""
    derive = node.keyring.derive
    vault = Vault(box_key=derive("box"), mac_key=derive("index/idempotency"))
    presences = Presences(vault, index_key=derive("index/person"))
    with node.database.begin() as connection:
        for person, (height, signed) in placed:
            own = PlacedSignal(
                secrets.token_bytes(16), 0, _DESK, height=height, entry_id=signed.id, is_live=True
            )
            presences.put(connection, replace(person, used=1, signals=(own,)))


def _item(person: Presence, signed: SignedEntry) -> bytes:
    """Return the item by which the other places a signal about that person."""
    placement = place(person.pseudonym(ORIGIN), author=OTHER, signal=signed.id, slot=0, desk=_DESK)
    return encode_item([placement], random=secrets.token_bytes)
