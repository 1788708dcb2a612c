"""What a beat costs: the frame for one receiver sealed, and opened there, and its bytes.

Half of the items are pieces of messages, half are dummies; all are sealed to one desk and to
nobody. The limits are the bare HPKE operations that cannot be done without: two seals an item, and
one opening, for the desk's key comes first. Bytes on the chain are those of the block with a
stored-line of each other issuer; beside it, of the frame that each of them gets.
"""

import secrets
from collections.abc import Callable, Iterator
from functools import partial

from bench.bare import cpu_seconds
from bench.figure import Figure, in_turn
from bench.founding import Founded, found
from bench.workshop import Workshop
from ledger.block import NO_PREVIOUS, Block
from ledger.commitment import commit
from ledger.entry import Entry, SignedEntry
from ledger.exchange.beat import (
    COUNTS,
    KIND,
    Sent,
    Size,
    exchange_receivers,
    open_frame,
    seal_frame,
)
from ledger.exchange.item import CHUNK_BYTES, ITEM_BYTES, SLOTS, split_message
from ledger.group import Scalar
from ledger.seal import SealContext, SealingKey
from nodes.clock import SystemClock

_AUTHOR = "uwv"
_HEIGHT = 1_000_000
_NOWHERE = "http://127.0.0.1:9"
_CONTEXT = SealContext("signaalketen.test/bench", KIND, _AUTHOR, "2026-12-01")


def measure(shop: Workshop) -> Iterator[Figure]:
    """Yield the seconds of a core to seal and to open a frame of each size, and its bytes."""
    folder = shop.folder / "beat"
    folder.mkdir()
    founded = found(folder, url=_NOWHERE, day=SystemClock().today())
    key, rounds = SealingKey(secrets.token_bytes(32)), shop.scale.rounds
    for at, count in enumerate(COUNTS):
        shop.show(f"sealing and opening {count} items", at / len(COUNTS))
        sent = _half_full(key, count)
        seal = partial(
            seal_frame,
            sent,
            desks=[key.public],
            count=count,
            context=_CONTEXT,
            random=secrets.token_bytes,
        )
        frame = seal()
        opening = partial(open_frame, frame, count=count, keys=[key], context=_CONTEXT)
        wrap, unwrap = _bare(key, count)
        for name, work, bare, limit_of in (
            ("seal", seal, wrap, f"its {SLOTS * count} bare HPKE seals"),
            ("open", opening, unwrap, f"its {count} bare HPKE openings"),
        ):
            pairs = in_turn(partial(cpu_seconds, work), partial(cpu_seconds, bare), rounds=rounds)
            yield Figure(
                f"beat, {name} {count} items for one receiver", pairs.value * 1e3, "ms",
                samples=rounds, limit=pairs.limit * 1e3, limit_of=limit_of, ratio=pairs.ratio,
            )  # fmt: skip
        yield Figure(
            f"bytes a beat of {count} items", len(block_of(founded, count)), "B",
            note=f"and {count * ITEM_BYTES:,} beside the chain for each receiver",
        )  # fmt: skip

    yield Figure(
        "bytes a message, beside the chain", ITEM_BYTES, "B",
        note=f"of up to {CHUNK_BYTES:,}, in place of a dummy of its receiver's; on the chain none",
    )  # fmt: skip


def block_of(founded: Founded, count: int) -> bytes:
    """Return the block of a beat with a stored-line of each receiver."""
    day = SystemClock().today()
    commitment = commit(
        origin=founded.document.origin,
        kind=KIND,
        author=_AUTHOR,
        date=day.isoformat(),
        digests=(),
        r=Scalar.reduce(secrets.token_bytes(64)),
    )
    entry = Entry(
        founded.document.origin, _AUTHOR, KIND, day, commitment.encode(), Size(count).encode()
    )
    names = (_AUTHOR, *exchange_receivers(founded.document, author=_AUTHOR))
    lines = [founded.keyrings[name].entry.sign(entry.encode()) for name in names]
    signed = SignedEntry.of(entry, (lines[0],)).with_lines(tuple(lines[1:]))
    return Block(_HEIGHT, NO_PREVIOUS, signed).encode()


def _half_full(key: SealingKey, count: int) -> list[Sent]:
    messages = (secrets.token_bytes(16) for _ in range(count // 2))
    pieces = [split_message(bytes(CHUNK_BYTES), message=message)[0] for message in messages]
    return [Sent(piece, (key.public,)) for piece in pieces]


def _bare(key: SealingKey, count: int) -> tuple[Callable[[], None], Callable[[], None]]:
    secret, binding = bytes(32), bytes(100)
    wrapped = key.public.wrap(secret, binding)

    def wrap() -> None:
        for _ in range(SLOTS * count):
            key.public.wrap(secret, binding)

    def unwrap() -> None:
        for _ in range(count):
            key.unwrap(wrapped, binding)

    return wrap, unwrap
