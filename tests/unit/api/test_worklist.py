"""Worklists: of one's own desk only, page by page."""

from typing import Any

import pytest

from ledger.case.people import Role
from ledger.exchange.message import Confirm
from ledger.exchange.words import Within
from nodes.people import Person
from tests.support.casework import ASK, LAST_DAY
from tests.support.counters import Counters, person
from tests.support.fake_casework import OTHER_DESK, FakeCasework

MANY = 10_000


@pytest.fixture(scope="module")
def all_counters() -> Counters:
    return Counters()


@pytest.fixture
def counters(all_counters: Counters) -> Counters:
    """Counters without any case."""
    all_counters.begin_again()
    return all_counters


def pages(counters: Counters, path: str, who: str, size: int) -> list[dict[str, Any]]:
    """Return every page."""
    found, after = [], None
    while True:
        params: dict[str, str | int] = {"pageSize": size} | ({"after": after} if after else {})
        answer = counters.ask("GET", path, who, params=params)
        assert answer.status_code == 200
        found.append(answer.json())
        after = found[-1]["next"]
        if after is None:
            return found


def test_ten_thousand_cases_are_paged_and_each_is_there_once(counters: Counters) -> None:
    opened = {counters.casework.open(number) for number in range(MANY)}

    seen = pages(counters, "/v1/worklist", "worker", 100)

    ids = [case["id"] for page in seen for case in page["cases"]]
    assert len(ids) == MANY
    assert set(ids) == opened
    assert max(len(page["cases"]) for page in seen) == 100


def test_requests_to_decide_are_paged_by_case(counters: Counters) -> None:
    asked = set()
    for number in range(30):
        case = counters.casework.open(number)
        counters.casework.hear(case, Confirm(Within.DAY), named="confirm")
        counters.do("worker", case, "confirmations", within="1d")
        for name in ("one", "two"):
            request = counters.casework.hear(case, ASK, named=name).hex()
            granting = {"fields": ["theme"], "lastDay": LAST_DAY.isoformat()}
            counters.do("worker", case, f"requests/{request}/preparations", **granting)
            asked.add(request)

    seen = pages(counters, "/v1/approvals", "approver", 7)

    ids = [one["request"] for page in seen for one in page["requests"]]
    assert len(ids) == 60
    assert set(ids) == asked
    assert len(seen) == 5


def test_a_line_says_what_is_due_and_with_whom(counters: Counters) -> None:
    case = counters.casework.open("one")
    counters.casework.hear(case, Confirm(Within.FOUR_HOURS), named="confirm")
    counters.ask("PUT", f"/v1/cases/{case}/assignee", "worker", json={"person": "worker"})

    (line,) = counters.ask("GET", "/v1/worklist", "colleague").json()["cases"]

    assert line == {
        "id": case,
        "purpose": "multiproblematiek",
        "desk": "uwv/maatwerkplaats",
        "pairs": [
            {
                "match": counters.casework.match_of(case).hex(),
                "otherDesk": "svb/de-bedoeling",
                "state": "asked",
                "respondBy": "2026-12-01T14:00:00Z",
                "asked": [],
                "prepared": [],
                "review": [],
            }
        ],
        "carriedBy": "worker",
        "workedBy": "worker",
        "due": "2026-12-01T12:00:00Z",
        "what": "reminder",
    }


def test_a_desk_sees_its_own_cases_only(counters: Counters) -> None:
    counters.casework.open("ours")

    assert counters.ask("GET", "/v1/worklist", "stranger").json() == {"cases": [], "next": None}


def test_a_policy_desk_sees_none_whatever_roles_its_people_were_given() -> None:
    people: tuple[Person, ...] = (
        person("policy-worker", Role.CASEWORKER, desk="szw/beleid"),
        person("policy-approver", Role.APPROVER, desk="szw/beleid"),
        person("szw-worker", Role.CASEWORKER, desk="szw/maatwerk"),
    )
    counters = Counters(FakeCasework(), people)
    case = counters.casework.open("szw", desk="szw/maatwerk")

    for who, path in (
        ("policy-worker", "/v1/worklist"),
        ("policy-worker", f"/v1/cases/{case}/file"),
        ("policy-approver", "/v1/approvals"),
        ("policy-approver", f"/v1/cases/{case}/file"),
    ):
        answer = counters.ask("GET", path, who)
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "A policy desk sees no cases.",
        )
    assert counters.ask("GET", f"/v1/cases/{case}/file", "szw-worker").status_code == 200


@pytest.mark.parametrize(
    "params", [{"pageSize": 0}, {"pageSize": 101}, {"after": "x" * 201}, {"after": " "}]
)
def test_a_page_that_cannot_be_is_a_bad_request(
    counters: Counters, params: dict[str, str | int]
) -> None:
    assert counters.ask("GET", "/v1/worklist", "worker", params=params).status_code == 400


def test_systems_and_strangers_read_no_worklist(counters: Counters) -> None:
    counters.casework.open("one", desk=OTHER_DESK)

    assert counters.ask("GET", "/v1/worklist").status_code == 401
    answer = counters.ask("GET", "/v1/worklist", "system:caseworker")
    assert answer.status_code == 403
    assert "in person" in answer.json()["detail"]
