"""A node is killed, posting goes on without it; it comes back to the same history, and answers."""

import time
from dataclasses import replace

import httpx

from demo.caseload import told, wait_case, wait_unanswered
from demo.chain import settled
from demo.stage import Posted, Stage
from ledger.encoding import to_base64
from ledger.tree import Frontier, leaf_hash

TITLE = "SVB's node is killed; UWV posts on; SVB comes back"
_POSTS = 5


def play(stage: Stage) -> None:
    """Kill SVB's node, post at UWV, start SVB's again, and compare all four."""
    screen, svb = stage.screen, stage.members["svb"]
    before = stage.checkpoint("svb").checkpoint.size
    svb.node.kill()
    screen.say(f"SVB's node got SIGKILL at {before} blocks, as in a power cut.")
    screen.claim(
        f"nobody answers at {svb.url}",
        holds=not _answers(stage),
        expected="no connection",
        seen="an answer",
    )
    try:
        known = _post_on(stage)
    finally:
        # The scenes that follow need it, whatever became of this one.
        begun = time.perf_counter()
        svb.launch()
        svb.wait_ready()
    _catch_up(stage, before, begun)
    _learn(stage, known, begun)


def _post_on(stage: Stage) -> Posted:
    """Post at UWV; return the signal about somebody whom SVB knows."""
    author = stage.the_first().signal.agency
    spare = [s for person in stage.spare for s in person.signals if s.agency == author]
    at_svb = next(person for person in stage.people if person.agencies == {"svb"})
    posted = [stage.post(replace(spare[0], bsn=at_svb.bsn))]
    posted += [stage.post(signal) for signal in spare[1:_POSTS]]
    heights = [p.height for p in posted]
    cosigners = sorted({name for p in posted for name in stage.cosigners(p.receipt)})
    stage.screen.claim(
        f"UWV posts {len(posted)} more, between block {heights[0]} and {heights[-1]}, each 201 and "
        f"cosigned by {', '.join(cosigners)}",
        holds=len(posted) == _POSTS and "svb" not in cosigners,
        expected=f"{_POSTS} receipts by the three others",
        seen=(len(posted), cosigners),
    )
    own = wait_unanswered(stage, posted[0], ["svb"])
    silent = ", ".join(name.upper() for name in own.unanswered or ())
    stage.screen.claim(
        f"the first is about somebody SVB knows too; UWV reads: “{silent} has not answered yet”",
        holds=own.unanswered == ["svb"] and own.case_id is None,
        expected="unanswered by svb alone, and no case",
        seen=(own.unanswered, own.case_id),
    )
    return posted[0]


def _catch_up(stage: Stage, before: int, begun: float) -> None:
    size = stage.checkpoint("uwv").checkpoint.size
    caught_up = stage.wait_size("svb", size) - before
    took = time.perf_counter() - begun
    stage.screen.claim(
        f"SVB's node, started again, was ready {took:.1f} s later, with the {caught_up} blocks "
        "that it had missed",
        holds=caught_up > _POSTS,
        expected=f"more than {_POSTS} blocks",
        seen=caught_up,
    )


def _learn(stage: Stage, known: Posted, begun: float) -> None:
    case = wait_case(stage, known)
    took = time.perf_counter() - begun
    own = wait_unanswered(stage, known, [])
    read = [told(match) for match in case.matches]
    stage.screen.claim(
        f"SVB answers: {took:.1f} s after its start UWV reads “{'; '.join(read)}”",
        holds=[match.member for match in case.matches] == ["svb"] and own.case_id == case.id,
        expected="one match, with SVB",
        seen=(read, own.unanswered),
    )
    _compare(stage, len(settled(stage)))


def _compare(stage: Stage, size: int) -> None:
    """Compare the first `size` blocks of each: beats go on, so their newest ones may differ."""
    rows = []
    for member in stage.members.all:
        stage.wait_size(member.name, size)
        blocks = stage.blocks(member.name, role="operator", size=size)
        frontier, _ = Frontier(0, ()).appended([leaf_hash(raw) for raw in blocks])
        rows.append((member.name, f"root over {size} blocks", to_base64(frontier.root())))
    stage.screen.rows(rows)
    stage.screen.claim(
        "all four nodes have the same history",
        holds=len({root for *_, root in rows}) == 1,
        expected="one root",
        seen=rows,
    )


def _answers(stage: Stage) -> bool:
    try:
        stage.members["svb"].ask("/healthz")
    except httpx.TransportError:
        return False
    return True
