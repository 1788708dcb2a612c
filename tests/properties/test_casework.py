"""Whatever is tried in whatever order, a case keeps what protects the person it is about."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.case.acts import (
    Act,
    Approve,
    BreakGlass,
    Escalate,
    Event,
    Hear,
    Prepare,
    Remind,
    Review,
    Say,
)
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role
from ledger.case.request import BREAK_GLASS_FIELDS, Asked, Stage
from ledger.case.rules import play
from ledger.consortium import VOCABULARY
from ledger.errors import LedgerError
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Coordinate,
    Message,
    Outcome,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import Ending, Necessity, Refusal, Release, Result, Within
from ledger.matrix import askable
from tests.support.casework import (
    ACUTE,
    ASK,
    BASIS,
    LAST_DAY,
    MATCH,
    OFFICER,
    PURPOSE,
    SETTING,
    START,
    SVB,
    UWV,
    identity,
    new_pair,
)

IDS = st.integers(0, 2).map(identity)
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.builds(Confirm, st.sampled_from(Within)),
    st.builds(Outcome, st.sampled_from(Result)),
    st.builds(Coordinate, st.sampled_from([UWV, SVB, "szw/maatwerk"])),
    st.sampled_from(
        [ASK, ACUTE, Request(PURPOSE, BASIS, Necessity.ACUTE, VOCABULARY), Text("Bel ons.")]
    ),
    st.builds(Refuse, IDS, st.sampled_from(Refusal)),
    st.builds(Close, st.sampled_from(Ending)),
)
_DAY = st.just(LAST_DAY)
FIELDS = st.lists(st.sampled_from(VOCABULARY), max_size=3).map(tuple)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Say, IDS, CONTENTS),
    st.builds(Prepare, IDS, FIELDS, _DAY),
    st.builds(Approve, IDS),
    st.builds(BreakGlass, IDS, _DAY),
    st.builds(Review, IDS, st.booleans()),
)
ACTORS = st.builds(
    Actor,
    st.sampled_from(["p1", "p2"]),
    st.sampled_from([Role.CASEWORKER, Role.APPROVER]),
    st.just(UWV),
    st.sampled_from([None, "p1", "p2"]),
) | st.sampled_from([OFFICER, Actor("p3", Role.POLICY, UWV), Actor("p3", Role.APPROVER, SVB)])
TIMES = st.integers(-50, 300).map(lambda hours: START + timedelta(hours=hours))
EVENTS = st.one_of(
    st.builds(Event, TIMES, ACTS, ACTORS),
    st.builds(
        Event,
        TIMES,
        st.builds(Hear, IDS, st.builds(Message, st.just(MATCH), st.just(SVB), CONTENTS)),
    ),
    st.builds(Event, TIMES, st.sampled_from([Remind(), Escalate()])),
)
DECISIONS = st.builds(
    Event,
    TIMES,
    st.builds(Approve, IDS) | st.builds(BreakGlass, IDS, _DAY),
    st.builds(
        Actor,
        st.sampled_from(["p1", "p2"]),
        st.just(Role.APPROVER),
        st.just(UWV),
        st.sampled_from([None, "p1", "p2"]),
    ),
)
# What an honest case begins with, so that most of what is tried is not refused for the same reason.
BEGUN = [
    Event(START, Say(identity("own"), Confirm(Within.DAY)), Actor("p1", Role.CASEWORKER, UWV)),
    Event(START, Hear(identity("other"), Message(MATCH, SVB, Confirm(Within.DAY)))),
    Event(START, Hear(identity(0), Message(MATCH, SVB, ASK))),
    Event(START, Hear(identity(1), Message(MATCH, SVB, ACUTE))),
    Event(START, Prepare(identity(0), ("theme",), LAST_DAY), Actor("p1", Role.CASEWORKER, UWV)),
]


BEGINNINGS = st.sampled_from([len(BEGUN), len(BEGUN), 0]) | st.integers(0, len(BEGUN))


def course(events: list[Event]) -> list[Pair]:
    """Return the states that a pair goes through; what is refused leaves it as it is."""
    states = [new_pair()]
    for event in events:
        try:
            states.append(play(states[-1], event, SETTING))
        except LedgerError:
            states.append(states[-1])
    return states


def verify_granted(one: Asked) -> None:
    """Check that what was granted here was asked, allowed, and decided as it must be."""
    assert set(one.fields) <= set(one.request.wanted)
    assert set(one.fields) <= set(
        askable(purpose=PURPOSE, desk=one.desk, document=SETTING.document)
    )
    assert one.decided_by is not None
    if one.release is Release.BREAK_GLASS:
        assert one.request.necessity is Necessity.ACUTE
        assert set(one.fields) <= BREAK_GLASS_FIELDS
        assert one.review_by is not None
    else:
        assert one.prepared_by is not None
        assert not one.prepared_by.hands & one.decided_by.hands


@given(begun=BEGINNINGS, tried=st.lists(EVENTS, max_size=25))
def test_nothing_is_ever_granted_that_should_not_be(begun: int, tried: list[Event]) -> None:
    for before, after in pairwise(course([*BEGUN[:begun], *tried])):
        for one in after.requests:
            if one.stage is Stage.GRANTED:
                verify_granted(one)
                # What is new was granted while both sides stood by the match.
                assert (
                    one in before.requests
                    or (after.is_confirmed and not before.is_false)
                    or (one.is_justified is not None)
                )


@given(tried=st.lists(DECISIONS | DECISIONS | EVENTS, min_size=5, max_size=25))
def test_no_decision_is_ever_by_whoever_prepared_it(tried: list[Event]) -> None:
    for one in course([*BEGUN, *tried])[-1].requests:
        if one.stage is Stage.GRANTED:
            verify_granted(one)


@given(begun=BEGINNINGS, tried=st.lists(EVENTS, max_size=25))
def test_time_and_what_is_known_never_go_back_and_closed_stays_closed(
    begun: int, tried: list[Event]
) -> None:
    for before, after in pairwise(course([*BEGUN[:begun], *tried])):
        assert before.last <= after.last
        assert before.known <= after.known
        assert len(before.requests) <= len(after.requests)
        if before.closed is not None:
            judged = [one.is_justified for one in after.requests]
            kept = [one.is_justified for one in before.requests]
            assert before == after or judged != kept


def test_the_courses_above_come_to_grants() -> None:
    approve = Event(START, Approve(identity(0)), Actor("p2", Role.APPROVER, UWV))
    glass = Event(START, BreakGlass(identity(1), LAST_DAY), Actor("p2", Role.APPROVER, UWV))

    last = course([*BEGUN, approve, glass])[-1]

    assert [one.stage for one in last.requests] == [Stage.GRANTED, Stage.GRANTED]
