"""What an observer sees of beats tells a busy pair from an idle one by nothing."""

import os
from random import Random

from ledger.exchange.beat import Sent, Size, draft_frames
from ledger.exchange.item import ITEM_BYTES, nobody, seal_item, split_message
from tests.support.distinguisher import advantage
from tests.support.exchanging import CONTENTS, CONTEXT, DESK_KEYS, message
from tests.support.parties import make_consortium

BEATS = 2_000 if os.environ.get("SIGNAALKETEN_SOAK") else 1_000
"""Of each of the two pairs."""
ITEMS = 1_500
DOCUMENT = make_consortium().document
SVB, SZW = DESK_KEYS["svb/de-bedoeling"], DESK_KEYS["szw/maatwerk"]
NOBODY = nobody(Random(3).randbytes)
DESKS = {"svb": [SVB.public], "szw": [SZW.public]}
PIECES = [
    piece
    for at, content in enumerate(CONTENTS)
    for piece in split_message(message(content).encode(), message=bytes([at]) * 16)
]


def beats(source: Random, *, is_busy: bool) -> list[tuple[str, list[int]]]:
    """Return what is public of each beat, and how long each receiver's frame is."""
    seen = []
    for _ in range(BEATS):
        many = source.randrange(40) if is_busy else 0
        said = [Sent(source.choice(PIECES), (SVB.public,)) for _ in range(many)]
        frames = draft_frames(
            {"svb": said},
            desks=DESKS,
            document=DOCUMENT,
            count=16,
            context=CONTEXT,
            random=source.randbytes,
        )
        seen.append((Size(16).encode(), [len(frame) for frame in frames]))
    return seen


def test_thousands_of_beats_of_a_busy_and_an_idle_pair_are_alike() -> None:
    source = Random(5)

    busy, idle = beats(source, is_busy=True), beats(source, is_busy=False)

    assert busy == idle
    assert len(busy) == BEATS


def test_items_that_say_something_are_not_told_from_dummies_by_their_bytes() -> None:
    source = Random(7)

    def items(*, is_busy: bool) -> list[bytes]:
        sealed = [
            seal_item(
                source.choice(PIECES) if is_busy else None,
                desks=[SVB.public],
                filler=NOBODY,
                context=CONTEXT,
                random=source.randbytes,
            )
            for _ in range(ITEMS)
        ]
        assert {len(item) for item in sealed} == {ITEM_BYTES}
        # All there is before the text, and as much of that as is said in the shortest.
        return [item[:1] + item[1:60] + item[1170:1230] + item[2340:2500] for item in sealed]

    assert advantage(items(is_busy=True), items(is_busy=False)) < 4


def test_the_observer_above_would_see_a_desk_that_is_named() -> None:
    source = Random(9)
    named = [SVB.public.id + source.randbytes(40) for _ in range(ITEMS)]
    hidden = [source.randbytes(48) for _ in range(ITEMS)]

    assert advantage(named, hidden) > 4
