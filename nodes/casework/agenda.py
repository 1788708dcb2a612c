"""The agenda of a pair: what the clock has to do next, and what a worklist shows meanwhile.

reminder, escalation   while this desk has not confirmed
review                 when it is overdue, and each day after
erase                  the day after a grant's last one
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from ledger.case.pair import Due, Pair
from ledger.case.request import Asked, Stage
from ledger.case.terms import due_at, reminder_at

_DAY = timedelta(days=1)


class Next(NamedTuple):
    """`what` the clock has to do `at` a time."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """A pair in short: at which `desk`, with which, its `state`, and what is awaited from whom.

    `asked`, `prepared` and `review` are the other desk's requests by id: to be prepared, to be
    decided, and broken glass to be judged; `acute` are those in `asked` for which the glass may be
    broken. `due` is when the clock has something to do next.
    """

    desk: str
    other_desk: str
    state: str
    respond_by: str | None
    due: str | None
    what: str | None
    asked: tuple[str, ...]
    acute: tuple[str, ...]
    prepared: tuple[str, ...]
    review: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return what is stored."""
        return asdict(self)


def summary_of(pair: Pair, now: datetime, *, erased: Collection[str]) -> Summary:
    """Return a pair in short, as of `now`; of requests in `erased` nothing is left to erase."""
    upcoming = min(agenda(pair, now, erased=erased), key=lambda one: one.at, default=None)
    theirs = [one for one in pair.requests if not one.is_own]
    is_open = pair.closed is None
    return Summary(
        desk=pair.own_desk,
        other_desk=pair.other_desk,
        state=state_of(pair),
        respond_by=None if pair.respond_by is None else pair.respond_by.isoformat(),
        due=None if upcoming is None else upcoming.at.astimezone(UTC).isoformat(),
        what=None if upcoming is None else upcoming.what,
        asked=_ids(one for one in theirs if is_open and one.stage is Stage.ASKED),
        acute=_ids(one for one in theirs if is_open and one.is_acute),
        prepared=_ids(one for one in theirs if is_open and one.stage is Stage.PREPARED),
        review=_ids(one for one in theirs if _is_to_review(one)),
    )


def state_of(pair: Pair) -> str:
    """Return how far a pair is, in a word."""
    if pair.closed is not None:
        return "closed"
    if pair.is_false:
        return "false-match"
    if pair.is_coordinated:
        return "coordinated"
    if pair.is_confirmed:
        return "confirmed"
    if pair.own_confirmed is not None:
        return "waiting"
    return "new" if pair.other_confirmed is None else "asked"


def agenda(pair: Pair, now: datetime, *, erased: Collection[str]) -> Iterator[Next]:
    """Yield what the clock has to do about a pair, in no order."""
    if pair.closed is None and pair.own_confirmed is None and not pair.is_escalated:
        if not pair.is_reminded:
            yield Next("reminder", reminder_at(pair.asked_at, pair.asked_within))
        yield Next("escalation", due_at(pair.asked_at, pair.asked_within))
    for one in pair.requests:
        if _is_to_review(one) and one.review_by is not None:
            # Who was told of it today is told again tomorrow.
            yield Next("review", one.review_by if one.review_by > now else _midnight(now) + _DAY)
        if one.is_own and one.stage is Stage.GRANTED and one.id.hex() not in erased:
            yield Next("erase", _after(one))


def ended(pair: Pair, now: datetime, *, erased: Collection[str]) -> list[Asked]:
    """Return own requests whose grant is over, and not erased yet."""
    return [
        one
        for one in pair.requests
        if one.is_own
        and one.stage is Stage.GRANTED
        and one.id.hex() not in erased
        and _after(one) <= now
    ]


def overdue(pair: Pair, now: datetime) -> list[Due]:
    """Return reviews that are overdue."""
    return [due for due in pair.due(now) if due.what == "review"]


def _after(one: Asked) -> datetime:
    last = one.last_day
    if last is None:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(last + _DAY, time(), UTC)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def _is_to_review(one: Asked) -> bool:
    return one.review_by is not None and one.is_justified is None


def _ids(requests: Iterator[Asked]) -> tuple[str, ...]:
    return tuple(one.id.hex() for one in requests)
