"""Grants as they arrive: an altered node could send anything."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from ledger.case.pair import Pair
from ledger.case.request import Stage
from ledger.disclosure import Disclosure
from ledger.errors import MalformedError
from ledger.exchange.message import Confirm, Content, Grant, Outcome, Refuse, Request
from ledger.exchange.words import Refusal, Release, Result, Within
from ledger.sdjwt import disclosure
from tests.support.casework import (
    ACUTE,
    ASK,
    LAST_DAY,
    START,
    confirmed,
    denied,
    hear,
    identity,
    new_pair,
    say,
)
from tests.support.exchanging import DISCLOSURE


def mine(request: Request = ASK) -> Pair:
    """Return the pair after this desk asked, in the message "mine"."""
    return say(confirmed(), request, named="mine")


def grant(*fields: str, release: Release = Release.ORDINARY, to: str = "mine") -> Grant:
    texts = [disclosure(salt=bytes(16), name=name, value="x") for name in (*fields, "bsn")]
    return Grant(identity(to), release, LAST_DAY, Disclosure(DISCLOSURE.share, tuple(texts)))


@pytest.mark.parametrize("fields", [("theme",), ("period",), ("period", "theme")])
def test_grant_of_what_was_asked_is_taken_in(fields: tuple[str, ...]) -> None:
    (one,) = hear(mine(), grant(*fields)).requests

    assert one.stage is Stage.GRANTED
    assert set(one.fields) == set(fields)
    assert (one.last_day, one.release) == (LAST_DAY, Release.ORDINARY)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (grant("theme", "helpQuestion"), "fields"),
        (grant("severity"), "fields"),
        (grant(), "fields"),
        (grant("theme", to="other"), "unknown-request"),
        (grant("theme", release=Release.BREAK_GLASS), "fields"),
        (replace(grant("theme"), last_day=START.date() - timedelta(days=1)), "term"),
        (replace(grant("theme"), last_day=START.date() + timedelta(days=400)), "term"),
    ],
)
def test_grant_of_anything_else_is_refused(wrong: Grant, reason: str) -> None:
    assert denied(lambda: hear(mine(), wrong)) == reason


def test_grant_that_nobody_asked_for_is_refused() -> None:
    assert denied(lambda: hear(confirmed(), grant("theme"))) == "unknown-request"
    # The other desk's own request is none of ours.
    asked = hear(confirmed(), ASK, named="mine")
    assert denied(lambda: hear(asked, grant("theme"))) == "unknown-request"


def test_second_answer_to_a_request_is_refused() -> None:
    answers: list[Content] = [grant("theme"), Refuse(identity("mine"), Refusal.OBJECTION)]

    for first in answers:
        answered = hear(mine(), first, named="first")
        for second in answers:
            assert denied(partial(hear, answered, second, named="second")) == "answered"


def test_glass_that_was_broken_there_shows_its_fixed_fields_only() -> None:
    broken = grant("theme", "helpQuestion", release=Release.BREAK_GLASS)
    too_much = grant("theme", "period", release=Release.BREAK_GLASS)

    assert hear(mine(ACUTE), broken).requests[0].release is Release.BREAK_GLASS
    assert denied(lambda: hear(mine(ACUTE), too_much)) == "fields"


def test_grant_of_a_match_that_is_false_is_refused() -> None:
    pair = hear(mine(), Outcome(Result.FALSE_MATCH))

    assert denied(lambda: hear(pair, grant("theme"))) == "false-match"


def test_grant_that_cannot_be_read_is_refused() -> None:
    unread = Grant(identity("mine"), Release.ORDINARY, LAST_DAY, DISCLOSURE)

    with pytest.raises(MalformedError):
        hear(mine(), unread)


@pytest.mark.parametrize("fields", [("theme", "theme"), ("theme", "period", "period")])
def test_field_granted_twice_counts_once_here_and_is_refused_where_it_is_verified(
    fields: tuple[str, ...],
) -> None:
    (one,) = hear(mine(), grant(*fields)).requests

    assert set(one.fields) == set(fields)
    assert len(one.fields) == len(set(fields))


def test_desk_confirms_once() -> None:
    own, other = (one(new_pair(), Confirm(Within.DAY), named="first") for one in (say, hear))

    assert denied(lambda: say(own, Confirm(Within.DAY), named="again")) == "confirmed"
    assert denied(lambda: hear(other, Confirm(Within.DAY), named="again")) == "confirmed"
