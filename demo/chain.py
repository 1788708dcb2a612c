"""The whole chain as a node serves it, and what is still owed on it."""

import time
from collections.abc import Collection, Iterable

from api.client.node import NodeClient
from api.client.source import LogSource
from demo.errors import DemoError
from demo.member import Member
from demo.stage import Stage
from ledger.block import Block
from ledger.heights import Heights

_SETTLE_WITHIN_SECONDS = 90
_LOOK_EVERY_SECONDS = 0.2


def read_chain(member: Member) -> list[Block]:
    """Return every final block, as the member's own people may read them."""
    with NodeClient(member.url, token=member.tokens["operator"]) as client:
        return [Block.decode(raw) for raw in LogSource(client).blocks()]


def owed(blocks: Iterable[Block], *, issuers: Collection[str]) -> list[str]:
    """Return what is still to come: a `locate` for every signal, and everybody's answer to it."""
    signals: dict[int, str] = {}
    waiting: dict[int, set[str]] = {}
    for block in blocks:
        entry = block.signed.entry
        if entry.kind == "signal":
            signals[block.height] = entry.author
        elif entry.kind == "locate":
            for height in Heights.decode(entry.further).named:
                signals.pop(height, None)
            waiting[block.height] = set(issuers) - {entry.author}
        elif entry.kind == "answer":
            for height in Heights.decode(entry.further).named:
                waiting[height].discard(entry.author)
    return [
        *(f"{author}'s locate of block {height}" for height, author in signals.items()),
        *(f"{n}'s answer to block {height}" for height, names in waiting.items() for n in names),
    ]


def settled(stage: Stage, *, kind: str = "consortium") -> list[Block]:
    """Wait until nothing is owed and all nodes have it; return the blocks of that history.

    Beats go on meanwhile, so there is no moment at which all stand still: any of the nodes may have
    more by then.

    Args:
        stage: the members, among others.
        kind: of which there must be a block, too.

    Raises:
        DemoError: that is not so after a minute and a half; the text says what is missing.
    """
    document = stage.members.document
    issuers = {issuer.name for issuer in document.issuers}
    until = time.monotonic() + _SETTLE_WITHIN_SECONDS
    while True:
        before = _sizes(stage)
        blocks = read_chain(stage.members["bzk"])
        missing = owed(blocks, issuers=issuers)
        is_there = any(block.signed.entry.kind == kind for block in blocks)
        if is_there and not missing and is_of_all(len(blocks), before, _sizes(stage)):
            return blocks
        if time.monotonic() > until:
            owing = ", ".join(missing[:3]) or f"a block of kind {kind}, or a node's blocks"
            raise DemoError(f"after {_SETTLE_WITHIN_SECONDS} s there is still owed: {owing}")
        time.sleep(_LOOK_EVERY_SECONDS)


def is_of_all(size: int, before: Collection[int], after: Collection[int]) -> bool:
    """Tell whether `size` blocks are all that any node had `before`, and all nodes have `after`."""
    return max(before) <= size <= min(after)


def _sizes(stage: Stage) -> list[int]:
    return [stage.checkpoint(member.name).checkpoint.size for member in stage.members.all]
