"""What is said and done in a case through the API: denials and their statuses, keys, the file."""

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.app import openapi_document
from ledger.bsn import synthetic_numbers
from ledger.exchange.message import Close, Confirm, Coordinate, Outcome, Refuse
from ledger.exchange.words import Ending, Refusal, Result, Within
from tests.support.casework import ACUTE, ASK, BASIS, LAST_DAY, PURPOSE, START, SVB
from tests.support.contract import operations
from tests.support.counters import Counters
from tests.support.fake_casework import PROOF, REFERENCE, VALUES

DAY = LAST_DAY.isoformat()
BSN = next(synthetic_numbers()).digits
ASKED: dict[str, Any] = {
    "purpose": PURPOSE,
    "basis": BASIS,
    "necessity": "hulp-afstemmen",
    "fields": ["theme", "period"],
}
GRANTING: dict[str, Any] = {"fields": ["theme"], "lastDay": DAY}
ZEROS = "0" * 32


@pytest.fixture(scope="module")
def all_counters() -> Counters:
    return Counters()


@pytest.fixture
def counters(all_counters: Counters) -> Counters:
    """Counters without any case."""
    all_counters.begin_again()
    return all_counters


@pytest.fixture
def case(counters: Counters) -> str:
    """A case that both desks have taken up."""
    case = counters.casework.open("case")
    counters.casework.hear(case, Confirm(Within.DAY), named="confirm")
    assert counters.do("worker", case, "confirmations", within="1d").status_code == 202
    return case


def problem(answer: httpx.Response) -> tuple[int, str | None]:
    """Return the status of a problem and the word of what is in the way."""
    content = answer.json()
    assert content["status"] == answer.status_code
    return answer.status_code, content["reason"]


def heard(counters: Counters, case: str, content: Any = ASK, named: str = "ask") -> str:
    """Let the other desk say something; return where a request of theirs is."""
    return f"requests/{counters.casework.hear(case, content, named=named).hex()}"


def file_of(counters: Counters, case: str, who: str = "worker") -> Any:
    answer = counters.ask("GET", f"/v1/cases/{case}/file", who)
    assert answer.status_code == 200
    return answer.json()


def timeline(counters: Counters, case: str, who: str = "worker") -> list[Any]:
    """Return what happened to the first match of a case."""
    lines: list[Any] = file_of(counters, case, who)["pairs"][0]["timeline"]
    return lines


def kinds(counters: Counters, case: str) -> list[str]:
    return [one["kind"] for one in timeline(counters, case)]


Attempt = Callable[[Counters, str], httpx.Response]


def unconfirmed(counters: Counters, case: str) -> httpx.Response:
    del case
    new = counters.casework.open("new")
    return counters.do("worker", new, "messages", text="Bel ons.")


def asked_too_early(counters: Counters, case: str) -> httpx.Response:
    del case
    new = counters.casework.open("new")
    counters.do("worker", new, "confirmations", within="4h")
    return counters.do("worker", new, "requests", **ASKED)


def confirmed_again(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "confirmations", within="1d")


def after_the_end(counters: Counters, case: str) -> httpx.Response:
    counters.casework.hear(case, Close(Ending.DONE), named="close")
    return counters.do("worker", case, "messages", text="Nog een vraag.")


def of_two_persons(counters: Counters, case: str) -> httpx.Response:
    counters.casework.hear(case, Outcome(Result.FALSE_MATCH), named="false")
    return counters.do("worker", case, "requests", **ASKED)


def a_third_leads(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "coordinators", desk="szw/maatwerk")


def agreed_on_nobody(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "outcomes", result="coordinated")


def outside_the_matrix(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "requests", **(ASKED | {"fields": ["severity"]}))


def on_no_basis(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "requests", **(ASKED | {"basis": "sgb-x"}))


def for_another_purpose(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "requests", **(ASKED | {"purpose": "iets-anders"}))


def about_no_request(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, f"requests/{ZEROS}/preparations", **GRANTING)


def more_than_asked(counters: Counters, case: str) -> httpx.Response:
    path = f"{heard(counters, case)}/preparations"
    return counters.do("worker", case, path, **(GRANTING | {"fields": ["helpQuestion"]}))


def for_ever(counters: Counters, case: str) -> httpx.Response:
    path = f"{heard(counters, case)}/preparations"
    return counters.do("worker", case, path, **(GRANTING | {"lastDay": "2099-01-01"}))


