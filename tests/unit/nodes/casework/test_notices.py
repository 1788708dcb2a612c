"""A desk is told once a period, at the period's own time, and of nothing in particular."""

import inspect

from ledger.exchange.message import Confirm, Text
from ledger.exchange.words import Within
from nodes.casework import notices
from nodes.casework.notices import DESK, TEXT, Addressee
from nodes.store.tables import NoticeRow
from tests.support.bench import run
from tests.support.consortium import Founded
from tests.support.desks import MATCH, PERSON, Meeting, meeting, story
from tests.support.raw_files import cells, schema

HOUR = 3600
NAME = str(NoticeRow.__tablename__)


async def period(met: Meeting, *, seconds: int = HOUR) -> list[Addressee]:
    """Let a time go by; return whom SVB's node told."""
    met.svb.bell.told.clear()
    met.clock.turn(seconds=seconds)
    await met.svb.node.office.notices.turn()
    return list(met.svb.bell.told)


def test_desk_is_told_once_a_period_however_much_came(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        desk = Addressee(DESK, met.svb.desk)
        assert await period(met) == [desk]
        assert await period(met) == []
        await met.confirmed()
        for number in range(5):
            await met.say(met.uwv, Text(f"Bericht {number}."))
        assert await period(met, seconds=HOUR - 1) == []
        assert await period(met, seconds=1) == [desk]
        assert await period(met, seconds=2 * HOUR) == []

    story(founded, tale)


def test_match_and_message_are_told_alike_at_the_end_of_the_period(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        desk = Addressee(DESK, met.svb.desk)
        seen = []
        for happen in (None, "message"):
            if happen:
                await met.say(met.uwv, Confirm(Within.DAY))
            seen.append([await period(met, seconds=900) for _ in range(4)])

        # NOON is the beginning of a period.
        assert seen == [[[], [], [], [desk]]] * 2

    story(founded, tale)


def test_what_was_not_told_is_told_with_the_next(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        met.svb.bell.is_broken = True
        assert await period(met) == []
        met.svb.bell.is_broken = False

        assert await period(met) == [Addressee(DESK, met.svb.desk)]
        assert await period(met) == []

    story(founded, tale)


def test_clock_that_jumps_tells_once_at_most(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        assert len(await period(met, seconds=400 * 24 * HOUR)) == 1
        assert await period(met, seconds=-500 * 24 * HOUR) == []
        await met.say(met.uwv, Confirm(Within.DAY))
        assert await period(met, seconds=0) == []
        assert len(await period(met, seconds=-24 * HOUR)) == 1

    story(founded, tale)


def test_notice_names_no_person_case_or_agency() -> None:
    for word in (PERSON.digits, MATCH.hex(), "uwv", "svb", "match", "bericht", "casus"):
        assert word not in TEXT.lower()
    parameters = inspect.signature(notices.Notifier.notify).parameters
    assert list(parameters) == ["self", "addressee"]


def test_who_is_to_be_told_lies_boxed_and_in_no_order(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded) as met:
            raw = b"".join(cells(met.svb.node.database, NAME))
            assert raw
            assert b"svb" not in raw
            assert schema(met.svb.node.database, NAME).rstrip().endswith("WITHOUT ROWID")

    run(within())


def test_without_a_notifier_nothing_is_kept(founded: Founded) -> None:
    async def within() -> None:
        async with meeting(founded) as met:
            await period(met)
            met.svb.node.office.notices._notifier = None
            await met.say(met.uwv, Confirm(Within.DAY))

            assert cells(met.svb.node.database, NAME) == []
            assert await period(met) == []

    run(within())
