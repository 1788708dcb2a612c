"""A chain on four engines without the work of making it there, and a node that fetches it.

The entries are those of the synthetic chain. The application that orders them checks nothing: it
computes the Merkle root that a node will come to, so that a true node can take over any of them.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import tomli_w

from bench.chain import Chain
from bench.engines import Bare, Together, Trivial, running
from bench.errors import BenchError
from bench.founding import NAMES
from demo.consortium import ORIGIN
from demo.leash import Leash
from demo.process import CONFIG, HOST, NodeProcess, free_port
from ledger.block import NO_PREVIOUS, block_hash, block_header
from ledger.encoding import Digest
from ledger.tree import Frontier, leaf_hash
from nodes.adapters import DATABASE_FILE
from nodes.progress import Milestone
from nodes.sequencer.cometbft.genesis import make_genesis
from nodes.sequencer.cometbft.home import EngineHome
from nodes.sequencer.cometbft.identity import load_identity, make_card
from nodes.sequencer.cometbft.machine import Engine, Foreseen
from nodes.sequencer.cometbft.rpc import EngineRpc
from nodes.sequencer.cometbft.transaction import encode_transaction
from nodes.sequencer.port import MAX_SUBMISSION

LATE = "bzk"
"""Whose node comes when the chain is there."""
_IN_FLIGHT = 16 * MAX_SUBMISSION
_LOOK_SECONDS = 0.02
_STILL_SECONDS = 60.0
_TOKEN = "0123456789-operator-of-the-bench"  # noqa: S105 -- of a node that lives a few seconds


@dataclass(frozen=True, slots=True)
class Linked:
    """How far blocks are linked: the tree's edge, and the hash of the newest block."""

    frontier: Frontier = field(default_factory=lambda: Frontier(0, ()))
    previous: Digest = NO_PREVIOUS


# Four applications of one process come to the same each.
@lru_cache(maxsize=64)
def linked(before: Linked, entries: tuple[bytes, ...]) -> Linked:
    """Return how far blocks are linked once these entries are."""
    previous, leaves = before.previous, []
    for height, entry in enumerate(entries, before.frontier.size):
        raw = block_header(origin=ORIGIN, height=height, previous=previous) + entry
        previous = block_hash(raw)
        leaves.append(leaf_hash(raw))
    return Linked(before.frontier.appended(leaves)[0], previous)


class Linking(Trivial):
    """A `Machine` that takes everything, and whose root is the chain's."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        """Begin with nothing."""
        super().__init__(engines)
        self.at = Linked()
        self.size = Milestone(0)

    def root(self) -> Digest:
        """See `Machine`."""
        return self.at.frontier.root()

    def foresee(self, entries: Sequence[bytes]) -> Foreseen:
        """See `Machine`."""
        root = linked(self.at, tuple(entries)).frontier.root()
        return Foreseen(root, self.validators(), {})

    def take(self, entries: Sequence[bytes]) -> None:
        """See `Rehearsing`."""
        self.at = linked(self.at, tuple(entries))
        self.size.reach(self.at.frontier.size)


@asynccontextmanager
async def ordered(
    folder: Path, chain: Chain, command: Path, *, size: int, show: Callable[[float], None]
) -> AsyncIterator[Path]:
    """Yield the settled folder of a node to come, once the first `size` blocks are on engines."""
    founded = chain.founded
    addresses = {name: f"{HOST}:{free_port(0)}" for name in NAMES}
    cards = [
        make_card(founded.keyrings[name], founded.keys(name), address=address)
        for name, address in addresses.items()
    ]
    genesis = make_genesis(founded.founding, cards)
    together = Together(
        identities={name: load_identity(founded.keys(name)) for name in NAMES},
        addresses=addresses,
        genesis=genesis,
        command=command,
    )
    machines = [Linking(genesis.engines) for _ in NAMES]
    async with running(folder, together, machines) as engines:
        entries = (raw.partition(b"\n\n")[2] for raw in chain.blocks(size))
        await _feed(EngineHome(folder / NAMES[0]).rpc, entries, machines[0], show, size)
        by_name: dict[str, Bare] = dict(zip(together.identities, engines, strict=True))
        await by_name[LATE].stop()
        (folder / "genesis.json").write_bytes(genesis.raw)
        yield _settle(folder / "n", chain, together)


async def caught_up(folder: Path, size: int, show: Callable[[float], None]) -> tuple[float, float]:
    """Start the node in `folder`; return seconds until its first and until its block number `size`.

    Raises:
        BenchError: it ends, or takes no block for a minute.
    """
    leash = Leash()
    process = NodeProcess(folder, leash)
    begun = moved = time.perf_counter()
    first, blocks = 0.0, 0
    try:
        process.launch()
        while blocks < size:
            await asyncio.sleep(_LOOK_SECONDS)
            now, seen = time.perf_counter(), _blocks(folder / "data" / DATABASE_FILE)
            if seen > blocks:
                first, blocks, moved = first or now - begun, seen, now
                show(blocks / size)
            if not process.is_running or now - moved > _STILL_SECONDS:
                raise BenchError(f"the node took {blocks} blocks: {process.last_words()}")
    finally:
        process.kill()
        leash.close()
    return first, moved - begun


async def _feed(
    rpc: Path, entries: Iterable[bytes], machine: Linking, show: Callable[[float], None], size: int
) -> None:
    """Bring entries onto the engines in their order, as much at once as a block takes."""
    engine, handed, batch = EngineRpc(rpc), 0, list[bytes]()
    for entry in entries:
        batch.append(entry)
        if len(batch) < MAX_SUBMISSION and handed + len(batch) < size:
            continue
        await machine.size.wait_for(handed - _IN_FLIGHT)
        why = await engine.broadcast(encode_transaction(batch), timeout=_STILL_SECONDS)
        if why is not None:
            raise BenchError(f"the engine takes no more: {why}")
        handed += len(batch)
        batch.clear()
        show(handed / size)
    await machine.size.wait_for(size)
    await engine.close()


def _settle(folder: Path, chain: Chain, together: Together) -> Path:
    (folder / "data").mkdir(parents=True)
    settings = {
        "keys": str(chain.founded.keys(LATE)),
        "data_dir": "data",
        "founding": str(chain.founded.note),
        "url": chain.founded.url,
        "host": HOST,
        "port": int(chain.founded.url.rpartition(":")[2]),
        "tokens": "tokens.toml",
        "exchange_beat_seconds": 0,
        "engine": {
            "home": "engine",
            "genesis": "../genesis.json",
            "listen": together.addresses[LATE],
            "command": str(together.command),
        },
    }
    (folder / CONFIG).write_text(tomli_w.dumps(settings))
    (folder / "tokens.toml").touch(mode=0o600)
    (folder / "tokens.toml").write_text(tomli_w.dumps({"operator": _TOKEN}))
    return folder


def _blocks(path: Path) -> int:
    # The node makes its database first.
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection,
    ):
        found = connection.execute("SELECT coalesce(max(height) + 1, 0) FROM block").fetchone()
        return int(found[0])
    return 0