def unprepared(counters: Counters, case: str) -> httpx.Response:
    return counters.do("approver", case, f"{heard(counters, case)}/approvals", **GRANTING)


def by_its_preparer(counters: Counters, case: str) -> httpx.Response:
    request = heard(counters, case)
    counters.do("everything", case, f"{request}/preparations", **GRANTING)
    return counters.do("everything", case, f"{request}/approvals", **GRANTING)


def by_its_preparers_deputy(counters: Counters, case: str) -> httpx.Response:
    request = heard(counters, case)
    counters.do("worker", case, f"{request}/preparations", **GRANTING)
    return counters.do("stand-in", case, f"{request}/approvals", **GRANTING)


def decided_twice(counters: Counters, case: str) -> httpx.Response:
    request = heard(counters, case)
    counters.do("worker", case, f"{request}/preparations", **GRANTING)
    assert counters.do("approver", case, f"{request}/approvals", **GRANTING).status_code == 202
    return counters.do("approver", case, f"{request}/refusals", reason="geen-grondslag")


def as_it_was_before(counters: Counters, case: str) -> httpx.Response:
    request = heard(counters, case)
    counters.do("worker", case, f"{request}/preparations", **GRANTING)
    more = {"fields": ["theme", "period"]}
    counters.do("colleague", case, f"{request}/preparations", **(GRANTING | more))
    return counters.do("approver", case, f"{request}/approvals", **GRANTING)


def in_no_emergency(counters: Counters, case: str) -> httpx.Response:
    return counters.do("approver", case, f"{heard(counters, case)}/broken-glasses", lastDay=DAY)


def nothing_to_review(counters: Counters, case: str) -> httpx.Response:
    return counters.do("officer", case, f"{heard(counters, case)}/reviews", isJustified=True)


def not_granted(counters: Counters, case: str) -> httpx.Response:
    own = counters.do("worker", case, "requests", **ASKED).json()["id"]
    return counters.do("worker", case, f"requests/{own}/readings")


def after_its_last_day(counters: Counters, case: str) -> httpx.Response:
    own = counters.do("worker", case, "requests", **ASKED).json()["id"]
    counters.casework.grant(case, bytes.fromhex(own), ("theme",), START.date().replace(day=1))
    counters.casework.now = counters.casework.now.replace(day=2)
    return counters.do("worker", case, f"requests/{own}/readings")


def to_another_agency(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "handovers", desk=SVB)


def given_by_no_lead(counters: Counters, case: str) -> httpx.Response:
    body = {"person": "colleague"}
    return counters.ask("PUT", f"/v1/cases/{case}/assignee", "worker", json=body)


def away_by_no_lead(counters: Counters, case: str) -> httpx.Response:
    del case
    body = {"person": "colleague", "first": DAY, "last": DAY}
    return counters.ask("POST", "/v1/absences", "worker", json=body)


def away_at_another_desk(counters: Counters, case: str) -> httpx.Response:
    del case
    body = {"person": "stranger", "first": DAY, "last": DAY}
    return counters.ask("POST", "/v1/absences", "lead", json=body)


def with_a_bsn(counters: Counters, case: str) -> httpx.Response:
    return counters.do("worker", case, "messages", text=f"Zie {BSN}.")


@pytest.mark.parametrize(
    ("attempt", "answer"),
    [
        (unconfirmed, (409, "not-confirmed")),
        (asked_too_early, (409, "not-confirmed")),
        (confirmed_again, (409, "confirmed")),
        (after_the_end, (409, "closed")),
        (of_two_persons, (409, "false-match")),
        (a_third_leads, (409, "desk")),
        (agreed_on_nobody, (409, "coordinator")),
        (outside_the_matrix, (409, "fields")),
        (on_no_basis, (409, "basis")),
        (for_another_purpose, (409, "purpose")),
        (about_no_request, (409, "unknown-request")),
        (more_than_asked, (409, "fields")),
        (for_ever, (409, "term")),
        (unprepared, (409, "not-prepared")),
        (by_its_preparer, (409, "four-eyes")),
        (by_its_preparers_deputy, (409, "four-eyes")),
        (decided_twice, (409, "answered")),
        (as_it_was_before, (409, "changed")),
        (in_no_emergency, (409, "not-acute")),
        (nothing_to_review, (409, "reviewed")),
        (not_granted, (409, "not-granted")),
        (after_its_last_day, (409, "term")),
        (to_another_agency, (409, "desk")),
        (with_a_bsn, (409, "free-text")),
        (given_by_no_lead, (403, "role")),
        (away_by_no_lead, (403, "role")),
        (away_at_another_desk, (409, "desk")),
    ],
)
def test_each_denial_is_answered_by_its_word(
    counters: Counters, case: str, attempt: Attempt, answer: tuple[int, str]
) -> None:
    assert problem(attempt(counters, case)) == answer


