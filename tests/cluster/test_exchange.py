"""Messages between desks on running nodes: whole, once, and in no more than their beats."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.exchange.beat import Size
from ledger.exchange.item import CHUNK_BYTES, MAX_MESSAGE_BYTES
from nodes.errors import NodeError
from nodes.peers.port import ITEMS
from nodes.store import matching
from tests.support.agencies import is_a
from tests.support.bench import run
from tests.support.cluster import PATIENCE_SECONDS
from tests.support.consortium import DESKS, Founded, found, url_of
from tests.support.exchange_cluster import ISSUERS, ExchangeCluster, GoingClock
from tests.support.faults import PLACES

LONG = b"long" * (3 * CHUNK_BYTES // 4)


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_messages_of_one_and_of_many_pieces_arrive_whole_and_once(founded: Founded) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded) as cluster:
            await cluster.until_addressed()
            short, long = b"short", b"long" * (MAX_MESSAGE_BYTES // 4)

            first = await cluster.send("uwv", "svb", short)
            await cluster.send("uwv", "svb", long)
            await cluster.send("uwv", "szw", b"for szw")
            assert await cluster.beat("uwv")
            await cluster.until_heard("svb", short)
            assert [one.raw for one in cluster.mail("svb")] == [short]
            assert await cluster.beat("uwv")
            await cluster.until_heard("svb", short, long)
            await cluster.until_heard("szw", b"for szw")
            await cluster.until_taken()

            heard = cluster.mail("svb")
            assert [one.raw for one in heard] == [short, long]
            assert {(one.author, one.desk) for one in heard} == {("uwv", DESKS["svb"])}
            assert heard[0].message == first
            with cluster["uwv"].database.read() as connection:
                assert cluster["uwv"].beat.height_of(connection, first) == heard[0].height
            assert [e.entry.further for e in cluster.beats("svb")] == ["16\n", "16\n"]
            assert cluster.audit("bzk").findings == []

    run(scenario())


def test_all_three_keep_a_rhythm_by_themselves_and_hear_each_other(founded: Founded) -> None:
    async def scenario() -> None:
        clock = GoingClock()
        async with ExchangeCluster(founded, period=1.0, clock=clock) as cluster:
            said = {(a, b): f"{a} to {b}".encode() for a in ISSUERS for b in ISSUERS if a != b}
            for (author, to), raw in said.items():
                await cluster.send(author, to, raw)

            for (_, to), raw in said.items():
                await cluster.until_heard(to, raw)
            await cluster.until(
                lambda: all(len(cluster.beats("bzk", author=name)) >= 3 for name in ISSUERS)
            )

            assert {e.entry.further for e in cluster.beats("bzk")} == {"16\n"}
            assert all(len(cluster.mail(name)) == 2 for name in ISSUERS)

    run(scenario())


def test_urgent_ones_go_at_once(founded: Founded) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded, period=86_400.0) as cluster:
            await cluster.until_addressed()
            await cluster.send("uwv", "svb", b"ordinary")
            await cluster.send("uwv", "szw", b"urgent", is_urgent=True)
            await cluster.until_heard("szw", b"urgent")
            await cluster.send("uwv", "szw", b"urgent too", is_urgent=True)
            await cluster.until_heard("szw", b"urgent", b"urgent too")

            sizes = [Size.decode(e.entry.further) for e in cluster.beats("uwv", author="uwv")]
            assert sizes == [Size(16, is_urgent=True)] * 2

    run(scenario())


def test_a_recipient_that_is_down_for_a_day_gets_everything(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than it may ask for at once, and more than one answer holds."""
    monkeypatch.setattr("nodes.pickup._MAX_ANSWER_BYTES", 1024 * 1024)

    async def scenario() -> None:
        async with ExchangeCluster(founded) as cluster:
            await cluster.until_addressed()
            await cluster.stop("svb")
            said = []
            for number in range(66):
                said.append(f"message {number}".encode())
                await cluster.send("uwv", "svb", said[-1])
                assert await cluster.beat("uwv")
                await cluster.until(lambda: is_final(cluster, "uwv"))
                cluster.clock.turn(seconds=1300)

            cluster.start("svb")
            await cluster.until_heard("svb", *said)
            await cluster.until_taken()

            assert [one.raw for one in sorted(cluster.mail("svb"), key=lambda m: m.height)] == said
            with cluster["svb"].database.read() as connection:
                assert matching.wanted(connection, count=1) == []

    run(scenario())


