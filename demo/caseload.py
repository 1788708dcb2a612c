"""Cases as caseworkers read them, and the cases that the input says there must be."""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from api.case import CaseOut, MatchOut
from api.client.node import NodeClient
from api.signal import SignalOut, SignalPageOut
from api.wire import Wire
from demo.errors import DemoError
from demo.member import Member
from demo.people import DESKS, Person
from demo.stage import Posted, Stage

Case = tuple[frozenset[str], frozenset[str]]
"""Own case references, and those of the other agencies that know the same person."""
_WAIT_SECONDS = 30
_LOOK_EVERY_SECONDS = 0.02
_LOOK_AT_ALL_EVERY_SECONDS = 0.3
_PAGE = 100
_Read = TypeVar("_Read", bound=Wire)


def own_signal(stage: Stage, posted: Posted) -> SignalOut:
    """Return a signal as its agency's caseworker reads it now."""
    return _read(SignalOut, stage.members[posted.signal.agency], f"/v1/signals/{posted.local_id}")


def case_of(stage: Stage, posted: Posted) -> CaseOut | None:
    """Return the case that a signal is part of, as its agency's caseworker reads it."""
    case_id = own_signal(stage, posted).case_id
    if case_id is None:
        return None
    return _read(CaseOut, stage.members[posted.signal.agency], f"/v1/cases/{case_id}")


def wait_case(stage: Stage, posted: Posted) -> CaseOut:
    """Wait until a signal is part of a case, and return it.

    Raises:
        DemoError: it is not after half a minute.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while (case := case_of(stage, posted)) is None:
        if time.monotonic() > until:
            raise DemoError(f"{posted.signal.agency} has no case of block {posted.height} yet")
        time.sleep(_LOOK_EVERY_SECONDS)
    return case


def wait_no_case(stage: Stage, posted: Posted) -> SignalOut:
    """Wait until a signal is part of no case any more, and return it.

    Raises:
        DemoError: it still is after half a minute.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while (own := own_signal(stage, posted)).case_id is not None:
        if time.monotonic() > until:
            raise DemoError(f"{posted.signal.agency} still has a case of block {posted.height}")
        time.sleep(_LOOK_EVERY_SECONDS)
    return own


def wait_unanswered(stage: Stage, posted: Posted, names: list[str]) -> SignalOut:
    """Wait until exactly those members have not answered for a signal, and return it.

    Raises:
        DemoError: it is otherwise after half a minute.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while (own := own_signal(stage, posted)).unanswered != names:
        if time.monotonic() > until:
            raise DemoError(f"block {posted.height} is not answered by {own.unanswered}")
        time.sleep(_LOOK_EVERY_SECONDS)
    return own


def told(match: MatchOut) -> str:
    """Return what a match tells, in words: the desk of an agency, and the day."""
    return f"{match.desk_title}, {match.day.day} {match.day:%B}"


def expected(people: Iterable[Person]) -> dict[str, set[Case]]:
    """Return by agency the cases that there must be once each of `people`'s signals is posted."""
    cases: dict[str, set[Case]] = {agency: set() for agency in DESKS}
    for person in people:
        for agency in person.agencies if len(person.agencies) > 1 else ():
            own = {s.case_reference for s in person.signals if s.agency == agency}
            others = {s.case_reference for s in person.signals if s.agency != agency}
            cases[agency].add((frozenset(own), frozenset(others)))
    return cases


def sorted_case(case: Case) -> tuple[list[str], list[str]]:
    """Return a case in a form that has an order."""
    own, others = case
    return sorted(own), sorted(others)


class Caseload:
    """All cases of all agencies, read now.

    Each agency gives its own people only its own references: put side by side here, the height
    of a block tells which signal of the other agency a match is with.
    """

    def __init__(self, stage: Stage) -> None:
        """Ask every agency for its signals and cases."""
        members = [stage.members[name] for name in DESKS]
        signals = {member.name: list(_signals(member)) for member in members}
        self._local = {s.local_id: s.case_reference for own in signals.values() for s in own}
        self._placed = {
            (name, s.height): s.case_reference for name, own in signals.items() for s in own
        }
        self._cases = {member.name: _cases(member) for member in members}

    def cases(self, agency: str) -> list[Case]:
        """Return the agency's cases; one that is there twice is returned twice."""
        return [
            (
                frozenset(self._local[local_id] for local_id in case.own_local_ids),
                frozenset(
                    self._placed.get((m.member, m.height), f"block {m.height}")
                    for m in case.matches
                ),
            )
            for case in self._cases[agency]
        ]

    def match_ids(self, agency: str) -> list[str]:
        """Return the ids of the agency's matches."""
        return [match.id for case in self._cases[agency] for match in case.matches]


def wait_caseload(stage: Stage, there_must_be: Mapping[str, Collection[Case]]) -> Caseload:
    """Return all cases once there are as many as there must be, or half a minute later."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        caseload = Caseload(stage)
        is_complete = all(
            set(caseload.cases(agency)) >= set(cases) for agency, cases in there_must_be.items()
        )
        if is_complete or time.monotonic() > until:
            return caseload
        time.sleep(_LOOK_AT_ALL_EVERY_SECONDS)


def _signals(member: Member) -> Iterable[SignalOut]:
    path = f"/v1/signals?pageSize={_PAGE}"
    page = _read(SignalPageOut, member, path)
    yield from page.signals
    while page.next is not None:
        page = _read(SignalPageOut, member, f"{path}&before={page.next}")
        yield from page.signals


def _cases(member: Member) -> list[CaseOut]:
    with NodeClient(member.url, token=member.tokens["caseworker"]) as client:
        return [CaseOut.model_validate(case, strict=False) for case in client.cases()]


def _read(model: type[_Read], member: Member, path: str) -> _Read:
    answer = member.ask(path, role="caseworker").raise_for_status()
    return model.model_validate_json(answer.content, by_alias=True, by_name=False)
