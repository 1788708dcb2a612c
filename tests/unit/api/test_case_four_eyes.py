"""Four eyes through the API, over all roles that two people may have and how they stand in."""

from itertools import chain, combinations, product

import pytest

from ledger.case.people import Role
from ledger.exchange.message import Confirm
from ledger.exchange.words import Within
from nodes.people import IN_CASES, Person
from tests.support.casework import ACUTE, LAST_DAY
from tests.support.counters import Counters, person

DAY = LAST_DAY.isoformat()
SETS = [
    frozenset(roles)
    for roles in chain.from_iterable(
        combinations(sorted(IN_CASES), size) for size in range(1, len(IN_CASES) + 1)
    )
]
RELATIONS = ("same", "apart", "second-for-first", "first-for-second", "both-for-third")
ACTS = {
    "approve": (Role.CASEWORKER, Role.APPROVER),
    "refuse": (Role.CASEWORKER, Role.APPROVER),
    "review": (Role.APPROVER, Role.PRIVACY_OFFICER),
}
"""What a second does after a first, and in which roles."""


def short(roles: frozenset[Role]) -> str:
    return "".join(role[0] for role in sorted(roles))


def two(relation: str, first: frozenset[Role], second: frozenset[Role]) -> tuple[Person, Person]:
    """Return two people with these roles, of whom the first stands in for the second, say."""
    name = f"{short(first)}-{short(second)}-{relation}"
    names = f"first-{name}", f"second-{name}"
    in_place = {
        "second-for-first": (None, names[0]),
        "first-for-second": (names[1], None),
        "both-for-third": ("third", "third"),
    }.get(relation, (None, None))
    one = person(names[0], *sorted(first), deputy_of=in_place[0])
    if relation == "same":
        return one, one
    return one, person(names[1], *sorted(second), deputy_of=in_place[1])


CAST = [
    (relation, *two(relation, first, second))
    for relation, first, second in product(RELATIONS, SETS, SETS)
    if relation != "same" or first == second
]


@pytest.fixture(scope="module")
def counters() -> Counters:
    people = {one.id: one for _, first, second in CAST for one in (first, second)}
    helpers = person("confirms", Role.CASEWORKER), person("prepares", Role.CASEWORKER)
    return Counters(people=(*people.values(), *helpers))


def both_act(counters: Counters, what: str, first: Person, second: Person) -> tuple[int, int]:
    """Let the first prepare or break the glass, and the second decide or review; how it went."""
    work = counters.casework
    case = work.open(f"{what} {first.id} {second.id}")
    work.hear(case, Confirm(Within.DAY), named="confirm")
    counters.do("confirms", case, "confirmations", within="1d")
    request = f"requests/{work.hear(case, ACUTE, named='ask').hex()}"
    if what == "review":
        done = counters.do(first.id, case, f"{request}/broken-glasses", lastDay=DAY)
        judged = counters.do(second.id, case, f"{request}/reviews", isJustified=True)
        return done.status_code, judged.status_code
    done = counters.do(first.id, case, f"{request}/preparations", fields=["theme"], lastDay=DAY)
    if what == "refuse":
        reason = {"reason": "niet-noodzakelijk"}
        decided = counters.do(second.id, case, f"{request}/refusals", **reason)
    else:
        decided = counters.do(
            second.id, case, f"{request}/approvals", fields=["theme"], lastDay=DAY
        )
    return done.status_code, decided.status_code


@pytest.mark.parametrize("what", ACTS)
def test_no_hand_is_in_both_acts_whatever_roles_somebody_has(counters: Counters, what: str) -> None:
    as_first, as_second = ACTS[what]
    able = [c for c in CAST if as_first in c[1].roles and as_second in c[2].roles]

    wrong = []
    for relation, first, second in able:
        answered = both_act(counters, what, first, second)
        done = {"approve": 202, "refuse": 202, "review": 204}[what]
        decided = done if relation == "apart" else 409
        if answered != (202 if what == "review" else 204, decided):
            wrong.append((relation, first.roles, second.roles, answered))

    assert len(able) > 200
    assert wrong == []


@pytest.mark.parametrize("what", ACTS)
def test_whoever_lacks_the_role_neither_begins_nor_decides(counters: Counters, what: str) -> None:
    as_first, as_second = ACTS[what]
    apart = [c for c in CAST if c[0] == "apart"]

    for _, first, second in apart:
        if as_first in first.roles and as_second in second.roles:
            continue
        begun, decided = both_act(counters, what, first, second)
        assert (begun == 403) == (as_first not in first.roles)
        assert (decided == 403) == (as_second not in second.roles)
        assert decided in {403, 409} or (what == "refuse" and as_first not in first.roles)