def test_what_comes_after_something_withheld_waits_for_it_for_a_day(founded: Founded) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded) as cluster:
            await cluster.until_addressed()
            said = [f"number {number}".encode() for number in range(5)]
            for number, raw in enumerate(said):
                cluster.wires.down = {url_of("svb")} if number == 0 else set()
                cluster.wires.lose_requests = lambda sender, url, message: is_a(message, ITEMS)
                await cluster.send("uwv", "svb", raw)
                assert await cluster.beat("uwv")
                await cluster.until(lambda: is_final(cluster, "uwv"))
            await cluster.send("uwv", "szw", b"to another")
            await cluster.send("szw", "svb", b"by another")
            for name in ("uwv", "szw"):
                assert await cluster.beat(name)
            await cluster.until_heard("svb", b"by another")
            await cluster.until_heard("szw", b"to another")
            assert [one.raw for one in cluster.mail("svb")] == [b"by another"]

            cluster.clock.turn(days=2)
            await cluster.until_heard("svb", *said[1:])
            assert [one.raw for one in cluster.mail("svb")[1:]] == said[1:]

            cluster.wires.lose_requests = lambda sender, url, message: False
            await cluster.until_heard("svb", said[0])
            await cluster.until_taken()
            assert len(cluster.mail("svb")) == 1 + len(said)

    run(scenario())


def is_final(cluster: ExchangeCluster, name: str) -> bool:
    """Tell whether nothing of a node's is on its way."""
    node = cluster[name]
    with node.database.read() as connection:
        return node.beat._outgoing.count(connection) == 0


def test_where_no_other_issuer_is_there_a_custodian_keeps_the_frames(founded: Founded) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded) as cluster:
            await cluster.until_addressed()
            cluster.wires.down |= {url_of("svb"), url_of("szw")}
            await cluster.send("uwv", "svb", b"left at bzk")
            await cluster.send("uwv", "szw", b"this too")
            assert await cluster.beat("uwv")
            await cluster.until(lambda: len(cluster.beats("bzk")) == 1)
            cluster.wires.down = {url_of("uwv")}

            await cluster.until_heard("svb", b"left at bzk")
            await cluster.until_heard("szw", b"this too")

    run(scenario())


@pytest.mark.parametrize("items", [64, 256])
def test_large_beats_come_too_also_late(founded: Founded, items: int) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded, items=items) as cluster:
            await cluster.until_addressed()
            cluster.wires.down.add(url_of("svb"))
            said = [f"number {number}".encode() for number in range(2)]
            for raw in said:
                await cluster.send("uwv", "svb", raw)
                assert await cluster.beat("uwv")
                await cluster.until(lambda: is_final(cluster, "uwv"))
            cluster.wires.down.clear()

            await cluster.until_heard("svb", *said)

    run(scenario())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("who", ["uwv", "svb"])
def test_nothing_is_lost_or_doubled_by_a_crash(founded: Founded, who: str, place: str) -> None:
    async def scenario() -> None:
        async with ExchangeCluster(founded) as cluster:
            await cluster.until_addressed()
            said = [b"first", LONG, b"last"]
            wanted = {raw + bytes([after]) for raw in said for after in range(3)}
            for after in range(3):
                for raw in said:
                    await cluster.send("uwv", "svb", raw + bytes([after]))
                cluster.doom(who, place, after=after)
                await beat_until(cluster, lambda: not cluster.died.empty() or is_heard(cluster))
                while not cluster.died.empty():
                    cluster.died.get_nowait()
                await cluster.restart(who)

            await beat_until(cluster, lambda: {one.raw for one in cluster.mail("svb")} >= wanted)
            await cluster.until(lambda: is_final(cluster, "uwv"))
            await cluster.until_taken()

            assert sorted(one.raw for one in cluster.mail("svb")) == sorted(wanted)
            assert cluster.audit("bzk").findings == []

    run(scenario())


def is_heard(cluster: ExchangeCluster) -> bool:
    """Tell whether all that UWV said is final, and SVB has nothing to fetch."""
    return is_final(cluster, "uwv") and cluster.is_settled()


async def beat_until(cluster: ExchangeCluster, holds: Callable[[], bool]) -> None:
    """Let moments of UWV come until `holds`, whether or not it lives."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            with suppress(NodeError):
                await cluster.beat("uwv")
            await asyncio.sleep(0.02)
