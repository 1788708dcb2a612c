"""Who carries a case, and what belongs to it."""

from dataclasses import replace

import pytest

from ledger.case.case import Case
from ledger.case.people import Actor, Role
from ledger.exchange.message import Close
from ledger.exchange.words import Ending
from tests.support.casework import (
    APPROVER,
    LEAD,
    MATCH,
    PURPOSE,
    UWV,
    WORKER,
    confirmed,
    denied,
    new_pair,
    say,
)

CASE = Case("c1", PURPOSE, UWV).with_pair(new_pair())
SECOND = replace(new_pair(), match=bytes(16))


def test_case_has_each_match_once_in_its_newest_state() -> None:
    case = CASE.with_pair(SECOND).with_pair(confirmed())

    assert case.pairs == (confirmed(), SECOND)
    assert case.pair(MATCH).is_confirmed
    assert denied(lambda: case.pair(b"x" * 16)) == "match"
    assert denied(lambda: case.with_pair(replace(SECOND, purpose="anders"))) == "purpose"


def test_case_is_closed_when_all_its_matches_are() -> None:
    closed = say(confirmed(), Close(Ending.DONE))

    assert not Case("c1", PURPOSE, UWV).is_closed
    assert not CASE.with_pair(SECOND).with_pair(closed).is_closed
    assert CASE.with_pair(closed).is_closed
    assert denied(lambda: CASE.with_pair(closed).assigned("w1", by=WORKER)) == "closed"


@pytest.mark.parametrize(
    ("by", "person", "expected"),
    [
        (WORKER, "w1", "allowed"),
        (WORKER, "w2", "role"),
        (WORKER, None, "role"),
        (LEAD, "w2", "allowed"),
        (LEAD, None, "allowed"),
        (APPROVER, "a1", "role"),
        (replace(LEAD, desk="svb/de-bedoeling"), "w1", "desk"),
        (Actor("p", Role.POLICY, UWV), "p", "role"),
    ],
)
def test_worker_takes_a_case_and_the_lead_gives_it(
    by: Actor, person: str | None, expected: str
) -> None:
    case = replace(CASE, carried_by="w9")

    assert denied(lambda: case.assigned(person, by=by)) == expected
    if expected == "allowed":
        assert case.assigned(person, by=by).carried_by == person


def test_worker_gives_a_case_back_to_the_desk() -> None:
    assert CASE.assigned("w1", by=WORKER).assigned(None, by=WORKER).carried_by is None


@pytest.mark.parametrize(
    ("away", "worked_by"),
    [
        ({}, "w1"),
        ({"w2": "w1"}, "w1"),
        ({"w1": "w2"}, "w2"),
        ({"w1": None}, None),
        ({"w1": "w2", "w2": "w3"}, "w3"),
        ({"w1": "w2", "w2": None}, None),
        ({"w1": "w2", "w2": "w1"}, None),
        ({"w1": "w1"}, None),
    ],
)
def test_who_is_away_is_stood_in_for(away: dict[str, str | None], worked_by: str | None) -> None:
    assert CASE.assigned("w1", by=WORKER).worked_by(away) == worked_by
    assert CASE.worked_by(away) is None
