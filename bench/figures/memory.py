"""Resident memory of a node and of an auditor on a short chain and on one twenty times as long.

The limit of the long chain is the short one: memory must not grow with the chain. Both have the
same number of blocks a day, and the short one is the beginning of the long one.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.alone import Snapshot, memory_of_node, snapshot
from bench.applying import batches_of, open_replica
from bench.chain import Chain
from bench.errors import BenchError
from bench.figure import Aim, Figure
from bench.process import Memory, memory
from bench.workshop import Workshop
from demo.command import environment, words
from ledger.export import encode_export
from nodes.sequencer.port import MAX_SUBMISSION

_AIM = 1.15
_AIM_TEXT = "≤ 1.15 × the short chain"
_LOOK_EVERY_SECONDS = 0.02
_PART = 16 * MAX_SUBMISSION


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the memory of node and auditor at both sizes."""
    sizes = (shop.scale.small, shop.scale.large)
    folder = shop.folder / "memory"
    folder.mkdir()
    shots = _grow(shop, folder, sizes)
    for who, seen in (
        ("node", [memory_of_node(shot) for shot in shots]),
        ("auditor", [_of_auditor(shop.chain, shot) for shot in shots]),
    ):
        yield _figure(who, sizes[0], seen[0], short=None)
        yield _figure(who, sizes[1], seen[1], short=seen[0])


def _figure(who: str, size: int, seen: Memory, *, short: Memory | None) -> Figure:
    name = f"memory of {who}, {size:,} blocks"
    # A node's level is what counts; of an auditor, who is soon gone, the most it had.
    value = seen.now if who == "node" else seen.peak
    note = f"at most {seen.peak:.0f} MiB" if who == "node" else "at most"
    if short is None:
        return Figure(name, value, "MiB", note=note)
    limit = short.now if who == "node" else short.peak
    return Figure(
        name, value, "MiB", limit=limit, limit_of="the short chain", ratio=value / limit,
        aim=Aim(_AIM_TEXT, value / limit <= _AIM), note=note,
    )  # fmt: skip


def _grow(shop: Workshop, folder: Path, sizes: tuple[int, ...]) -> list[Snapshot]:
    """Apply the synthetic chain and return a node's folder at each of `sizes`."""
    chain, shots = shop.chain, []
    with ExitStack() as stack:
        applying = open_replica(folder / "grown.db", chain.founded.founding, stack)
        entries = (raw.partition(b"\n\n")[2] for raw in chain.blocks())
        done = 0
        for size in sizes:
            while done < size:
                part = [next(entries) for _ in range(min(_PART, size - done))]
                applying.apply(*batches_of(part, MAX_SUBMISSION))
                done += len(part)
                shop.show(f"applying {sizes[-1]:,} blocks", done / sizes[-1])
            shots.append(snapshot(chain, applying, folder / str(size)))
    return shots


def _of_auditor(chain: Chain, shot: Snapshot) -> Memory:
    """Return the most memory that an audit of the blocks in `shot` took.

    Raises:
        BenchError: the audit does not find them sound.
    """
    export = shot.folder / "export.signaalketen"
    size = shot.signed.checkpoint.size
    with export.open("wb") as file:
        file.writelines(encode_export(chain.blocks(size), shot.signed.encode))
    command = words("audit", export, "--consortium", chain.document, "--jobs", "1")
    auditor = subprocess.Popen(  # noqa: S603 -- our own program, no shell
        command, env=environment(), stdout=subprocess.DEVNULL
    )
    found = None
    while auditor.poll() is None:
        found = memory(auditor.pid) or found
        time.sleep(_LOOK_EVERY_SECONDS)
    if auditor.returncode or found is None:
        raise BenchError(f"the audit ended with {auditor.returncode}")
    return found
