"""How the outbox keeps within the quota that the document sets."""

import asyncio
from pathlib import Path

import pytest

from nodes.errors import InputError, QuotaError
from tests.support.bench import Bench, benches, run
from tests.support.cluster import posting_of
from tests.support.consortium import Founded, found


@pytest.fixture
def tight(tmp_path: Path) -> Founded:
    return found(tmp_path, quota=3)


def test_a_quota_counts_what_waits_and_what_comes_at_once(tight: Founded) -> None:
    async def scenario() -> None:
        async with Bench(tight, "uwv") as bench:
            outcomes = await asyncio.gather(
                *(bench.post(key=f"{i}") for i in range(5)), return_exceptions=True
            )

            refused = [o for o in outcomes if isinstance(o, QuotaError)]
            assert len(refused) == 2
            assert "quota of 3 signals is used up" in str(refused[0])
            assert len(bench.own()) == 3

    run(scenario())


def test_a_quota_counts_each_signal_once_on_its_way_to_the_chain(tight: Founded) -> None:
    async def scenario() -> None:
        async with benches(tight, "uwv", "bzk") as (uwv, _):
            uwv.deliver()
            for i in range(3):
                local_id = await uwv.post(key=f"{i}")
                if i % 2:
                    await uwv.until(lambda: uwv.is_on_chain(local_id))  # noqa: B023

            with pytest.raises(QuotaError, match="post it tomorrow"):
                await uwv.post(key="one too many")

            uwv.clock.turn(days=1)
            await uwv.until(lambda: not uwv.node.pending)
            assert await uwv.post(key="tomorrow")

    run(scenario())


def test_a_quota_counts_after_a_restart_what_is_on_the_chain_and_what_waits(
    tight: Founded,
) -> None:
    async def scenario() -> None:
        async with Bench(tight, "uwv") as bench:
            await bench.apply(bench.signal(), bench.signal("svb"))
            await bench.post(key="waits")
        async with Bench(tight, "uwv", order=bench.order) as bench:
            await bench.post(key="third")

            with pytest.raises(QuotaError):
                await bench.post(key="fourth")

    run(scenario())


def test_a_request_that_failed_uses_up_no_quota(tight: Founded) -> None:
    async def scenario() -> None:
        async with Bench(tight, "uwv") as bench:
            for _ in range(3):
                await bench.post(key="the same")
                with pytest.raises(InputError):
                    await bench.post(posting_of("uwv", theme="none"), key="bad")

            assert await bench.post(key="second")
            assert await bench.post(key="third")

    run(scenario())


def test_over_quota_on_the_chain_waits_for_tomorrow_and_fills_no_order(tight: Founded) -> None:
    async def scenario() -> None:
        async with benches(tight, "uwv", "bzk") as (uwv, _):
            local_id = await uwv.post()
            # A second node of this member used up the day.
            await uwv.apply(*(uwv.signal() for _ in range(3)))
            uwv.deliver()
            await uwv.until(lambda: uwv.node.outbox.skipped == {local_id: "over-quota"})
            submitted = len(uwv.order.submissions)

            await asyncio.sleep(1.2)
            assert len(uwv.order.submissions) == submitted

            uwv.clock.turn(days=1)
            await uwv.until(lambda: uwv.is_on_chain(local_id))
            assert uwv.node.outbox.skipped == {}

    run(scenario())
