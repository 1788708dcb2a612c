"""A new node, and its new engine, replay a chain that three other engines have.

From the start of its process until all blocks are in its database. The limit is the verification of
two signatures a block on one core: a node takes blocks one after the other.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.chain import Chain
from bench.figure import Figure
from bench.replay import caught_up, ordered
from bench.workshop import Workshop

_SIGNATURES = 2


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the seconds that catching up takes."""
    # Whoever ran before would share the machine.
    shop.running.close()
    folder = shop.folder / "late"
    folder.mkdir()
    size = shop.scale.caught_up
    first, took = asyncio.run(_measure(shop, folder, shop.chain, size))
    limit = _SIGNATURES * size * shop.machine.verification
    yield Figure(
        f"catching up, {size:,} blocks", took, "s", limit=limit,
        limit_of="bare verification on one core", ratio=took / limit,
        note=f"{size / took:,.0f} blocks/s; the first was there after {first:.1f} s",
    )  # fmt: skip


async def _measure(shop: Workshop, folder: Path, chain: Chain, size: int) -> tuple[float, float]:
    show = partial(shop.show, "ordering a chain with bare engines")
    async with ordered(folder, chain, shop.engine, size=size, show=show) as late:
        return await caught_up(late, size, partial(shop.show, "catching up"))