def test_a_case_of_another_desk_is_not_there_in_any_way(counters: Counters, case: str) -> None:
    known = counters.ask("GET", f"/v1/cases/{case}/file", "stranger")
    unknown = counters.ask("GET", f"/v1/cases/{ZEROS}/file", "stranger")

    assert known.status_code == unknown.status_code == 404
    assert known.content == unknown.content


def test_what_free_text_may_not_hold_is_told_by_its_place_and_repeated_nowhere(
    counters: Counters, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = counters.do("worker", case, "messages", text=f"Het nummer is {BSN}.")

    assert problem(answer) == (409, "free-text")
    assert "BSN at 15 to 23" in answer.json()["detail"]
    assert BSN not in f"{answer.text} {answer.headers}"
    assert BSN not in caplog.text
    assert "text" not in kinds(counters, case)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("messages", {"text": ""}),
        ("messages", {"text": "x" * 2001}),
        ("messages", {"text": " \n "}),
        ("messages", {"text": "om\u202egekeerd"}),
        ("messages", {"text": "goed", "isUrgent": "ja"}),
        ("messages", {"text": ["goed"]}),
        ("messages", {"text": "goed", "note": BSN}),
        ("outcomes", {"result": BSN}),
        ("outcomes", {"result": 1}),
        ("coordinators", {"desk": BSN}),
        ("confirmations", {"within": "3d"}),
        ("contentions", {"about": "iets"}),
        ("endings", {"reason": "klaar"}),
        ("requests", ASKED | {"fields": []}),
        ("requests", ASKED | {"fields": ["theme", "theme"]}),
        ("requests", ASKED | {"fields": ["bsn"]}),
        ("requests", ASKED | {"necessity": "nieuwsgierig"}),
        (f"requests/{ZEROS}/preparations", GRANTING | {"lastDay": "31-12-2026"}),
        (f"requests/{ZEROS}/preparations", GRANTING | {"lastDay": "2026-02-30"}),
        (f"requests/{ZEROS}/preparations", GRANTING | {"lastDay": 20261231}),
        ("requests/1/preparations", GRANTING),
        ("messages", {"text": "goed", "match": BSN}),
    ],
)
def test_what_no_act_can_be_is_a_bad_request_and_not_repeated(
    counters: Counters, case: str, what: str, body: dict[str, Any]
) -> None:
    answer = counters.do("worker", case, what, **body)

    assert answer.status_code == 400
    assert BSN not in answer.text
    assert kinds(counters, case) == ["heard-confirm", "confirm"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"text"'])
def test_what_is_no_act_at_all_is_a_bad_request(counters: Counters, case: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    path = f"/v1/cases/{case}/messages"

    answer = counters.ask("POST", path, "worker", content=body, headers=headers)

    assert answer.status_code == 400


def test_a_message_said_again_under_its_key_is_said_once(counters: Counters, case: str) -> None:
    path, match = f"/v1/cases/{case}/messages", counters.casework.match_of(case).hex()
    body = {"match": match, "text": "Bel ons morgen."}

    answers = [counters.ask("POST", path, "worker", key="mine", json=body) for _ in range(3)]
    other = counters.ask("POST", path, "worker", key="mine", json=body | {"text": "Toch niet."})

    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert problem(other) == (409, None)
    said = [one for one in timeline(counters, case) if one["kind"] == "text"]
    assert [one["message"] for one in said] == [answers[0].json()["id"]]


def test_a_close_whose_answer_was_lost_can_be_asked_again(counters: Counters, case: str) -> None:
    match = counters.casework.match_of(case).hex()
    body, path = {"match": match, "reason": "afgerond"}, f"/v1/cases/{case}/endings"

    first, again = (counters.ask("POST", path, "worker", key="close", json=body) for _ in range(2))

    assert (again.status_code, again.content) == (202, first.content)


def test_a_key_is_its_owners_only(counters: Counters, case: str) -> None:
    path, match = f"/v1/cases/{case}/messages", counters.casework.match_of(case).hex()
    body = {"match": match, "text": "Bel ons morgen."}

    ids = {
        counters.ask("POST", path, who, key="one", json=body).json()["id"]
        for who in ("worker", "colleague")
    }

    assert len(ids) == 2


def test_nothing_is_said_without_a_key(counters: Counters, case: str) -> None:
    match = counters.casework.match_of(case).hex()
    body = {"match": match, "text": "Bel ons morgen."}

    answer = counters.ask("POST", f"/v1/cases/{case}/messages", "worker", key="", json=body)

    assert answer.status_code == 400


def test_fields_are_asked_in_any_order(counters: Counters, case: str) -> None:
    turned = ASKED | {"fields": ["period", "theme"]}

    own = counters.do("worker", case, "requests", **turned).json()["id"]

    (asked,) = file_of(counters, case)["pairs"][0]["requests"]
    assert (asked["id"], asked["wanted"]) == (own, ["theme", "period"])


def test_what_is_urgent_is_passed_on_as_urgent(counters: Counters, case: str) -> None:
    said = [
        counters.do("worker", case, "messages", text="Nu bellen.", isUrgent=urgent).json()["id"]
        for urgent in (True, False)
    ]

    assert [one.hex() for one in counters.casework.urgent] == said[:1]


def test_whoever_has_several_roles_may_say_in_which_it_acts(counters: Counters, case: str) -> None:
    path, body = f"/v1/cases/{case}/assignee", {"person": "colleague"}

    as_lead = counters.ask("PUT", path, "everything", json=body)
    as_worker = counters.ask("PUT", path, "everything", role="caseworker", json=body)
    as_approver = counters.ask("PUT", path, "everything", role="approver", json=body)
    not_had = counters.ask("PUT", path, "worker", role="lead", json=body)
    unknown = counters.ask("PUT", path, "worker", role="director", json=body)

    assert as_lead.status_code == 204
    assert problem(as_worker) == (403, "role")
    assert (as_approver.status_code, as_approver.json()["detail"]) == (
        403,
        "Only for the role lead or caseworker.",
    )
    assert [not_had.status_code, unknown.status_code] == [403, 403]
    assert not_had.json()["detail"] == "You do not have the role that you named."
    assert "director" not in unknown.text


def test_an_approver_reads_every_desks_case_of_its_agency(counters: Counters) -> None:
    elsewhere = counters.casework.open("elsewhere", desk="uwv/wia")
    path = f"/v1/cases/{elsewhere}/file"

    assert counters.ask("GET", path, "approver").status_code == 200
    assert counters.ask("GET", path, "officer").status_code == 200
    assert counters.ask("GET", path, "lead").status_code == 404
    assert counters.ask("GET", path, "everything").status_code == 404
    assert counters.ask("GET", path, "everything", role="approver").status_code == 200


def test_a_confirmation_without_a_match_takes_up_all(counters: Counters) -> None:
    case = counters.casework.open("two", others=(SVB, "szw/maatwerk"))
    path, body = f"/v1/cases/{case}/confirmations", {"within": "4h"}

    first, again = (counters.ask("POST", path, "worker", json=body) for _ in range(2))

    assert first.status_code == 202
    assert problem(again) == (409, "confirmed")
    pairs = file_of(counters, case)["pairs"]
    assert [pair["ownConfirmed"] is not None for pair in pairs] == [True, True]
    assert [pair["otherConfirmed"] for pair in pairs] == [None, None]


def test_a_file_tells_who_did_what_when_and_in_which_block(counters: Counters, case: str) -> None:
    counters.casework.hear(case, Coordinate(SVB), named="lead")
    request = heard(counters, case)
    counters.do("worker", case, f"{request}/preparations", **GRANTING)
    counters.do("approver", case, f"{request}/approvals", **GRANTING)
    own = counters.do("worker", case, "requests", **ASKED).json()["id"]
    counters.casework.hear(case, Refuse(bytes.fromhex(own), Refusal.NO_BASIS), named="no")
    counters.do("worker", case, "messages", text="Bel ons morgen.")
    counters.do("lead", case, "handovers", desk="uwv/wia")

    told = timeline(counters, case, "stranger")

    assert [(e["kind"], e["by"] and e["by"]["person"], e["height"]) for e in told] == [
        ("heard-confirm", None, 100),
        ("confirm", "worker", 101),
        ("heard-coordinate", None, 102),
        ("heard-request", None, 103),
        ("prepare", "worker", None),
        ("approve", "approver", 105),
        ("request", "worker", 106),
        ("heard-refuse", None, 107),
        ("text", "worker", 108),
        ("hand-over", "lead", None),
    ]
    assert [e["at"] for e in told] == sorted(e["at"] for e in told)
    (pair,) = file_of(counters, case, "stranger")["pairs"]
    assert [(r["isOwn"], r["stage"]) for r in pair["requests"]] == [
        (False, "granted"),
        (True, "refused"),
    ]
    assert pair["other"]["phone"] == "020 555 01 00"
    assert (pair["ownDesk"], pair["caseReference"]) == ("uwv/wia", REFERENCE)


def test_a_timeline_never_tells_what_granted_fields_say(counters: Counters, case: str) -> None:
    own = counters.do("worker", case, "requests", **ASKED).json()["id"]
    counters.casework.grant(case, bytes.fromhex(own), ("theme", "period"), LAST_DAY)

    text = str(file_of(counters, case))

    assert not [value for value in VALUES.values() if value in text]


def test_granted_fields_are_read_with_the_proof_of_what_was_posted(
    counters: Counters, case: str
) -> None:
    own = counters.do("worker", case, "requests", **ASKED).json()["id"]
    counters.casework.grant(case, bytes.fromhex(own), ("theme",), LAST_DAY)

    shown = counters.do("worker", case, f"requests/{own}/readings").json()

    assert shown["fields"] == {"theme": VALUES["theme"]}
    assert (shown["release"], shown["lastDay"]) == ("ordinary", DAY)
    assert (shown["proof"]["author"], shown["proof"]["height"]) == ("svb", PROOF.height)
    assert shown["proof"]["digests"] == list(PROOF.digests)


def test_an_absence_names_who_stands_in(counters: Counters) -> None:
    body = {"person": "worker", "first": "2026-12-21", "last": DAY, "deputy": "colleague"}

    assert counters.ask("POST", "/v1/absences", "lead", json=body).status_code == 204
    assert counters.casework.away[-1][::3] == ("worker", "colleague")


def test_nobody_is_away_who_is_not_there(counters: Counters) -> None:
    noted = len(counters.casework.away)
    body = {"person": "wroker", "first": DAY, "last": DAY}

    assert counters.ask("POST", "/v1/absences", "lead", json=body).status_code == 404
    assert len(counters.casework.away) == noted


def test_no_address_names_anything_but_a_case_and_a_request() -> None:
    named = {
        parameter["name"]
        for operation in operations(openapi_document())
        if operation.content["tags"] == ["casework"]
        for parameter in operation.content["parameters"]
        if parameter["in"] != "header"
    }

    assert named == {"caseId", "requestId", "after", "pageSize"}


def test_glass_is_broken_for_the_fixed_fields_and_waits_for_its_review(
    counters: Counters, case: str
) -> None:
    request = heard(counters, case, ACUTE)
    (line,) = counters.ask("GET", "/v1/worklist", "worker").json()["cases"]
    (acute,) = counters.ask("GET", "/v1/approvals", "approver").json()["requests"]
    counters.do("approver", case, f"{request}/broken-glasses", lastDay=DAY)
    (due,) = counters.ask("GET", "/v1/reviews", "officer").json()["requests"]
    (granted,) = file_of(counters, case, "officer")["pairs"][0]["requests"]
    counters.do("officer", case, f"{request}/reviews", isJustified=False)

    assert f"requests/{line['pairs'][0]['asked'][0]}" == request
    assert (acute["what"], f"requests/{acute['request']}") == ("acute", request)
    assert counters.ask("GET", "/v1/approvals", "approver").json()["requests"] == []
    assert granted["fields"] == ["theme", "helpQuestion"]
    assert granted["reviewBy"].startswith("2026-12-03")
    assert (due["caseId"], f"requests/{due['request']}") == (case, request)
    assert counters.ask("GET", "/v1/reviews", "officer").json() == {"requests": [], "next": None}
    assert timeline(counters, case)[-1]["text"] == "reviewed: not justified"
