"""What a node puts on the chain about itself before anybody can talk to it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from nodes import announcer
from nodes.announcer import Announcer
from nodes.keyring import Keyring
from tests.support.bench import Bench, card_of, run
from tests.support.consortium import Founded, found


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "_LOOK_SECONDS", 0.005)
    monkeypatch.setattr(announcer, "_REPEAT_SECONDS", 0.02)


def empty(founded: Founded, *entries: bytes) -> Bench:
    """Return a bench whose order holds `entries` and nothing else."""
    bench = Bench(founded, "uwv")
    bench.order.append(entries or (b"junk",))
    return bench


def announcing(bench: Bench, *, url: str | None = None, ring: Keyring | None = None) -> Announcer:
    node = bench.node
    return Announcer(
        keyring=ring or node.keyring,
        engine=None,
        url=url or node.settings.url,
        founding=bench.founded.founding,
        replica=node.replica,
        sequencer=node.sequencer,
        clock=bench.clock,
    )


def test_an_empty_order_gets_the_founding_entry_and_then_the_card(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv", is_opened=False) as bench:
            running = bench.start(bench.node.announcer.run())
            bench.start(bench.node.follower.run())
            await running

            first, *others = bench.order.submissions
            assert first == (founded.founding.encode(),)
            assert set(others) == {(card_of(bench.node.keyring, day=bench.clock.today()),)}

    run(scenario())


def test_an_order_that_holds_anything_gets_no_founding_entry(founded: Founded) -> None:
    async def scenario() -> None:
        async with empty(founded) as bench:
            await bench.node.announcer._announce()

            assert len(bench.order.submissions) == 1

    run(scenario())


def test_a_card_that_says_what_is_true_is_not_said_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            assert bench.node.announcer.is_announced()

            await bench.node.announcer.run()

            assert len(bench.order.submissions) == 1

    run(scenario())


@pytest.mark.parametrize("change", ["url", "sealing", "recovery"])
def test_a_card_that_is_not_true_any_more_gets_its_next_version(
    founded: Founded, change: str
) -> None:
    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            own, other = bench.node.keyring, founded.keyring("svb")
            changed = {
                "url": announcing(bench, url="http://moved.test"),
                "sealing": announcing(bench, ring=replace(own, sealing=other.sealing)),
                "recovery": announcing(bench, ring=replace(own, recovery=other.recovery)),
            }[change]
            assert not changed.is_announced()
            bench.start(bench.node.follower.run())

            await changed.run()

            card = bench.node.replica.state.cards["uwv"]
            assert card.version == 2
            assert changed.is_announced()

    run(scenario())


def test_an_order_that_refuses_is_asked_again(founded: Founded) -> None:
    async def scenario() -> None:
        async with empty(founded, founded.founding.encode()) as bench:
            bench.order.refusal = "no room"
            running = bench.start(bench.node.announcer.run())
            bench.start(bench.node.follower.run())
            await asyncio.sleep(0.05)
            assert not running.done()

            bench.order.refusal = None
            await running

            assert bench.node.announcer.is_announced()

    run(scenario())
