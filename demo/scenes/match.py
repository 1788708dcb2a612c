"""SVB posts about the person whom UWV signalled, and each reads of the other."""

import time

from api.case import CaseOut, MatchOut
from demo.caseload import case_of, told, wait_case
from demo.people import CaseSignal
from demo.stage import Posted, Stage
from demo.words import meanings
from ledger.block import Block

TITLE = "SVB posts about the same person, and both agencies read the match"
_FIELDS = ("regulation", "theme", "helpQuestion")
_SHOWN = 12


def play(stage: Stage) -> None:
    """Post the other half, wait for the case at both agencies, and show it as they read it."""
    screen, first = stage.screen, stage.the_first()
    signal = _other_half(stage, first)
    screen.say("The other half lies at the desk SVB De Bedoeling, whom nobody told of UWV's:")
    screen.rows(meanings({field: signal.fields[field] for field in _FIELDS}), dim=2)
    screen.say()

    begun = time.perf_counter()
    stage.second = second = stage.post(signal)
    posted = time.perf_counter() - begun
    at_svb = wait_case(stage, second)
    seen = time.perf_counter() - begun
    at_uwv = wait_case(stage, first)
    both = time.perf_counter() - begun
    screen.panels(
        [
            ("What UWV's caseworker reads", _read_out(first, at_uwv)),
            ("What SVB's caseworker reads", _read_out(second, at_svb)),
        ]
    )
    screen.claim(
        f"block {second.height} was final after {1000 * posted:.0f} ms, the case stood at SVB "
        f"after {1000 * seen:.0f} and at UWV after {1000 * both:.0f}",
        holds=[told(m) for m in at_svb.matches] == [_expected(stage, first)]
        and [told(m) for m in at_uwv.matches] == [_expected(stage, second)],
        expected=f"{_expected(stage, first)} at SVB, {_expected(stage, second)} at UWV",
        seen=[told(m) for m in (*at_svb.matches, *at_uwv.matches)],
    )
    _compare(stage, at_uwv.matches, at_svb.matches)
    _search(stage, first, second)


def _other_half(stage: Stage, first: Posted) -> CaseSignal:
    person = next(person for person in stage.people if first.signal in person.signals)
    return next(signal for signal in person.signals if signal.agency == "svb")


def _expected(stage: Stage, posted: Posted) -> str:
    desk = next(d for d in stage.members.document.desks if d.name == posted.signal.body()["desk"])
    day = Block.decode(posted.receipt.block).signed.entry.day
    return f"{desk.title}, {day.day} {day:%B}"


def _read_out(posted: Posted, case: CaseOut) -> list[str]:
    lines = [f"own signal   {posted.signal.case_reference}"]
    for match in case.matches:
        lines += [f"known too    {told(match)}", f"             in block {match.height}"]
        lines += [f"match        {match.id[:_SHOWN]}…"]
    return [*lines, f"case         {case.id[:_SHOWN]}…"]


def _compare(stage: Stage, at_uwv: list[MatchOut], at_svb: list[MatchOut]) -> None:
    ids = {match.id for match in (*at_uwv, *at_svb)}
    stage.screen.claim(
        "both call it by the same match id, and each by a case id of its own",
        holds=len(ids) == 1 and len(at_uwv) == len(at_svb) == 1,
        expected="one match at each, under one id",
        seen=ids,
    )


def _search(stage: Stage, first: Posted, second: Posted) -> None:
    said = {}
    for own, other in ((first, second), (second, first)):
        case = case_of(stage, own)
        text = "" if case is None else case.model_dump_json()
        hidden = (
            other.signal.bsn.digits,
            other.signal.case_reference,
            *(other.signal.fields.values()),
        )
        said[own.signal.agency] = sum(word in text for word in hidden)
    stage.screen.claim(
        "what is wrong stands in neither: agency, desk, day and block, and nothing else",
        holds=set(said.values()) == {0},
        expected="no field, reference or BSN of the other",
        seen=said,
    )
