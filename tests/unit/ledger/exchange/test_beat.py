"""A beat shows nothing of what is said, and delivers it."""

from dataclasses import replace

import pytest

from ledger.errors import MalformedError
from ledger.exchange.beat import (
    COUNTS,
    Sent,
    Size,
    draft_frames,
    exchange_receivers,
    open_frame,
    seal_frame,
)
from ledger.exchange.item import ITEM_BYTES, split_message
from tests.support.exchanging import CONTENTS, CONTEXT, DESK_KEYS, drawing, message
from tests.support.parties import make_consortium

DOCUMENT = make_consortium().document
UWV, SVB, AIO, SZW = DESK_KEYS.values()
DESKS = {"svb": [SVB.public, AIO.public], "szw": [SZW.public]}
SAID = [
    Sent(piece, (SVB.public,))
    for at, content in enumerate(CONTENTS)
    for piece in split_message(message(content).encode(), message=bytes([at]) * 16)
]


def frames(waiting: dict[str, list[Sent]], count: int = 16, label: str = "beat") -> list[bytes]:
    return draft_frames(
        waiting,
        desks=DESKS,
        document=DOCUMENT,
        count=count,
        context=CONTEXT,
        random=drawing(label),
    )


def test_receivers_are_all_other_issuers_in_the_documents_order() -> None:
    assert exchange_receivers(DOCUMENT, author="uwv") == ["svb", "szw"]
    assert exchange_receivers(DOCUMENT, author="svb") == ["szw", "uwv"]


@pytest.mark.parametrize("count", [16, 64])
def test_every_receiver_gets_as_many_items_whatever_there_is_to_say(count: int) -> None:
    busy, idle = frames({"svb": SAID}, count), frames({}, count)

    assert [len(frame) for frame in busy] == [count * ITEM_BYTES] * 2
    assert [len(frame) for frame in idle] == [count * ITEM_BYTES] * 2


def test_what_is_said_arrives_at_its_desk_and_nothing_at_others() -> None:
    svb, szw = frames({"svb": SAID})

    at_desk = open_frame(svb, count=16, keys=[SVB], context=CONTEXT)
    elsewhere = open_frame(szw, count=16, keys=[SZW], context=CONTEXT)

    assert [one.piece for one in at_desk if one.piece] == [one.piece for one in SAID]
    assert [one for one in elsewhere if one.piece or one.refused] == []
    assert {one.refused for one in open_frame(svb, count=16, keys=[SZW], context=CONTEXT)} == {
        "not-opened"
    }


def test_dummies_are_for_every_desk_of_the_receiver() -> None:
    frame = frames({})[0]

    for key in (SVB, AIO):
        found = open_frame(frame, count=16, keys=[key], context=CONTEXT)
        assert sum(one.refused is None for one in found) == 8


def test_what_does_not_fit_waits() -> None:
    many = SAID * 2

    frame = frames({"svb": many})[0]

    found = open_frame(frame, count=16, keys=[SVB], context=CONTEXT)
    assert [one.piece for one in found] == [one.piece for one in many[:16]]


def test_item_that_stands_twice_in_a_frame_or_came_before_is_refused() -> None:
    frame = frames({"svb": SAID})[0]
    twice = frame[:ITEM_BYTES] * 2 + frame[2 * ITEM_BYTES :]

    found = open_frame(twice, count=16, keys=[SVB, AIO], context=CONTEXT)
    assert [one.refused for one in found] == [None, "repeated", *[None] * 14]
    again = open_frame(
        frame, count=16, keys=[SVB], context=CONTEXT, known=frozenset(one.id for one in found)
    )
    assert [one.refused for one in again].count("repeated") == 15


def test_one_spoilt_item_keeps_no_other_from_being_read() -> None:
    frame = frames({"svb": SAID})[0]
    spoilt = bytes(ITEM_BYTES) + frame[ITEM_BYTES:]

    found = open_frame(spoilt, count=16, keys=[SVB, AIO], context=CONTEXT)

    assert [one.refused for one in found] == ["size", *[None] * 15]
    assert [one.piece for one in found if one.piece] == [one.piece for one in SAID[1:]]


def test_frame_copied_by_another_author_does_not_open() -> None:
    frame = frames({"svb": SAID})[0]
    by_szw = replace(CONTEXT, author="szw")

    found = open_frame(frame, count=16, keys=[SVB, AIO], context=by_szw)

    assert {one.refused for one in found} == {"not-opened"}


@pytest.mark.parametrize("frame", [b"", bytes(ITEM_BYTES), bytes(17 * ITEM_BYTES)])
def test_frame_of_another_size_is_refused(frame: bytes) -> None:
    with pytest.raises(MalformedError, match="a frame of 16"):
        open_frame(frame, count=16, keys=[SVB], context=CONTEXT)


def test_beats_that_could_not_be_sent_are_not_drafted() -> None:
    with pytest.raises(MalformedError, match="no other issuer"):
        frames({"bzk": SAID})
    with pytest.raises(MalformedError, match="no other issuer"):
        frames({"uwv": SAID})
    with pytest.raises(MalformedError, match="16, 64 or 256"):
        seal_frame([], desks=[SVB.public], count=17, context=CONTEXT, random=drawing("x"))
    with pytest.raises(MalformedError, match="desks with a key"):
        seal_frame([], desks=[], count=16, context=CONTEXT, random=drawing("x"))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("is_urgent", [False, True])
def test_what_is_public_of_a_beat_is_its_size_and_whether_it_was_urgent(
    count: int, *, is_urgent: bool
) -> None:
    size = Size(count, is_urgent)

    assert size.encode() == (f"{count} urgent\n" if is_urgent else f"{count}\n")
    assert Size.decode(size.encode()) == size


@pytest.mark.parametrize(
    "further",
    [
        "",
        "16",
        "0\n",
        "17\n",
        "016\n",
        "+16\n",
        "16  urgent\n",
        "16 URGENT\n",
        "16\n16\n",
        "64 urgent",
    ],
)
def test_other_further_lines_are_refused(further: str) -> None:
    with pytest.raises(MalformedError, match="16, 64 or 256"):
        Size.decode(further)
