"""By when something is due, and who is told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.case.acts import Escalate, Remind
from ledger.case.pair import Pair
from ledger.case.terms import due_at, next_working_day, reminder_at, review_due
from ledger.exchange.message import Close, Confirm, Content
from ledger.exchange.words import Ending, Within
from tests.support.casework import START, WORKER, act, confirmed, denied, hear, new_pair, say

HOURS = {Within.FOUR_HOURS: 4, Within.DAY: 24, Within.FIVE_DAYS: 120}


def due(pair: Pair, hours: float) -> list[str]:
    return [one.what for one in pair.due(START + timedelta(hours=hours))]


@pytest.mark.parametrize(("within", "hours"), HOURS.items())
def test_term_is_as_long_as_it_says_and_its_reminder_halfway(within: Within, hours: int) -> None:
    assert due_at(START, within) == START + timedelta(hours=hours)
    assert reminder_at(START, within) == START + timedelta(hours=hours / 2)


@pytest.mark.parametrize(("within", "hours"), HOURS.items())
def test_desk_that_is_asked_is_reminded_and_then_its_lead_told(within: Within, hours: int) -> None:
    pair = hear(new_pair(), Confirm(within), hours=0)

    assert due(pair, hours / 2 - 0.01) == []
    assert due(pair, hours / 2) == ["reminder"]
    pair = act(pair, Remind(), by=None, hours=hours / 2)
    assert due(pair, hours - 0.01) == []
    assert due(pair, hours) == ["escalation"]
    pair = act(pair, Escalate(), by=None, hours=hours)
    assert due(pair, hours * 10) == []


def test_nobody_asked_and_a_match_is_still_not_left_lying() -> None:
    assert due(new_pair(), 60) == ["reminder"]
    assert due(new_pair(), 120) == ["reminder", "escalation"]
    # Told the lead once, there is no reminder to make up for.
    assert due(act(new_pair(), Escalate(), by=None, hours=120), 121) == []


@pytest.mark.parametrize("content", [Confirm(Within.DAY), Close(Ending.WITHDRAWN)])
def test_desk_that_responded_is_not_reminded(content: Content) -> None:
    pair = say(hear(new_pair(), Confirm(Within.FOUR_HOURS), hours=0), content)

    assert due(pair, 1000) == []


def test_desk_that_waits_for_the_other_is_not_reminded_and_sees_by_when_it_responds() -> None:
    pair = say(new_pair(), Confirm(Within.FOUR_HOURS), hours=2)

    assert due(pair, 1000) == []
    assert pair.respond_by == START + timedelta(hours=6)
    assert hear(pair, Confirm(Within.DAY)).respond_by is None
    assert confirmed().respond_by is None


def test_being_asked_makes_a_term_shorter_and_never_longer() -> None:
    late = hear(new_pair(), Confirm(Within.FIVE_DAYS), hours=100)
    soon = hear(new_pair(), Confirm(Within.FOUR_HOURS), hours=100)

    assert late.respond_by == START + timedelta(hours=120)
    assert soon.respond_by == START + timedelta(hours=104)


def test_who_was_reminded_of_a_longer_term_is_reminded_of_the_shorter_one() -> None:
    pair = act(new_pair(), Remind(), by=None, hours=61)

    assert due(hear(pair, Confirm(Within.FOUR_HOURS), hours=62), 64) == ["reminder"]


@pytest.mark.parametrize("what", [Remind(), Escalate()], ids=["reminder", "escalation"])
def test_nothing_is_told_before_it_is_due_twice_or_by_anybody(what: Remind | Escalate) -> None:
    assert denied(lambda: act(new_pair(), what, by=None, hours=1)) == "term"
    assert denied(lambda: act(new_pair(), what, by=WORKER, hours=130)) == "role"
    told = act(new_pair(), what, by=None, hours=130)
    assert denied(lambda: act(told, what, by=None, hours=131)) == "term"


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 12, 1), date(2026, 12, 2)),
        (date(2026, 12, 4), date(2026, 12, 7)),
        (date(2026, 12, 5), date(2026, 12, 7)),
        (date(2026, 12, 6), date(2026, 12, 7)),
        (date(2026, 12, 24), date(2026, 12, 28)),
    ],
)
def test_next_working_day_is_no_weekend_and_no_holiday(day: date, following: date) -> None:
    holidays = {date(2026, 12, 25), date(2026, 12, 26)}

    assert next_working_day(day, holidays=holidays) == following
    assert review_due(
        datetime(day.year, day.month, day.day, 23, tzinfo=UTC), holidays=holidays
    ) == (datetime(following.year, following.month, following.day, tzinfo=UTC) + timedelta(days=1))
