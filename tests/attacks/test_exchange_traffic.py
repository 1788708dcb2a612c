"""Whoever watches beats learns how many there are and of which size, and nothing of who speaks.

UWV and SVB have much to say to each other, or nothing; UWV and SZW never have anything. Seen are
the entries, the lengths of what is pushed, the moments, and as a receiver's curious neighbour the
bytes of all frames.
"""

import asyncio
import json
import zlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from ledger.body import Share
from ledger.encoding import Digest
from ledger.exchange.beat import COUNTS, Sent, Size, draft_frames, open_frame
from ledger.exchange.item import ITEM_BYTES, nobody, seal_item, split_message
from ledger.seal import SealingKey
from nodes.node import Node
from nodes.rhythm import Rhythm
from nodes.store.dispatches import Dispatch
from tests.support.beating import address, bring, dispatch_of, send
from tests.support.bench import Bench, run
from tests.support.consortium import Founded, found
from tests.support.distinguisher import advantage
from tests.support.exchanging import CONTENTS, CONTEXT, DESK_KEYS, drawing, message
from tests.support.parties import make_consortium

MOMENTS = 5_000
BEATS = 25
ITEMS = 1_000
START = datetime(2026, 12, 1, tzinfo=UTC)
DOCUMENT = make_consortium().document
SVB, AIO, SZW = (DESK_KEYS[name] for name in ("svb/de-bedoeling", "svb/aio", "szw/maatwerk"))
DESKS = {"svb": [SVB.public, AIO.public], "szw": [SZW.public]}
PIECES = [
    piece
    for at, content in enumerate(CONTENTS)
    for piece in split_message(message(content).encode(), message=bytes([at]) * 16)
]


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    return found(tmp_path)


def seen(dispatch: Dispatch) -> tuple[str, str, list[int], list[str]]:
    """Return what is public of a beat, and the size of each receiver's part on the wire."""
    share = Share.decode(dispatch.body)
    return (
        dispatch.signed.entry.kind,
        dispatch.signed.entry.further,
        [len(item.content) for item in share.items],
        list(dispatch.routes),
    )


def test_beats_of_a_busy_and_an_idle_node_are_alike_in_size_and_number(founded: Founded) -> None:
    async def watched(bench: Bench, source: Random, *, is_busy: bool) -> list[object]:
        shapes: list[object] = []
        for number in range(BEATS):
            for extra in range(source.randrange(30) if is_busy else 0):
                text = b"x" * source.choice([1, 2_000, 20_000])
                await send(bench, text, number=1_000_000 * is_busy + 1_000 * number + extra)
            entry_id = await bench.node.beat.prepare()
            assert entry_id is not None
            dispatch = dispatch_of(bench, entry_id)
            assert dispatch is not None
            shapes.append(seen(dispatch))
            await bring(bench, dispatch)
        return shapes

    async def scenario() -> None:
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            busy = await watched(bench, Random(5), is_busy=True)
            while await bench.node.beat.prepare() is not None:
                await bring(bench, newest(bench.node))
                with bench.node.database.read() as connection:
                    if not bench.node.beat._outgoing.count(connection):
                        break
            idle = await watched(bench, Random(5), is_busy=False)

            assert busy == idle
            assert len(set(map(str, busy))) == 1

    run(scenario())


def newest(node: Node) -> Dispatch:
    """Return the beat that is on its way."""
    with node.database.read() as connection:
        (entry_id,) = node.beat._outgoing.on_its_way(connection, kind="exchange")
        dispatch = node.dispatches.get(connection, entry_id)
    assert dispatch is not None
    return dispatch


def test_thousands_of_moments_follow_from_name_and_clock_alone() -> None:
    """Nothing else goes in, so there is nothing that a busy pair could move."""
    for member in ("uwv", "svb", "szw"):
        rhythm = Rhythm.of(member, origin=DOCUMENT.origin, seconds=600)
        now, moments = START, []
        for _ in range(MOMENTS):
            now += timedelta(seconds=rhythm.until_next(now))
            moments.append(now)

        assert {later - earlier for earlier, later in pairwise(moments)} == {rhythm.period}


