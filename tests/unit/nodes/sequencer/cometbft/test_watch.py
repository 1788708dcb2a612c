"""What a node says of its engine, and when it has it started again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from nodes.errors import SequencerError
from nodes.sequencer.cometbft import watch
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.machine import Engine
from nodes.sequencer.cometbft.rpc import EngineRpc
from nodes.sequencer.cometbft.watch import Watch
from tests.support.engines import OpenMachine

OWN, UWV, SVB, SZW = (digit * 40 for digit in "0123")
FOUNDERS = {
    name: Engine(name.encode().ljust(32), f"{peer}@{name}.test:26656")
    for name, peer in {"uwv": UWV, "svb": SVB, "szw": SZW}.items()
}
DUO = Engine(b"duo".ljust(32), f"{OWN}@duo.test:26656")
LISTENING = Engine(None, DUO.peer)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "ALONE_SECONDS", 0.05)
    monkeypatch.setattr(watch, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(watch, "_ASK_SECONDS", 0.005)


@dataclass
class FakeRpc(EngineRpc):
    """An engine that says of itself whatever a test wants."""

    present: set[str] = field(default_factory=set)
    height: int = 0
    catching_up: bool = True
    answers: bool = True

    async def peers(self, *, timeout: float) -> set[str]:
        del timeout
        return set(self.present)

    async def heights(self, *, timeout: float) -> list[int]:
        del timeout
        return []

    async def status(self, *, timeout: float) -> dict[str, Any]:
        del timeout
        if not self.answers:
            raise SequencerError("the engine does not answer")
        return {
            "latest_block_height": str(self.height),
            "latest_block_time": "2026-11-24T12:00:00Z",
            "catching_up": self.catching_up,
        }


class Fresh:
    """An application that has nothing to show again."""

    is_rehearsing = False


def looked(
    rpc: FakeRpc, until: Callable[[Watch, int], object], **engines: Engine
) -> tuple[Watch, int]:
    """Return the watch once `until` holds of it and of how often the engine was let go."""
    watched, count = Watch(rpc, own=OWN, patience=60.0), 0

    def hang_up() -> None:
        nonlocal count
        count += 1

    async def run() -> None:
        task = asyncio.create_task(
            watched.run(
                cast("Application", Fresh()),
                OpenMachine(FOUNDERS | engines),
                is_running=lambda: True,
                hang_up=hang_up,
            )
        )
        for _ in range(4000):
            if until(watched, count):
                break
            await asyncio.sleep(0.005)
        else:
            pytest.fail("it does not come")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    return watched, count


@pytest.mark.parametrize("engines", [{}, {"duo": LISTENING}])
def test_a_newcomer_that_reaches_nobody_is_told_what_lets_it_in(engines: dict[str, Engine]) -> None:
    rpc = FakeRpc()

    seen, _ = looked(rpc, lambda w, _: w.trouble and "lets this one in" in w.trouble, **engines)

    assert seen.seen == "height 0, of 2026-11-24T12:00:00"
    assert not seen.synced.is_set()


def test_an_engine_without_any_other_is_started_again_and_again() -> None:
    _, count = looked(FakeRpc(), lambda _, count: count >= 2, duo=DUO)

    assert count == 2


@pytest.mark.parametrize(
    ("rpc", "engines"),
    [
        pytest.param(FakeRpc(present={UWV}), {"duo": DUO}, id="one other is there"),
        pytest.param(FakeRpc(answers=False), {"duo": DUO}, id="it does not answer"),
    ],
)
def test_an_engine_in_company_or_not_there_is_left_alone(
    rpc: FakeRpc, engines: dict[str, Engine]
) -> None:
    looks = 0

    def many(_watch: Watch, _count: int) -> bool:
        nonlocal looks
        looks += 1
        return looks > 40

    _, count = looked(rpc, many, **engines)

    assert count == 0


def test_a_first_block_that_does_not_come_from_others_who_are_there_points_to_the_genesis() -> None:
    rpc = FakeRpc(present={UWV, SVB, SZW})

    seen, count = looked(rpc, lambda w, _: w.trouble and "engine.genesis" in w.trouble)

    assert "compare the file's SHA-256" in (seen.trouble or "")
    assert count == 0


@pytest.mark.parametrize(
    ("present", "duo", "away"),
    [
        ({UWV, SVB}, DUO, None),
        ({UWV}, DUO, "svb, szw cannot be reached, and more than two thirds of 4"),
        ({UWV, SVB, SZW}, LISTENING, None),
        ({UWV, SVB}, LISTENING, "szw cannot be reached, and more than two thirds of 3"),
    ],
)
def test_who_is_missing_counts_among_those_that_decide(
    present: set[str], duo: Engine, away: str | None
) -> None:
    rpc = FakeRpc(present=present, height=7, catching_up=False)

    seen, _ = looked(rpc, lambda w, _: w.synced.is_set(), duo=duo)

    assert (away in (seen.trouble or "")) if away else seen.trouble is None
