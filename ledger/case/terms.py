"""Terms: by when a desk responds, is reminded, and its lead hears of it; all in UTC.

4h, 1d, 5d      from the moment that a message arrived or was sent, by the clock
reminder        when half of that is over
escalation      when all of it is
review          the end of the next working day, Monday to Friday but for holidays
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from ledger.errors import DeniedError
from ledger.exchange.words import Within

LONGEST_GRANT = timedelta(days=366)
_LENGTH = {
    Within.FOUR_HOURS: timedelta(hours=4),
    Within.DAY: timedelta(days=1),
    Within.FIVE_DAYS: timedelta(days=5),
}
_SATURDAY = 5


def due_at(start: datetime, within: Within) -> datetime:
    """Return by when a response is due."""
    return start + _LENGTH[within]


def reminder_at(start: datetime, within: Within) -> datetime:
    """Return when to remind whoever has not responded."""
    return start + _LENGTH[within] / 2


def next_working_day(day: date, *, holidays: Collection[date] = ()) -> date:
    """Return the first working day after `day`."""
    following = day + timedelta(days=1)
    while following.weekday() >= _SATURDAY or following in holidays:
        following += timedelta(days=1)
    return following


def review_due(at: datetime, *, holidays: Collection[date] = ()) -> datetime:
    """Return by when the privacy officer has reviewed what was granted at `at`."""
    day = next_working_day(at.astimezone(UTC).date(), holidays=holidays)
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def verify_last_day(last_day: date, *, today: date) -> None:
    """Check that a grant given `today` can end on `last_day`.

    Raises:
        DeniedError: over already, or more than a year ahead.
    """
    if last_day < today:
        raise DeniedError("term", "a grant cannot end before it begins")
    if last_day > today + LONGEST_GRANT:
        raise DeniedError("term", "a grant ends within a year; it can be asked for again")
