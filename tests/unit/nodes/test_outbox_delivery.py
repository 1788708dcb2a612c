"""How signals come from the outbox onto the chain."""

import asyncio
from pathlib import Path

import pytest

from tests.support.bench import Bench, benches, run
from tests.support.consortium import Founded, found, url_of


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def test_signals_go_to_the_order_with_the_custodians_line(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            uwv.deliver()

            local_id = await uwv.post()
            await uwv.until(lambda: uwv.is_on_chain(local_id))

            block = uwv.block_of(local_id)
            assert block is not None
            assert [line.name.rpartition("/")[2] for line in block.signed.lines] == ["uwv", "bzk"]

    run(scenario())


def test_what_waits_goes_as_one_submission(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            ids = [await uwv.post(key=f"{i}") for i in range(20)]
            before = len(uwv.order.submissions)

            uwv.deliver()
            await uwv.until(lambda: uwv.is_on_chain(*ids))

            assert [len(s) for s in uwv.order.submissions[before:]] == [20]
            assert uwv.wires.sent.count((url_of("uwv"), url_of("bzk"))) == 2

    run(scenario())


def test_nothing_is_submitted_twice_by_a_restart(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            ids = [await uwv.post(key=f"{i}") for i in range(3)]
            running = asyncio.create_task(uwv.node.outbox.run(uwv.node.caught_up))
            await uwv.until(lambda: len(uwv.order.submissions) == 2)
            running.cancel()

            # As after a crash: what was submitted stands in the order and is not applied yet.
            uwv.deliver()
            ids += [await uwv.post(key=f"{i}") for i in range(3, 6)]
            await uwv.until(lambda: uwv.is_on_chain(*ids))

            submitted = [entry for batch in uwv.order.submissions[1:] for entry in batch]
            assert len(submitted) == len(set(submitted)) == 6

    run(scenario())


def test_an_order_that_refuses_is_tried_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            uwv.order.refusal = "no room"
            uwv.deliver()
            local_id = await uwv.post()
            await uwv.until(lambda: uwv.node.outbox.trouble == "no room")

            uwv.order.refusal = None
            await uwv.until(lambda: uwv.is_on_chain(local_id))

            assert uwv.node.outbox.trouble is None

    run(scenario())


def test_without_a_custodian_a_signal_waits_and_says_for_whom(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            uwv.wires.down.add(url_of("bzk"))
            uwv.deliver()
            local_id = await uwv.post()
            await uwv.until(lambda: uwv.node.outbox.trouble is not None)
            assert uwv.node.outbox.trouble == "no custodian answers: bzk, szw, svb"

            uwv.wires.down.clear()
            await uwv.until(lambda: uwv.is_on_chain(local_id))

    run(scenario())


def test_what_went_stale_off_the_chain_is_made_again_under_today(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            local_id = await uwv.post()
            uwv.clock.turn(days=5)
            await uwv.apply(uwv.signal("svb"))

            uwv.deliver()
            await uwv.until(lambda: uwv.is_on_chain(local_id))

            block = uwv.block_of(local_id)
            assert block is not None
            assert block.signed.entry.day == uwv.clock.today()
            assert len(uwv.own()) == 1

    run(scenario())


def test_what_a_custodian_finds_too_old_is_made_again_under_today(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            local_id = await uwv.post()
            # The chain knows of no later day, so the entry is not stale; the custodian's clock is.
            uwv.clock.turn(days=2)

            uwv.deliver()
            await uwv.until(lambda: uwv.is_on_chain(local_id))

            block = uwv.block_of(local_id)
            assert block is not None
            assert block.signed.entry.day == uwv.clock.today()

    run(scenario())


def test_what_came_on_the_chain_meanwhile_is_not_made_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with benches(founded, "uwv", "bzk") as (uwv, _):
            local_id = await uwv.post()
            with uwv.node.database.read() as connection:
                sdjwt = uwv.node.signals.disclosures.sdjwt(connection, local_id)
                (outgoing,) = uwv.node.signals.outgoing(connection, [local_id])
            await uwv.apply(uwv.stored(outgoing.signed, "bzk").encode())

            # What the outbox does when a state that runs ahead of the disk calls it stale.
            made_again = await uwv.node.outbox._redraft(local_id)

            assert made_again is None
            with uwv.node.database.read() as connection:
                assert uwv.node.signals.disclosures.sdjwt(connection, local_id) == sdjwt
            assert (block := uwv.block_of(local_id)) is not None
            assert block.signed.id == outgoing.signed.id

    run(scenario())


def test_what_the_chain_refuses_is_tried_less_and_less_often(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[float] = []

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            local_id = await bench.post()
            loop = asyncio.get_running_loop()
            monkeypatch.setattr(loop, "call_later", lambda delay, *_: delays.append(delay))

            for _ in range(12):
                bench.node.outbox.refused(local_id, "role")
            bench.node.outbox.refused(local_id, "duplicate")

            assert delays == sorted(delays)
            assert delays[:3] == [0.5, 1.0, 2.0]
            assert delays[-1] == 60.0
            assert len(delays) == 12
            assert bench.node.outbox.skipped == {local_id: "role"}
            monkeypatch.undo()

    run(scenario())


def test_whoever_waits_for_finality_goes_at_once_or_after_its_patience(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            outbox = bench.node.outbox
            local_id = await bench.post()
            waiting = asyncio.create_task(outbox.wait_final(local_id, timeout=60))
            await asyncio.sleep(0)

            await outbox.wait_final(local_id, timeout=0.01)
            assert not waiting.done()
            outbox.finalized([local_id, "another"])
            await waiting

            assert outbox._waiting == {}

    run(scenario())
