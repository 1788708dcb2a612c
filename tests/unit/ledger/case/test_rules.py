"""A case from match to close, and each thing that may not be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import product

import pytest

from ledger.case.acts import Approve, BreakGlass, Event, HandOver, Hear, Prepare, Review, Say
from ledger.case.pair import Pair
from ledger.case.people import Actor, Role
from ledger.case.request import Stage
from ledger.case.rules import Setting, play, replay
from ledger.errors import DeniedError
from ledger.exchange.message import (
    Close,
    Confirm,
    Content,
    Contest,
    Coordinate,
    Grant,
    Message,
    Outcome,
    Refuse,
    Request,
    Text,
)
from ledger.exchange.words import Contention, Ending, Refusal, Release, Result, Within
from tests.support import exchanging
from tests.support.casework import (
    ACUTE,
    APPROVER,
    ASK,
    LAST_DAY,
    LEAD,
    MATCH,
    OFFICER,
    SETTING,
    START,
    SVB,
    UWV,
    WORKER,
    act,
    asked,
    confirmed,
    denied,
    granted,
    hear,
    identity,
    new_pair,
    prepared,
    say,
    setting,
)

NO = Refusal.NOT_NEEDED
BOTH: list[Content] = [Text("Bel ons."), Contest(Contention.OUTCOME), Coordinate(SVB)]


def test_a_case_goes_from_match_to_coordination_and_is_closed() -> None:
    pair = granted()
    pair = say(pair, Coordinate(SVB), hours=2)
    pair = say(pair, Outcome(Result.COORDINATED), hours=3)
    assert not pair.is_coordinated

    pair = hear(pair, Outcome(Result.COORDINATED), hours=4)

    assert pair.is_coordinated
    assert pair.asked(identity("ask"), is_own=False).fields == ("theme",)
    assert say(pair, Close(Ending.DONE), hours=5).closed is Ending.DONE


def test_the_same_events_give_the_same_state() -> None:
    events = [
        Event(START, Say(identity(1), Confirm(Within.DAY)), WORKER),
        Event(START, Hear(identity(2), Message(MATCH, SVB, Confirm(Within.DAY)))),
        Event(START, Hear(identity("ask"), Message(MATCH, SVB, ASK))),
        Event(START, Prepare(identity("ask"), ("theme",), LAST_DAY), WORKER),
        Event(START, Approve(identity("ask")), APPROVER),
    ]

    first, again = (replay(new_pair(), events, SETTING) for _ in range(2))

    assert first == again
    assert first.requests[0].stage is Stage.GRANTED
    with pytest.raises(DeniedError, match="answered"):
        replay(new_pair(), [*events, events[-1]], SETTING)


@pytest.mark.parametrize("content", [*BOTH, Outcome(Result.CONTACTED), ASK], ids=lambda c: c.TYPE)
def test_nothing_is_said_before_the_desk_has_confirmed(content: Content) -> None:
    assert denied(lambda: say(new_pair(), content)) == "not-confirmed"
    assert denied(lambda: hear(new_pair(), content)) == "not-confirmed"


def test_nothing_is_asked_before_both_desks_have_confirmed() -> None:
    own, other = say(new_pair(), Confirm(Within.DAY)), hear(new_pair(), Confirm(Within.DAY))

    assert denied(lambda: say(own, ASK)) == "not-confirmed"
    assert denied(lambda: hear(other, ASK)) == "not-confirmed"
    assert denied(lambda: say(confirmed(), ASK)) == "allowed"
    assert denied(lambda: hear(confirmed(), ASK)) == "allowed"


def test_nothing_is_disclosed_where_a_desk_found_two_persons() -> None:
    for false in (say, hear):
        pair = false(prepared(), Outcome(Result.FALSE_MATCH))
        for attempt in (
            lambda pair=pair: act(pair, Approve(identity("ask")), by=APPROVER),
            lambda pair=pair: act(pair, Prepare(identity("ask"), ("theme",), LAST_DAY)),
            lambda pair=pair: say(pair, ASK),
            lambda pair=pair: hear(pair, ASK, named="another"),
        ):
            assert denied(attempt) == "false-match"


@pytest.mark.parametrize("close", [say, hear])
@pytest.mark.parametrize(
    "content",
    [*BOTH, Confirm(Within.DAY), Outcome(Result.CONTACTED), ASK, Close(Ending.DONE)],
    ids=lambda c: c.TYPE,
)
def test_nothing_is_said_or_heard_in_a_closed_case(
    close: Callable[..., Pair], content: Content
) -> None:
    pair = close(confirmed(), Close(Ending.WITHDRAWN))

    assert denied(lambda: say(pair, content, named="late")) == "closed"
    assert denied(lambda: hear(pair, content, named="late")) == "closed"
    assert denied(lambda: act(pair, HandOver("uwv/elders"))) == "closed"


@pytest.mark.parametrize("content", [*BOTH, ASK, Outcome(Result.CONTACTED)], ids=lambda c: c.TYPE)
def test_message_that_comes_again_is_refused(content: Content) -> None:
    heard = hear(confirmed(), content, named="once")

    assert denied(lambda: hear(heard, content, named="once")) == "repeated"
    assert denied(lambda: say(heard, content, named="once")) == "repeated"
    assert denied(lambda: hear(heard, Text("Nog iets."), named="once")) == "repeated"


@pytest.mark.parametrize("desk", ["szw/maatwerk", UWV, "svb/nergens", "szw/beleid", "bzk/x"])
def test_message_by_no_desk_of_the_other_agency_is_refused(desk: str) -> None:
    assert denied(lambda: hear(confirmed(), Text("Bel ons."), desk=desk)) == "desk"


def test_message_about_another_match_is_refused() -> None:
    other = Hear(identity("x"), Message(bytes(16), SVB, Text("Bel ons.")))

    assert denied(lambda: act(confirmed(), other, by=None)) == "match"


def test_what_the_other_desk_says_is_by_nobody_here_and_the_rest_by_somebody() -> None:
    heard = Hear(identity("x"), Message(MATCH, SVB, Text("Bel ons.")))

    assert denied(lambda: act(confirmed(), heard, by=WORKER)) == "role"
    assert denied(lambda: act(confirmed(), Say(identity("x"), Text("Bel.")), by=None)) == "role"


TWO_DESKS = setting(
    lambda d: d["desk"].append(
        {"number": 9, "name": "uwv/tweede", "title": "T", "kind": "case", "neutral": False}
    )
)
ROLES = [Actor("p", role, UWV) for role in Role]
MAY: dict[str, tuple[set[Role], Callable[[Actor], object]]] = {
    "confirm": ({Role.CASEWORKER}, lambda by: say(new_pair(), Confirm(Within.DAY), by=by)),
    "write": ({Role.CASEWORKER}, lambda by: say(confirmed(), Text("Bel ons."), by=by)),
    "conclude": ({Role.CASEWORKER}, lambda by: say(confirmed(), Outcome(Result.CONTACTED), by=by)),
    "coordinate": ({Role.CASEWORKER}, lambda by: say(confirmed(), Coordinate(SVB), by=by)),
    "contest": (
        {Role.CASEWORKER},
        lambda by: say(confirmed(), Contest(Contention.OUTCOME), by=by),
    ),
    "close": ({Role.CASEWORKER}, lambda by: say(new_pair(), Close(Ending.WITHDRAWN), by=by)),
    "ask": ({Role.CASEWORKER}, lambda by: say(confirmed(), ASK, by=by)),
    "prepare": ({Role.CASEWORKER}, lambda by: prepared(by=by)),
    "approve": ({Role.APPROVER}, lambda by: act(prepared(), Approve(identity("ask")), by=by)),
    "refuse": ({Role.APPROVER}, lambda by: say(asked(), Refuse(identity("ask"), NO), by=by)),
    "break glass": (
        {Role.APPROVER},
        lambda by: act(asked(ACUTE), BreakGlass(identity("ask"), LAST_DAY), by=by),
    ),
    "review": (
        {Role.PRIVACY_OFFICER},
        lambda by: act(broken(), Review(identity("ask"), is_justified=True), by=by),
    ),
    "hand over": (
        {Role.CASEWORKER, Role.LEAD},
        lambda by: act(confirmed(), HandOver("uwv/tweede"), by=by, under=TWO_DESKS),
    ),
}


def broken() -> Pair:
    return act(asked(ACUTE), BreakGlass(identity("ask"), LAST_DAY), by=APPROVER)


@pytest.mark.parametrize("what", MAY)
@pytest.mark.parametrize("by", ROLES, ids=lambda actor: actor.role)
def test_each_act_is_for_its_roles_and_no_other(what: str, by: Actor) -> None:
    roles, attempt = MAY[what]

    expected = "allowed" if by.role in roles else "role"
    assert denied(lambda: attempt(by)) == expected


@pytest.mark.parametrize("what", MAY)
@pytest.mark.parametrize("desk", ["svb/de-bedoeling", "szw/maatwerk", "uwv/elders"])
def test_nobody_of_another_desk_acts_in_the_case(what: str, desk: str) -> None:
    roles, attempt = MAY[what]

    for role in roles:
        # Approver and privacy officer are the agency's, not one desk's.
        is_agencys = role in {Role.APPROVER, Role.PRIVACY_OFFICER} and desk.startswith("uwv/")
        expected = "allowed" if is_agencys else "desk"
        assert denied(partial(attempt, Actor("p", role, desk))) == expected


PEOPLE = ["p1", "p2"]
PLACES = [None, "p1", "p2", "p3"]
HANDS = [
    (Actor(a, Role.CASEWORKER, UWV, x), Actor(b, Role.APPROVER, UWV, y))
    for a, x, b, y in product(PEOPLE, PLACES, PEOPLE, PLACES)
    if a != x and b != y
]


@pytest.mark.parametrize(("first", "second"), HANDS)
def test_four_eyes_are_four_whoever_takes_whose_place(first: Actor, second: Actor) -> None:
    pair = prepared(by=first)
    is_one_hand = bool({first.id, first.deputy_of or "-"} & {second.id, second.deputy_of or "--"})

    expected = "four-eyes" if is_one_hand else "allowed"
    assert denied(lambda: act(pair, Approve(identity("ask")), by=second)) == expected
    assert denied(lambda: say(pair, Refuse(identity("ask"), NO), by=second)) == expected


def test_four_eyes_cases_above_are_of_both_sorts() -> None:
    verdicts = {bool(first.hands & second.hands) for first, second in HANDS}

    assert verdicts == {True, False}
    assert len(HANDS) == 36


def test_nothing_is_granted_that_nobody_prepared() -> None:
    assert denied(lambda: act(asked(), Approve(identity("ask")), by=APPROVER)) == "not-prepared"
    grant = Grant(identity("ask"), Release.ORDINARY, LAST_DAY, exchanging.DISCLOSURE)
    assert denied(lambda: say(prepared(), grant)) == "four-eyes"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("helpQuestion",), "fields"),
        (("theme", "helpQuestion"), "fields"),
        (("severity",), "fields"),
        (("theme", "theme"), "fields"),
        ((), "fields"),
    ],
)
def test_field_that_was_not_asked_is_not_granted(fields: tuple[str, ...], reason: str) -> None:
    assert denied(lambda: prepared(fields)) == reason


@pytest.mark.parametrize(
    ("days", "reason"), [(-1, "term"), (0, "allowed"), (366, "allowed"), (367, "term")]
)
def test_grant_ends_within_a_year_and_not_before_it_begins(days: int, reason: str) -> None:
    last_day = START.date() + timedelta(days=days)

    assert denied(lambda: act(asked(), Prepare(identity("ask"), ("theme",), last_day))) == reason


def test_grant_is_not_given_after_the_day_for_which_it_was_prepared() -> None:
    late = 24 * 31 + 1

    assert (
        denied(lambda: act(prepared(), Approve(identity("ask")), by=APPROVER, hours=late)) == "term"
    )


def test_grant_is_not_looked_at_after_its_last_day() -> None:
    one = granted().requests[0]

    one.verify_usable(today=LAST_DAY)
    assert denied(lambda: one.verify_usable(today=LAST_DAY + timedelta(days=1))) == "term"
    assert denied(lambda: asked().requests[0].verify_usable(today=LAST_DAY)) == "not-granted"


def test_grant_is_judged_by_what_is_in_force_when_it_is_given() -> None:
    attempts = {
        "basis": setting(lambda d: d.update(profile="production")),
        "fields": setting(lambda d: [row.update(fields=["period"]) for row in d["disclosure"]]),
    }

    approve = Approve(identity("ask"))
    for reason, under in attempts.items():
        assert denied(partial(act, prepared(), approve, by=APPROVER, under=under)) == reason


def test_request_that_was_answered_is_not_answered_again() -> None:
    refused = say(asked(), Refuse(identity("ask"), NO), by=APPROVER)

    for pair in (refused, granted()):
        for attempt in (
            lambda pair=pair: act(pair, Approve(identity("ask")), by=APPROVER),
            lambda pair=pair: act(pair, Prepare(identity("ask"), ("theme",), LAST_DAY)),
            lambda pair=pair: act(pair, BreakGlass(identity("ask"), LAST_DAY), by=APPROVER),
            lambda pair=pair: say(pair, Refuse(identity("ask"), NO), by=APPROVER, named="again"),
        ):
            assert denied(attempt) == "answered"
    assert denied(lambda: act(asked(), Approve(identity("else")), by=APPROVER)) == "unknown-request"


def test_own_request_cannot_be_granted_by_oneself() -> None:
    pair = say(confirmed(), ASK, named="mine")

    assert denied(lambda: act(pair, Prepare(identity("mine"), ("theme",), LAST_DAY))) == (
        "unknown-request"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"purpose": "anders"}, "purpose"),
        ({"basis": "geen-wet"}, "basis"),
        ({"wanted": ("severity",)}, "fields"),
        ({"wanted": ("theme", "severity")}, "fields"),
    ],
)
def test_request_outside_the_matrix_is_refused_here_and_there(
    change: dict[str, object], reason: str
) -> None:
    wrong = replace(ASK, **change)  # type: ignore[arg-type]

    assert denied(lambda: say(confirmed(), wrong)) == reason
    assert denied(lambda: hear(confirmed(), wrong)) == reason


def test_request_of_a_desk_that_handed_over_since_is_not_granted_to_the_next() -> None:
    # Else fields would go to a desk that did not ask for them.
    under = setting(
        lambda d: d["desk"].append(
            {"number": 9, "name": "svb/aio", "title": "A", "kind": "case", "neutral": False}
        )
    )
    speaks = Hear(identity("hello"), Message(MATCH, "svb/aio", Text("Wij nemen het over.")))
    pair = act(prepared(), speaks, by=None, under=under)

    assert pair.other_desk == "svb/aio"
    assert denied(lambda: act(pair, Approve(identity("ask")), by=APPROVER, under=under)) == (
        "recipient"
    )


def test_glass_is_broken_by_one_for_fixed_fields_and_reviewed_next_working_day() -> None:
    pair = act(asked(ACUTE), BreakGlass(identity("ask"), LAST_DAY), by=APPROVER)
    (one,) = pair.requests

    assert (one.stage, one.release, one.fields) == (
        Stage.GRANTED,
        Release.BREAK_GLASS,
        ("theme", "helpQuestion"),
    )
    end_of_wednesday = START.replace(hour=0) + timedelta(days=2)
    assert one.review_by == end_of_wednesday
    assert [due.what for due in pair.due(end_of_wednesday)] == ["review"]
    assert pair.due(end_of_wednesday - timedelta(seconds=1)) == []

    reviewed = act(pair, Review(identity("ask"), is_justified=False), by=OFFICER, hours=20)
    assert reviewed.requests[0].is_justified is False
    assert reviewed.due(end_of_wednesday) == []


def test_broken_glass_is_reviewed_once_by_another_and_also_when_closed() -> None:
    pair = say(
        act(asked(ACUTE), BreakGlass(identity("ask"), LAST_DAY), by=APPROVER), Close(Ending.DONE)
    )
    review = Review(identity("ask"), is_justified=True)
    same = replace(OFFICER, id=APPROVER.id)
    deputy = replace(OFFICER, deputy_of=APPROVER.id)

    assert denied(lambda: act(pair, review, by=same)) == "four-eyes"
    assert denied(lambda: act(pair, review, by=deputy)) == "four-eyes"
    reviewed = act(pair, review, by=OFFICER)
    assert denied(lambda: act(reviewed, review, by=OFFICER)) == "reviewed"
    assert denied(lambda: act(granted(), review, by=OFFICER)) == "reviewed"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (ASK, "not-acute"),
        (replace(ACUTE, wanted=("period",)), "fields"),
        (replace(ACUTE, wanted=("theme",)), "allowed"),
    ],
)
def test_glass_is_not_broken_without_an_emergency_or_for_other_fields(
    request_: Request, reason: str
) -> None:
    pair = asked(request_)

    assert denied(lambda: act(pair, BreakGlass(identity("ask"), LAST_DAY), by=APPROVER)) == reason


def test_third_desk_takes_no_lead_and_nothing_is_coordinated_without_one() -> None:
    assert denied(lambda: say(confirmed(), Coordinate("szw/maatwerk"))) == "desk"
    assert denied(lambda: hear(confirmed(), Coordinate("szw/maatwerk"))) == "desk"
    assert denied(lambda: say(confirmed(), Outcome(Result.COORDINATED))) == "coordinator"


@pytest.mark.parametrize("result", list(Result))
def test_a_desk_alone_concludes_that_the_match_is_false_and_nothing_else(result: Result) -> None:
    alone = say(new_pair(), Confirm(Within.DAY))

    attempt = denied(lambda: say(alone, Outcome(result)))

    assert attempt == {
        Result.FALSE_MATCH: "allowed",
        Result.COORDINATED: "coordinator",
    }.get(result, "not-confirmed")


def test_what_is_contested_stands_with_who_contests_it() -> None:
    pair = hear(say(confirmed(), Contest(Contention.OUTCOME)), Contest(Contention.COORDINATOR))

    assert [(one.is_own, one.about) for one in pair.contested] == [
        (True, Contention.OUTCOME),
        (False, Contention.COORDINATOR),
    ]


def test_case_is_handed_over_within_the_agency_only() -> None:
    for desk in ("svb/de-bedoeling", "szw/beleid", "uwv/nergens", UWV):
        assert denied(partial(act, confirmed(), HandOver(desk), by=LEAD)) == "desk"
    moved = act(confirmed(), HandOver("uwv/tweede"), by=LEAD, under=TWO_DESKS)
    assert denied(lambda: say(moved, Text("Bel ons."), by=WORKER)) == "desk"
    assert (
        say(moved, Text("Bel ons."), by=replace(WORKER, desk="uwv/tweede")).own_desk == "uwv/tweede"
    )


def test_free_text_with_a_number_is_not_sent_and_not_repeated() -> None:
    with pytest.raises(DeniedError) as refused:
        say(confirmed(), Text("Het gaat om 999900006."))

    assert refused.value.reason == "free-text"
    assert "999900006" not in str(refused.value)


def test_time_never_runs_backwards() -> None:
    pair = say(new_pair(), Confirm(Within.DAY), hours=10)

    earlier = hear(pair, Confirm(Within.DAY), hours=-50)

    assert earlier.last == START + timedelta(hours=10) == earlier.other_confirmed
    assert (
        play(
            earlier,
            Event(START, Say(identity("x"), Text("Bel.")), WORKER),
            Setting(SETTING.document),
        ).last
        == earlier.last
    )


def test_holidays_are_no_working_days() -> None:
    christmas = Setting(SETTING.document, holidays=(date(2026, 12, 25),))
    thursday = 24 * 23 + 1

    pair = act(
        asked(ACUTE),
        BreakGlass(identity("ask"), LAST_DAY),
        by=APPROVER,
        hours=thursday,
        under=christmas,
    )

    assert pair.requests[0].review_by == START.replace(day=29, hour=0)
