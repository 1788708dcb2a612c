"""UWV withdraws its signal: the case goes at both, the body everywhere, and the block stays."""

import time
from typing import NamedTuple

import httpx

from demo.caseload import wait_case, wait_no_case
from demo.chain import settled
from demo.disk import stolen
from demo.stage import Posted, Stage
from ledger.block import Block

TITLE = "UWV withdraws its signal"
# Which match it is of those in a table, and which pair, nobody can tell from outside: the one that
# goes. What happened to pairs so far happened to this one.
_CASE = (
    "SELECT box FROM match WHERE ? >= 0",
    "SELECT box FROM pair WHERE ? >= 0",
    "SELECT box FROM pair_event WHERE ? >= 0",
)
_QUERIES = {
    "uwv": ("SELECT case_box, person_box, body_box FROM signal WHERE height = ?", *_CASE),
    "bzk": ("SELECT share_box FROM custody WHERE height = ?",),
    "svb": _CASE,
}
_BOXES = 8
"""Of signal, share, matches and pairs; besides, those of all that happened."""
_SWEPT_WITHIN_SECONDS = 20
_LOOK_EVERY_SECONDS = 0.2
Kept = dict[str, list[bytes]]


class Erased(NamedTuple):
    """How many boxes are no longer in their tables, and of how many the bytes are in a file."""

    gone: int
    left: int


def play(stage: Stage) -> None:
    """Delete the first signal, and look for what is left of it at everybody."""
    screen, first, second = stage.screen, stage.the_first(), stage.the_second()
    before, events = _kept(stage, first), _events(stage)
    case = wait_case(stage, second)
    uwv, svb = stage.members["uwv"], stage.members["svb"]
    path = f"/v1/signals/{first.local_id}"
    asked = uwv.delete(path, role="caseworker")
    screen.say(f"DELETE {path[:20]}… at UWV, as its caseworker: {asked.status_code}")
    _claim_erasure(stage, settled(stage, kind="erasure"))
    own = uwv.ask(path, role="caseworker")
    left = wait_no_case(stage, second)
    gone = svb.ask(f"/v1/cases/{case.id}", role="caseworker")
    screen.claim(
        f"UWV's signal: {own.status_code}; SVB's case: {gone.status_code}; SVB's own signal is "
        f"{left.state}, in no case",
        holds=asked.status_code == httpx.codes.ACCEPTED
        and (own.status_code, gone.status_code) == (httpx.codes.GONE, httpx.codes.NOT_FOUND)
        and (left.state, left.case_id) == ("final", None),
        expected="202, then 410 at UWV, 404 at SVB, and SVB's own signal without a case",
        seen=(asked.status_code, own.text, gone.text),
    )
    _claim_nothing_held(stage, first, before, events=events)
    screen.claim(
        f"the receipt of block {first.height} still holds: a block stays, and never said of whom",
        holds=len(stage.cosigners(first.receipt)) >= stage.members.document.quorum,
        expected="a quorum of cosignatures",
        seen=stage.cosigners(first.receipt),
    )


def _claim_erasure(stage: Stage, blocks: list[Block]) -> None:
    erasures = [block for block in blocks if block.signed.entry.kind == "erasure"]
    stage.screen.claim(
        f"block {erasures[-1].height} says that UWV withdraws 1 signal, and not which one",
        holds=[(b.signed.entry.author, b.signed.entry.further) for b in erasures]
        == [("uwv", "1\n")],
        expected="one erasure by uwv, of one signal",
        seen=[block.signed.text for block in erasures],
    )


def _claim_nothing_held(stage: Stage, first: Posted, before: Kept, *, events: int) -> None:
    bzk = stage.members["bzk"].ask(f"/v1/blocks/{first.height}/body", role="fg")
    until = time.monotonic() + _SWEPT_WITHIN_SECONDS
    # The author erases once its own node has the block final, and each log is swept a moment later.
    expected = Erased(_BOXES + events, 0)
    while (erased := _compare(stage, first, before)) != expected:
        if time.monotonic() > until:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    stage.screen.claim(
        f"BZK, custodian: {bzk.status_code}; of {erased.gone} boxes at UWV, SVB and BZK, all that "
        "happened in the case among them, no byte is left on their disks",
        holds=bzk.status_code == httpx.codes.GONE and erased == expected,
        expected=f"410, and {expected.gone} boxes of which nothing is left",
        seen=(bzk.status_code, erased),
    )


def _kept(stage: Stage, first: Posted) -> Kept:
    """Return by member what its disk holds, as stored, where the signal is among it."""
    kept = {}
    for name, queries in _QUERIES.items():
        with stolen(stage.members[name].database) as disk:
            kept[name] = [box for query in queries for box in disk.boxes(query, first.height)]
    return kept


def _events(stage: Stage) -> int:
    """Return how many things happened in the case, at both desks."""
    count = 0
    for name in ("uwv", "svb"):
        with stolen(stage.members[name].database) as disk:
            count += disk.count("pair_event")
    return count


def _compare(stage: Stage, first: Posted, before: Kept) -> Erased:
    gone, left = 0, 0
    for name, queries in _QUERIES.items():
        with stolen(stage.members[name].database) as disk:
            now = {box for query in queries for box in disk.boxes(query, first.height)}
            went = [box for box in before[name] if box not in now]
            gone += len(went)
            left += sum(box in disk.raw for box in went)
    return Erased(gone, left)
