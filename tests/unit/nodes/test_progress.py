import asyncio

import pytest

from nodes.progress import Milestone


def test_what_is_reached_already_is_not_waited_for() -> None:
    assert asyncio.run(Milestone(5).wait_for(5, timeout=0))


def test_whoever_waits_goes_when_enough_is_reached_and_no_sooner() -> None:
    async def scenario() -> list[bool]:
        milestone = Milestone(0)
        waiting = [asyncio.create_task(milestone.wait_for(target)) for target in (1, 2, 3)]
        await asyncio.sleep(0)

        milestone.reach(2)
        await asyncio.gather(*waiting[:2])
        states = [task.done() for task in waiting]
        milestone.reach(3)
        await waiting[2]
        return states

    assert asyncio.run(scenario()) == [True, True, False]


def test_it_never_goes_back() -> None:
    milestone = Milestone(7)

    milestone.reach(3)

    assert milestone.value == 7


def test_patience_ends() -> None:
    assert not asyncio.run(Milestone(0).wait_for(1, timeout=0.01))


def test_whoever_gave_up_holds_nobody_up() -> None:
    async def scenario() -> bool:
        milestone = Milestone(0)
        impatient = asyncio.create_task(milestone.wait_for(1))
        patient = asyncio.create_task(milestone.wait_for(1))
        await asyncio.sleep(0)

        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        milestone.reach(1)
        return await patient

    assert asyncio.run(scenario())


def test_a_cancellation_in_the_very_moment_of_arrival_still_cancels() -> None:
    async def scenario() -> None:
        milestone = Milestone(0)
        waiting = asyncio.create_task(milestone.wait_for(1, timeout=60))
        await asyncio.sleep(0)

        milestone.reach(1)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())