def test_moments_of_a_busy_and_an_idle_node_that_run_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that is turned by seconds; sealing takes as long as it takes."""
    monkeypatch.setattr("nodes.metronome._LOOK_SECONDS", 0.001)

    async def moments(founded: Founded, *, is_busy: bool) -> list[float]:
        sent: list[float] = []
        async with Bench(founded, "uwv") as bench:
            await address(bench)
            beat, clock = bench.node.beat, bench.clock
            on_its_way: list[Digest] = []

            def note(entry_id: Digest) -> None:
                sent.append(clock.now().timestamp())
                on_its_way.append(entry_id)

            monkeypatch.setattr(bench.node.courier, "send", note)
            rhythm = Rhythm.of("uwv", origin=DOCUMENT.origin, seconds=60)
            bench.start(bench.node.exchange.metronome._keep_rhythm(rhythm))
            while len(sent) < 5:
                if is_busy and len(sent) % 2:
                    await send(bench, b"busy" * 5_000, number=int(clock.now().timestamp()))
                clock.turn(seconds=1)
                await asyncio.sleep(0.004)
                await bench.until(lambda: not beat._turn.locked())
                while on_its_way:
                    dispatch = dispatch_of(bench, on_its_way.pop())
                    assert dispatch is not None
                    await bring(bench, dispatch)
        return sent

    async def scenario() -> None:
        busy = await moments(found(tmp_path / "busy"), is_busy=True)
        idle = await moments(found(tmp_path / "idle"), is_busy=False)

        assert busy == idle
        assert {later - earlier for earlier, later in pairwise(busy)} == {60}

    run(scenario())


@pytest.mark.parametrize("count", COUNTS)
def test_frames_are_of_one_size_whatever_is_in_them(count: int) -> None:
    for many in (0, 1, count, 3 * count):
        frames = draft_frames(
            {"svb": [Sent(PIECES[at % len(PIECES)], (SVB.public,)) for at in range(many)]},
            desks=DESKS,
            document=DOCUMENT,
            count=count,
            context=CONTEXT,
            random=drawing("size", many),
        )

        assert [len(frame) for frame in frames] == [count * ITEM_BYTES] * 2
        assert len(Size(count).encode()) == len(f"{count}\n")


def test_the_bytes_of_items_do_not_tell_pieces_dummies_one_desk_two_desks_and_nobody() -> None:
    source = Random(11)

    def sealed(kind: str) -> list[bytes]:
        made = []
        for _ in range(ITEMS // 2):
            desks = {
                "piece": [SVB.public],
                "two": [SVB.public, AIO.public],
                "dummy": [SZW.public],
                "nobody": [nobody(source.randbytes)],
            }[kind]
            item = seal_item(
                source.choice(PIECES) if kind in {"piece", "two"} else None,
                desks=desks,
                filler=nobody(source.randbytes),
                context=CONTEXT,
                random=source.randbytes,
            )
            made.append(item[:60] + item[1170:1230] + item[2340:2500] + item[-40:])
        return made

    dummies = sealed("dummy")

    assert all(advantage(sealed(kind), dummies) < 4.5 for kind in ("piece", "two", "nobody"))


def test_items_do_not_compress_and_share_no_bytes() -> None:
    items = [
        seal_item(
            PIECES[0],
            desks=[SVB.public],
            filler=nobody(drawing("f")),
            context=CONTEXT,
            random=Random(at).randbytes,
        )
        for at in range(20)
    ]

    assert all(len(zlib.compress(item, 9)) >= ITEM_BYTES for item in items)
    blocks = [item[at : at + 16] for item in items for at in range(2, ITEM_BYTES - 16, 16)]
    assert len(set(blocks)) == len(blocks)


def test_nobody_but_the_recipient_opens_an_item(vectors: Path) -> None:
    """Desks with the published seeds of X-Wing, each in turn the one that is written to."""
    cases = json.loads((vectors / "hpke-xwing.json").read_text())
    keys = [SealingKey(bytes.fromhex(case["skRm"])) for case in cases]
    assert [key.public.raw.hex() for key in keys] == [case["pkRm"] for case in cases]

    for recipient in keys:
        others = [key for key in (*keys, SVB, AIO, SZW) if key != recipient]
        frame = draft_frames(
            {"svb": [Sent(piece, (recipient.public,)) for piece in PIECES]},
            desks={"svb": [recipient.public], "szw": [SZW.public]},
            document=DOCUMENT,
            count=16,
            context=CONTEXT,
            random=drawing("one recipient", recipient.public.raw.hex()),
        )[0]

        own = open_frame(frame, count=16, keys=[recipient], context=CONTEXT)
        theirs = open_frame(frame, count=16, keys=others, context=CONTEXT)

        assert [one.piece for one in own if one.piece] == PIECES
        assert {one.refused for one in own} == {None}
        assert {one.refused for one in theirs} == {"not-opened"}
