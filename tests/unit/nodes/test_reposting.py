"""Posting anew leaves room for callers, and goes on where something refuses."""

import asyncio
from typing import Any, cast

import pytest

from nodes.errors import InputError
from nodes.reposting import AHEAD, Reposted, Reposting
from nodes.store.anew import FOUND, REFUSED, Anew
from nodes.store.database import Database
from nodes.store.signals import Signals
from tests.support.databases import VAULT
from tests.support.simulation.memory import MemoryWriter

MANY = 40


class RecordingIntake:
    """An intake with so many signals on their way already; it refuses those in `refused`."""

    def __init__(self, *, anew: int, has_callers: bool, refuses: bool = False) -> None:
        self.taken: list[str] = []
        self._anew = anew
        self._has_callers = has_callers
        self._refuses = refuses

    def count_anew(self) -> int:
        return self._anew

    def has_callers(self) -> bool:
        return self._has_callers

    async def post_anew(self, row: Anew) -> bool:
        if self._refuses:
            raise InputError("must be one of none", field="desk")
        self.taken.append(row.local_id)
        return True


def reposting_of(database: Database, intake: RecordingIntake) -> Reposting:
    signals = Signals(VAULT)
    with database.begin() as connection:
        for number in range(MANY):
            signals.anew.add(connection, f"{number:032x}", purpose="help", epoch=2)
    nothing = cast(Any, None)
    return Reposting(
        replica=nothing,
        database=database,
        writer=cast(Any, MemoryWriter(cast(Any, database))),
        signals=signals,
        matches=nothing,
        pending=cast(Any, intake),
        intake=cast(Any, intake),
        withdrawal=nothing,
    )


@pytest.mark.parametrize(
    ("anew", "has_callers", "taken"),
    [
        (0, False, AHEAD),
        (AHEAD - 3, False, 3),
        (AHEAD, False, 0),
        (0, True, 1),
        (1, True, 0),
        (AHEAD, True, 0),
    ],
)
def test_few_are_on_their_way_at_once_and_one_while_a_callers_signal_is(
    database: Database, anew: int, has_callers: bool, taken: int
) -> None:
    intake = RecordingIntake(anew=anew, has_callers=has_callers)

    is_more = asyncio.run(reposting_of(database, intake)._post())

    assert len(intake.taken) == taken
    assert is_more == (taken > 0)


def test_what_cannot_be_posted_anew_is_counted_and_not_tried_again(database: Database) -> None:
    reposting = reposting_of(database, RecordingIntake(anew=0, has_callers=False, refuses=True))

    async def post_all() -> None:
        while await reposting._post():
            pass

    asyncio.run(post_all())
    with database.read() as connection:
        anew = Signals(VAULT).anew
        assert anew.counts(connection, purpose="help", epoch=2) == {REFUSED: MANY}
        assert anew.following(connection, FOUND, count=1) == []


@pytest.mark.parametrize(
    ("done", "refused", "is_counted", "is_over"),
    [(10, 0, True, True), (7, 3, True, True), (9, 0, True, False), (10, 0, False, False)],
)
def test_it_is_over_when_all_are_known_and_each_is_done_or_refused(
    done: int, refused: int, is_counted: bool, is_over: bool
) -> None:
    progress = Reposted("help", 2, 1, 10, done, done, refused, is_counted)

    assert progress.is_over == is_over
