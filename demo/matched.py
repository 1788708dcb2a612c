"""A match as each party sees it: two agencies read a case, everybody else blocks like any other."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from demo.caseload import case_of, told
from demo.disk import stolen
from demo.errors import DemoError
from demo.stage import Posted, Stage
from demo.views import View
from ledger.block import Block
from ledger.heights import Heights

_SHOWN = 12
_MATCHES = frozenset({"signal", "locate", "answer"})
_KEPT = ("presence", "watch", "match", "case_file")


@dataclass(frozen=True, slots=True)
class Answers:
    """The blocks that answer one `locate`: by which a match was told, and one that is noise."""

    true: Block
    noise: Block

    @property
    def are_alike(self) -> bool:
        """Tell whether they have one form: all but author, commitment and signatures equal."""
        true, noise = self.true.signed, self.noise.signed
        return (
            true.entry.further == noise.entry.further
            and true.entry.day == noise.entry.day
            and len(true.lines) == len(noise.lines)
            and len(true.encode()) == len(noise.encode())
        )


def answers_to(blocks: Sequence[Block], posted: Posted, *, true: str, noise: str) -> Answers:
    """Return how the members `true` and `noise` answered the `locate` of a signal.

    Raises:
        DemoError: one of them did not.
    """
    locate = _naming(blocks, "locate", posted.height)
    answered = {
        block.signed.entry.author: block
        for block in locate
        for block in _naming(blocks, "answer", block.height)
    }
    if not {true, noise} <= answered.keys():
        raise DemoError(f"block {posted.height} was answered by {', '.join(answered)} only")
    return Answers(answered[true], answered[noise])


def of_party(stage: Stage, posted: Posted) -> View:
    """Return what a caseworker of an agency that matched reads."""
    agency = posted.signal.agency
    case = case_of(stage, posted)
    if case is None:
        raise DemoError(f"{agency} has no case")
    answer = stage.members[agency].ask(f"/v1/cases/{case.id}", role="caseworker")
    lines = [f"GET case: {answer.status_code}", f"own {posted.signal.case_reference}", ""]
    for match in case.matches:
        desk, _, day = told(match).partition(", ")
        lines += [desk, f"  {day}, block {match.height}", f"  match {match.id[:_SHOWN]}…"]
    return View(f"{agency.upper()}, caseworker", (*lines, "", "and nothing else"), answer.content)


def of_third(stage: Stage) -> View:
    """Return what SZW sees, an issuer that was asked twice and knows nothing of this person."""
    szw = stage.members["szw"]
    policy = szw.ask("/v1/cases", role="policy")
    lines, saw, is_promised = _without(stage, "szw")
    return View(
        "SZW, asked and answering",
        (*lines, f"its cases, policy: {policy.status_code}"),
        saw + policy.content,
        is_as_promised=is_promised and policy.status_code == httpx.codes.FORBIDDEN,
    )


def of_custodian(stage: Stage, answers: Answers) -> View:
    """Return what BZK sees, that evaluated both signals and holds their sealed content."""
    lines, saw, is_promised = _without(stage, "bzk")
    for block in (answers.true, answers.noise):
        body = stage.members["bzk"].ask(f"/v1/blocks/{block.height}/body", role="fg")
        lines.append(f"body of block {block.height}, FG: {body.status_code}")
        saw += body.content
        is_promised &= body.status_code == httpx.codes.NOT_FOUND
    return View("BZK, holder and custodian", tuple(lines), saw, is_as_promised=is_promised)


def _without(stage: Stage, name: str) -> tuple[list[str], bytes, bool]:
    """Return lines and bytes of a member that has no case, and whether that is so."""
    member = stage.members[name]
    cases = member.ask("/v1/cases", role="caseworker")
    with stolen(member.database) as disk:
        counts = {table: disk.count(table) for table in _KEPT}
    count = len(cases.json()["cases"])
    lines = [
        f"its cases: {cases.status_code}, {count} of them",
        "in its own database:",
        *(f"  {table:10} {rows} rows" for table, rows in counts.items()),
    ]
    return lines, cases.content + disk.raw, not count and not any(counts.values())


def of_auditor(stage: Stage, *, since: int) -> View:
    """Return what an auditor without any token reads from block `since` on."""
    size = stage.checkpoint("svb", role=None).checkpoint.size
    blocks = [Block.decode(raw) for raw in stage.blocks("svb", role=None, size=size)[since:]]
    told = [_line(block) for block in blocks if block.signed.entry.kind in _MATCHES]
    # How many others there are is a matter of how long it took to come here.
    others = sorted({block.signed.entry.kind for block in blocks} - _MATCHES)
    lines = (*told, "", f"and {len(blocks) - len(told)} of kind {', '.join(others)}")
    return View("Auditor, no token", lines, b"".join(block.encode() for block in blocks))


def _naming(blocks: Sequence[Block], kind: str, height: int) -> list[Block]:
    return [
        block
        for block in blocks
        if block.signed.entry.kind == kind
        and height in Heights.decode(block.signed.entry.further).named
    ]


def _line(block: Block) -> str:
    entry = block.signed.entry
    named = entry.further.replace("\n", " ")
    about = f"{entry.author} {entry.kind} {named}".ljust(16)
    return f"{block.height:3}  {about} {len(block.signed.encode())} B"
