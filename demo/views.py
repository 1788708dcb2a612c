"""One signal as each party sees it: what their nodes answer them, and nothing made up.

What a view `saw` is every byte that was fetched for it, to be searched for what must not be there;
it is `as promised` when doors were open and closed as the design says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from demo.stage import Posted, Stage
from ledger.block import Block, block_hash
from ledger.cosignature import verify_quorum
from ledger.encoding import to_base64
from ledger.tree import Frontier, leaf_hash

_SHOWN = 14


@dataclass(frozen=True, slots=True)
class View:
    """What somebody sees: `lines` for a screen, the `block` they read, all that they `saw`."""

    title: str
    lines: tuple[str, ...]
    saw: bytes = field(repr=False)
    block: bytes | None = field(default=None, repr=False)
    is_as_promised: bool = True


def of_author(stage: Stage, posted: Posted) -> View:
    """Return what UWV's caseworker sees."""
    path = f"/v1/signals/{posted.local_id}"
    answer = stage.members["uwv"].ask(path, role="caseworker")
    own = answer.json()
    lines = (
        f"GET own signal: {answer.status_code}",
        f"caseReference {own['caseReference']}",
        f"{own['regulation']}, {own['theme']}",
        f"{own['signalType']}, {own['severity']}",
        own["period"],
        f"block {own['height']}, {own['state']}",
        f"bsn {'given back!' if 'bsn' in own else 'is not given back'}",
    )
    is_promised = "bsn" not in own and own["state"] == "final"
    return View("UWV, caseworker", lines, answer.content, is_as_promised=is_promised)


def of_agency(stage: Stage, posted: Posted) -> View:
    """Return what SVB, which may know the same person, sees: the block, and nothing behind it."""
    raw = _block(stage, "svb", role="caseworker", height=posted.height)
    body = stage.members["svb"].ask(f"/v1/blocks/{posted.height}/body", role="fg")
    lines = (
        *_header(raw),
        "",
        f"body, as FG: {body.status_code}",
        *_wrapped(body.json()["detail"]),
    )
    return View(
        "SVB, caseworker and FG",
        lines,
        saw=raw + body.content,
        block=raw,
        is_as_promised=body.status_code == httpx.codes.NOT_FOUND,
    )


def of_policy(stage: Stage, posted: Posted) -> View:
    """Return what the policy side of SZW sees: the block, and closed doors."""
    raw = _block(stage, "szw", role="policy", height=posted.height)
    signals = stage.members["szw"].ask("/v1/signals", role="policy")
    body = stage.members["szw"].ask(f"/v1/blocks/{posted.height}/body", role="policy")
    lines = (
        *_header(raw),
        "",
        f"SZW's own signals: {signals.status_code}",
        f"body: {body.status_code}",
        *_wrapped(body.json()["detail"]),
    )
    statuses = {signals.status_code, body.status_code}
    return View(
        "SZW, policy (Beleid)",
        lines,
        saw=raw + signals.content + body.content,
        block=raw,
        is_as_promised=statuses == {httpx.codes.FORBIDDEN},
    )


def of_auditor(stage: Stage, posted: Posted) -> View:
    """Return what an auditor without any token sees and recomputes."""
    signed = stage.checkpoint("svb", role=None)
    checkpoint = signed.checkpoint
    blocks = stage.blocks("svb", role=None, size=checkpoint.size)
    frontier, _ = Frontier(0, ()).appended([leaf_hash(raw) for raw in blocks])
    document = stage.members.document
    times = verify_quorum(signed, members=document.witnesses, quorum=document.quorum)
    raw = blocks[posted.height]
    lines = (
        *_header(raw),
        "",
        f"checkpoint: {checkpoint.size} blocks",
        f"root {to_base64(checkpoint.root)[:_SHOWN]}…",
        f"recomputed: {'the same' if frontier.root() == checkpoint.root else 'ANOTHER'}",
        f"cosigned {', '.join(sorted(times))}",
    )
    return View(
        "Auditor, no token",
        lines,
        saw=raw + signed.encode(),
        block=raw,
        is_as_promised=frontier.root() == checkpoint.root,
    )


def _block(stage: Stage, name: str, *, role: str, height: int) -> bytes:
    size = stage.checkpoint(name, role=role).checkpoint.size
    return stage.blocks(name, role=role, size=size)[height]


def _header(raw: bytes) -> tuple[str, ...]:
    block = Block.decode(raw)
    entry = block.signed.entry
    commitment = "" if entry.commitment is None else to_base64(entry.commitment)
    return (
        f"block {block.height}  {block_hash(raw).hex()[:_SHOWN]}…",
        f"{entry.author}, {entry.kind}, {entry.day}",
        f"commitment {commitment[:_SHOWN]}…",
    )


def _wrapped(text: str, width: int = 29) -> Sequence[str]:
    words, lines = text.split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines
