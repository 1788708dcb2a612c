"""Four nodes post onto one chain, and everybody can check it."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from ledger.block import Block
from ledger.receipt import verify_receipt
from tests.support.accounts import verify_nothing_lost
from tests.support.bench import run
from tests.support.cluster import Cluster
from tests.support.consortium import DESKS, ROLES, Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_every_post_gets_a_receipt_under_three_of_four_that_any_node_can_give(
    founded: Founded,
) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted = {await cluster.post(name): name for name in DESKS}
            for local_id, name in posted.items():
                await cluster.until_final(name, local_id)
            await cluster.until_settled()

            for local_id, name in posted.items():
                own = cluster.signal(name, local_id)
                assert own.height is not None
                for witness in ROLES:
                    receipt = cluster[witness].log.receipt(own.height, is_inside=True)
                    assert Block.decode(receipt.block).signed.id == own.entry_id
                    times = verify_receipt(
                        receipt,
                        origin=founded.document.origin,
                        members=founded.document.witnesses,
                        quorum=founded.document.quorum,
                    )
                    assert len(times) >= 3
            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_posts_of_the_same_instant_come_in_one_order_everywhere(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            names = list(DESKS) * 15

            ids = await asyncio.gather(*(cluster.post(name) for name in names))
            await cluster.until_settled()

            assert len(set(ids)) == len(ids)
            verify_nothing_lost(cluster, dict(zip(ids, names, strict=True)))
            report = cluster.audit("szw")
            assert {name: report.counts[name, "signal"] for name in DESKS} == dict.fromkeys(
                DESKS, 15
            )

    run(scenario())


def test_wires_that_lose_a_third_of_everything_lose_no_signal(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            random = Random(3)
            cluster.wires.lose_requests = lambda *_: random.random() < 0.2
            cluster.wires.lose_answers = lambda *_: random.random() < 0.2

            posted = {await cluster.post(name): name for name in list(DESKS) * 4}
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_slow_wires_only_make_it_late(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            cluster.wires.delay = 0.05

            posted = {await cluster.post(name): name for name in DESKS}
            await cluster.until_settled()

            verify_nothing_lost(cluster, posted)

    run(scenario())


def test_days_go_by_and_the_chain_goes_on(founded: Founded) -> None:
    async def scenario() -> None:
        async with Cluster(founded) as cluster:
            posted: dict[str, str] = {}
            for _ in range(4):
                posted |= {await cluster.post(name): name for name in DESKS}
                await cluster.until_settled()
                cluster.clock.turn(days=2)

            verify_nothing_lost(cluster, posted)
            state = cluster["bzk"].replica.state
            # Repeats are remembered for days, not for ever.
            assert len(state.recent) <= 3

    run(scenario())
