"""From a grant to verified fields: two nodes on real files, no wire and no rhythm between them.

An approver grants one field: the disclosure is made, and queued in the transaction that records it.
The other node takes the message in: it is checked against the block of the signal and stored. A
caseworker there is shown the field: it is checked again, and that it was shown is recorded first.
Each grant has a match of its own. The limit is what cannot be left out of that: three durable
commits, and twice an Ed25519 verification and the opening of a commitment.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from sqlalchemy import Connection

from bench.bare import commit, multiplication, verification
from bench.errors import BenchError
from bench.figure import Figure, quantile
from bench.workshop import Workshop
from ledger.exchange.words import Within
from nodes.store.matches import Matches
from tests.support.consortium import found
from tests.support.desks import ASK, Meeting, meeting

_SEED = 6
_FIELD = "theme"
_COMMITS, _VERIFICATIONS, _MULTIPLICATIONS = 3, 2, 4


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the median and the 99th percentile."""
    folder = shop.folder / "disclosure"
    folder.mkdir()
    took = asyncio.run(_grants(shop, folder, count=shop.scale.posts))
    limit = (
        _COMMITS * commit(folder)
        + _VERIFICATIONS * verification()
        + _MULTIPLICATIONS * multiplication()
    )
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        value = quantile(took, part)
        yield Figure(
            f"grant → verified fields, {name}", value * 1e3, "ms", samples=len(took),
            limit=limit * 1e3, limit_of="three bare commits, two verifications, four "
            "multiplications", ratio=value / limit,
        )  # fmt: skip


async def _grants(shop: Workshop, folder: Path, *, count: int) -> list[float]:
    random = Random(_SEED)  # noqa: S311 -- the same ids every time
    took = []
    async with meeting(found(folder)) as met:
        for done in range(count):
            shop.show("granting and verifying", done / count)
            match = random.randbytes(16)
            request = await _prepared(met, match)
            begun = time.perf_counter()
            await _grant(met, match, request)
            took.append(time.perf_counter() - begun)
            await _forget(met, match)
    return took


async def _prepared(met: Meeting, match: bytes) -> bytes:
    """Return a request about a new match that awaits its approval."""
    for side in met.sides:
        await side.meet(met.across(side), match=match)
        case = await side.case_id()
        await side.casework.confirm(side.worker, case, within=Within.DAY, match=match)
    await met.pump()
    svb, uwv = met.svb, met.uwv
    request = await svb.casework.say(svb.worker, await svb.case_id(), match, ASK)
    await met.pump()
    await uwv.casework.prepare(
        uwv.worker,
        await uwv.case_id(),
        match,
        request,
        fields=[_FIELD],
        last_day=met.clock.today(),
    )
    return request


async def _grant(met: Meeting, match: bytes, request: bytes) -> None:
    uwv, svb = met.uwv, met.svb
    await uwv.casework.approve(uwv.approver, await uwv.case_id(), match, request)
    await met.pump()
    shown = await svb.casework.shown(svb.worker, await svb.case_id(), match, request)
    if set(shown.fields) != {_FIELD}:
        raise BenchError("another field than was granted")


async def _forget(met: Meeting, match: bytes) -> None:
    """Let a match go: a person's case has a few, and not hundreds."""
    for side in met.sides:
        node = side.node

        def forget(connection: Connection, matches: Matches = node.matches) -> None:
            found = matches.get(connection, match.hex())
            if found is not None:
                matches.remove(connection, found)

        await node.writer.do(forget)
