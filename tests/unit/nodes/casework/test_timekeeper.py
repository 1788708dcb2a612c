"""What is due is done when it is due, whatever the clock does."""

from datetime import timedelta

import pytest

from ledger.exchange.message import Confirm, Text
from ledger.exchange.words import Within
from nodes.casework.notices import DESK, LEAD, OFFICER, Addressee
from tests.support.consortium import Founded
from tests.support.desks import ACUTE, MATCH, Meeting, Side, story, watched
from tests.support.fakes import NOON

HOUR = 3600


async def turn(side: Side) -> list[str]:
    """Let a side's timekeeper look once; return what the timeline says of it."""
    await side.node.office.timekeeper.turn()
    return [line.kind for line in (await side.file()).timeline]


async def told(side: Side) -> set[Addressee]:
    """Let a period end, and return who was told."""
    side.bell.told.clear()
    side.bench.clock.turn(seconds=HOUR)
    await side.node.office.notices.turn()
    return set(side.bell.told)


def test_desk_is_reminded_and_its_lead_hears_of_what_was_left_lying(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        uwv = met.uwv
        assert await told(uwv) == {Addressee(DESK, uwv.desk)}
        met.clock.moment = NOON
        await met.days(2, seconds=12 * HOUR - 1)
        assert await turn(uwv) == []
        met.clock.turn(seconds=1)
        assert await turn(uwv) == ["remind"]
        assert await turn(uwv) == ["remind"]
        assert await told(uwv) == {Addressee(DESK, uwv.desk)}
        await met.days(2, seconds=12 * HOUR)
        assert await turn(uwv) == ["remind", "escalate"]
        assert await told(uwv) == {Addressee(LEAD, uwv.desk)}
        await met.days(30)
        assert await turn(uwv) == ["remind", "escalate"]
        assert await told(uwv) == set()
        assert (await uwv.casework.worklist(uwv.worker))[0].due is None

    story(founded, tale)


def test_shorter_term_that_the_other_asks_for_runs_from_then(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        await met.say(met.svb, Confirm(Within.FOUR_HOURS))
        (seen,) = await met.uwv.casework.worklist(met.uwv.worker)
        assert (seen.what, seen.due) == ("reminder", NOON + timedelta(hours=2))
        assert seen.pairs[0].respond_by == NOON + timedelta(hours=4)
        assert seen.pairs[0].state == "asked"
        met.clock.turn(seconds=2 * HOUR)
        assert (await turn(met.uwv))[-1] == "remind"
        met.clock.turn(seconds=2 * HOUR)
        assert (await turn(met.uwv))[-1] == "escalate"
        await met.say(met.uwv, Confirm(Within.DAY))

        assert (await met.uwv.casework.worklist(met.uwv.worker))[0].due is None
        assert (await turn(met.svb)) == ["confirm", "heard-confirm"]

    story(founded, tale)


def test_whoever_was_down_past_both_is_reminded_and_escalates_at_once(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        await met.days(6)

        assert await turn(met.uwv) == ["remind", "escalate"]

    story(founded, tale)


def test_clock_that_jumps_ahead_makes_nothing_due_and_leaves_no_event_in_the_future(
    founded: Founded,
) -> None:
    async def tale(met: Meeting) -> None:
        request = await met.granted()
        await met.pump()
        svb = met.svb
        met.clock.turn(days=3650)

        await svb.node.office.timekeeper.turn()
        await svb.hear(Text("Wij bellen morgen."), of=met.uwv, named="later")

        met.clock.moment = NOON
        shown = await svb.casework.shown(svb.worker, await svb.case_id(), MATCH, request)
        assert set(shown.fields) == {"theme"}
        assert (await svb.file()).pair.last < NOON + timedelta(days=4)
        again = await met.ask(svb)
        await met.prepare(met.uwv, again)
        await met.uwv.casework.approve(met.uwv.approver, await met.uwv.case_id(), MATCH, again)
        assert await met.pump() == 1
        assert svb.refusals() == {}

    story(founded, tale)


def test_clock_set_back_turns_no_order_around_and_makes_no_term_longer(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        uwv = met.uwv
        await met.days(3)
        assert await turn(uwv) == ["remind"]
        met.clock.turn(days=-20)

        assert await turn(uwv) == ["remind"]
        await met.say(uwv, Confirm(Within.DAY))
        await met.say(met.svb, Confirm(Within.DAY))
        await met.say(uwv, Text("Bel ons."))

        file = await uwv.file()
        assert [line.at for line in file.timeline] == sorted(line.at for line in file.timeline)
        assert file.pair.own_confirmed == NOON + timedelta(days=3)
        await met.uwv.node.office.notices.turn()

    story(founded, tale)


def test_overdue_review_is_told_the_officer_each_day_until_it_is_done(founded: Founded) -> None:
    async def tale(met: Meeting) -> None:
        await met.confirmed()
        request = await met.ask(met.svb, ACUTE)
        uwv, case = met.uwv, await met.uwv.case_id()
        await uwv.casework.break_glass(
            uwv.approver, case, MATCH, request, last_day=met.clock.today()
        )
        officer = Addressee(OFFICER, "uwv")
        assert officer in await told(uwv)
        await turn(uwv)
        assert officer not in await told(uwv)
        met.clock.moment = NOON
        await met.days(1, seconds=12 * HOUR)
        for _ in range(2):
            await turn(uwv)
            assert officer in await told(uwv)
            await turn(uwv)
            assert officer not in await told(uwv)
            await met.days(1)
        await uwv.casework.review(uwv.officer, case, MATCH, request, is_justified=True)
        await met.days(1)
        await turn(uwv)
        assert officer not in await told(uwv)

    story(founded, tale)


def test_timekeeper_plays_no_case_whose_time_has_not_come(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tale(met: Meeting) -> None:
        loaded = watched(monkeypatch)
        await met.uwv.node.office.timekeeper.turn()
        assert loaded == []
        await met.days(2, seconds=12 * HOUR)
        loaded.clear()
        await met.uwv.node.office.timekeeper.turn()
        assert loaded == [MATCH.hex()]
        await met.days(1)
        loaded.clear()
        await met.uwv.node.office.timekeeper.turn()

        assert loaded == []

    story(founded, tale)
