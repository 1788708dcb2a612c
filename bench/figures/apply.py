"""Append and apply at one node: entries through replica and writer into a real database.

The limit is two bare verifications an entry and one bare SQLite commit a batch, of the same bytes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from bench.applying import Applying, batches_of, open_replica
from bench.bare import bare_table, commit_all, signatures_of, verify_all, wall_seconds
from bench.chain import FIRST
from bench.figure import Figure, in_turn
from bench.workshop import Workshop
from nodes.sequencer.port import MAX_SUBMISSION

_SINGLE = 64
_LIMIT = "2 bare verifications an entry, 1 commit a batch"


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the rate in batches as they come under load, and one by one."""
    rounds, blocks = shop.scale.rounds, shop.scale.applied
    entries = iter(shop.chain.entries(0, FIRST + (rounds + 1) * (blocks + _SINGLE)))
    with ExitStack() as stack:
        applying = open_replica(shop.folder / "apply.db", shop.chain.founded.founding, stack)
        applying.apply([next(entries) for _ in range(FIRST)])
        for name, size, count in (
            (f"apply, in batches of {MAX_SUBMISSION}", MAX_SUBMISSION, blocks),
            ("apply, one by one", 1, _SINGLE),
        ):
            shop.show(name, 0)
            pairs = in_turn(
                partial(_value, applying, entries, size=size, count=count),
                _limit(shop, size=size, count=count, stack=stack),
                rounds=rounds,
            )
            yield Figure(
                name, pairs.value, "entries/s", samples=rounds, limit=pairs.limit,
                limit_of=_LIMIT, ratio=pairs.ratio,
            )  # fmt: skip


def _value(applying: Applying, entries: Iterator[bytes], *, size: int, count: int) -> float:
    batches = batches_of([next(entries) for _ in range(count)], size)
    return count / wall_seconds(partial(applying.apply, *batches))


def _limit(shop: Workshop, *, size: int, count: int, stack: ExitStack) -> Callable[[], float]:
    document = shop.chain.founded.document
    blocks = list(shop.chain.blocks(FIRST + count))[FIRST:]
    parts = [(signatures_of(rows, document), rows) for rows in batches_of(blocks, size)]
    connection = stack.enter_context(bare_table(shop.folder / f"apply-{size}.db"))

    def work() -> None:
        for signatures, rows in parts:
            verify_all(signatures)
            commit_all(connection, rows)

    return lambda: count / wall_seconds(work)
