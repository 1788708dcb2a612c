"""The order of scenes: one that breaks is counted, and the others are still played."""

from pathlib import Path

from demo.consortium import Members
from demo.errors import DemoError
from demo.leash import Leash
from demo.stage import Stage
from demo.story import play_all, verdict
from tests.support.screens import ReadScreen


class NoLeash(Leash):
    def __init__(self) -> None:
        pass


def make_stage() -> tuple[Stage, ReadScreen]:
    screen = ReadScreen()
    members = Members(Path("nowhere"), NoLeash())
    return Stage(members=members, people=[], spare=[], screen=screen), screen


def break_off(stage: Stage) -> None:
    raise DemoError("the stage is on fire")


def say_so(stage: Stage) -> None:
    stage.screen.say("still played")


def need_the_first(stage: Stage) -> None:
    stage.the_first()


def test_scenes_after_one_that_broke_are_still_played() -> None:
    stage, screen = make_stage()

    play_all([("First", break_off), ("Second", say_so)], stage)

    assert "still played" in screen.text
    assert len(screen.failures) == 1
    assert "the stage is on fire" in screen.text


def test_a_scene_that_needs_the_first_signal_says_that_there_is_none() -> None:
    stage, screen = make_stage()

    play_all([("Needs it", need_the_first)], stage)

    assert "there is no first signal" in screen.text


def test_the_verdict_names_every_claim_that_did_not_hold() -> None:
    screen = ReadScreen()
    screen.claim("water is wet", holds=False, expected="wet", seen="dry")

    verdict(screen)

    assert "1 did not hold" in screen.text
    assert screen.text.rstrip().endswith("water is wet")


def test_the_verdict_says_that_all_held_only_if_all_did() -> None:
    screen = ReadScreen()

    verdict(screen)

    assert "Every scene held." in screen.text
