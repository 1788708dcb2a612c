"""Every route of a case, asked by everybody: who may, who may not, and what each is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.app import openapi_document
from ledger.exchange.message import Confirm
from ledger.exchange.words import Within
from nodes.settings import ROLES
from tests.support.casework import ACUTE, ASK, BASIS, LAST_DAY, PURPOSE, UWV
from tests.support.contract import operations
from tests.support.counters import PEOPLE, Counters
from tests.support.fake_casework import OTHER_DESK

WORKERS = frozenset({"worker", "colleague", "everything"})
LEADS = frozenset({"lead", "everything"})
APPROVERS = frozenset({"approver", "stand-in", "everything"})
OFFICERS = frozenset({"officer", "everything"})
ALL = WORKERS | LEADS | APPROVERS | OFFICERS
OUT_OF_IT = ["policy", "auditor", "operator", *(f"system:{role}" for role in ROLES)]
DAY = LAST_DAY.isoformat()
ASKED = {"purpose": PURPOSE, "basis": BASIS, "necessity": "hulp-afstemmen", "fields": ["theme"]}


@dataclass(frozen=True)
class Door:
    """A route, who may ask it, and what a caseworker of another desk is answered."""

    method: str
    path: str
    admitted: frozenset[str]
    status: int
    body: dict[str, Any] | None = None
    stranger: int = 404
    names_match: bool = field(default=True)


DOORS = [
    Door("GET", "/worklist", WORKERS | LEADS, 200, stranger=200),
    Door("GET", "/approvals", APPROVERS, 200, stranger=403),
    Door("GET", "/reviews", OFFICERS, 200, stranger=403),
    Door("GET", "/cases/{case}/file", ALL, 200),
    Door("POST", "/cases/{case}/requests/{own}/readings", WORKERS, 200, {}),
    Door("POST", "/cases/{new}/confirmations", WORKERS, 202, {"within": "1d"}, names_match=False),
    Door("POST", "/cases/{case}/outcomes", WORKERS, 202, {"result": "contacted"}),
    Door("POST", "/cases/{case}/coordinators", WORKERS, 202, {"desk": UWV}),
    Door("POST", "/cases/{case}/messages", WORKERS, 202, {"text": "Bel ons morgen."}),
    Door("POST", "/cases/{case}/contentions", WORKERS, 202, {"about": "regie"}),
    Door("POST", "/cases/{case}/endings", WORKERS, 202, {"reason": "afgerond"}),
    Door("POST", "/cases/{case}/requests", WORKERS, 202, ASKED),
    Door(
        "POST",
        "/cases/{case}/requests/{ask}/refusals",
        APPROVERS,
        202,
        {"reason": "niet-noodzakelijk"},
        stranger=403,
    ),
    Door(
        "POST",
        "/cases/{case}/requests/{ask}/preparations",
        WORKERS,
        204,
        {"fields": ["theme"], "lastDay": DAY},
    ),
    Door(
        "POST",
        "/cases/{case}/requests/{prepared}/approvals",
        APPROVERS,
        202,
        {"fields": ["theme"], "lastDay": DAY},
        stranger=403,
    ),
    Door(
        "POST",
        "/cases/{case}/requests/{acute}/broken-glasses",
        APPROVERS,
        202,
        {"lastDay": DAY},
        stranger=403,
    ),
    Door(
        "POST",
        "/cases/{case}/requests/{broken}/reviews",
        OFFICERS,
        204,
        {"isJustified": True},
        stranger=403,
    ),
    Door(
        "PUT",
        "/cases/{case}/assignee",
        WORKERS | LEADS,
        204,
        {"person": "{who}"},
        names_match=False,
    ),
    Door(
        "POST",
        "/cases/{case}/handovers",
        WORKERS | LEADS,
        204,
        {"desk": OTHER_DESK},
        names_match=False,
    ),
    Door(
        "POST",
        "/absences",
        ALL,
        204,
        {"person": "{who}", "first": DAY, "last": DAY},
        stranger=204,
        names_match=False,
    ),
]
EVERYBODY = [p.id for p in PEOPLE] + [f"system:{role}" for role in ROLES]
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda d: f"{d.method} {d.path}")


@pytest.fixture(scope="module")
def counters() -> Counters:
    return Counters()


def situation(counters: Counters, named: object) -> dict[str, str]:
    """Return ids: a case where everything can be done that there is to do, and a new one."""
    work = counters.casework
    case = work.open(named)
    work.hear(case, Confirm(Within.DAY), named="confirm")
    assert counters.do("colleague", case, "confirmations", within="1d").status_code == 202
    ids = {"case": case, "new": work.open(f"new {named}")}
    for name, asked in (("ask", ASK), ("prepared", ASK), ("acute", ACUTE), ("broken", ACUTE)):
        ids[name] = work.hear(case, asked, named=name).hex()
    own = counters.do("colleague", case, "requests", **ASKED).json()["id"]
    work.grant(case, bytes.fromhex(own), ("theme",), LAST_DAY)
    prepared, broken = (f"requests/{ids[name]}" for name in ("prepared", "broken"))
    done = (
        counters.do("colleague", case, f"{prepared}/preparations", fields=["theme"], lastDay=DAY),
        counters.do("approver", case, f"{broken}/broken-glasses", lastDay=DAY),
    )
    assert [answer.status_code for answer in done] == [204, 202]
    return ids | {"own": own}


def knock(counters: Counters, door: Door, who: str | None, named: object) -> int:
    """Return how somebody is answered at a door."""
    ids = situation(counters, named)
    body = None
    if door.body is not None:
        match = {"match": counters.casework.match_of(ids["case"]).hex()}
        body = door.body | (match if door.names_match else {})
    if body is not None and body.get("person"):
        body["person"] = who
    path = "/v1" + door.path.format(**ids)
    return counters.ask(door.method, path, who, json=body).status_code


def expected(door: Door, who: str) -> int:
    if who == "stranger":
        return door.stranger
    return door.status if who in door.admitted else 403


def test_no_route_of_a_case_is_forgotten_here() -> None:
    stated = {
        (o.method, o.path)
        for o in operations(openapi_document())
        if o.content["tags"] == ["casework"]
    }

    in_words: Callable[[str], str] = lambda path: "/".join(  # noqa: E731
        "{}" if part.startswith("{") else part for part in path.split("/")
    )
    assert {(m, in_words(p)) for m, p in stated} == {(d.method, in_words(d.path)) for d in DOORS}
    assert len(stated) == len(DOORS)


@each_door
def test_a_door_opens_to_those_who_may_and_nobody_else(counters: Counters, door: Door) -> None:
    answered = {who: knock(counters, door, who, f"{door.path} {who}") for who in EVERYBODY}

    assert answered == {who: expected(door, who) for who in EVERYBODY}


@each_door
def test_whoever_shows_nothing_is_asked_who_it_is(counters: Counters, door: Door) -> None:
    assert knock(counters, door, None, f"{door.path} nobody") == 401


@each_door
def test_who_is_no_part_of_cases_is_told_so_before_anything_else(
    counters: Counters, door: Door
) -> None:
    path = "/v1" + door.path.format_map(Zeros())

    for who in OUT_OF_IT:
        assert counters.ask(door.method, path, who, json=door.body).status_code == 403


class Zeros(dict[str, str]):
    """Names a case that is not there, and a request likewise."""

    def __missing__(self, key: str) -> str:
        return "0" * 32
