import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.errors import SequencerError
from nodes.sequencer.cometbft.frames import MAX_FRAME_BYTES, frame, read_frame


def read(raw: bytes, *, count: int = 1) -> list[bytes | None]:
    async def scenario() -> list[bytes | None]:
        reader = asyncio.StreamReader()
        reader.feed_data(raw)
        reader.feed_eof()
        return [await read_frame(reader) for _ in range(count)]

    return asyncio.run(scenario())


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_frames_survive_their_encoding(messages: list[bytes]) -> None:
    raw = b"".join(map(frame, messages))

    assert read(raw, count=len(messages) + 1) == [*messages, None]


@pytest.mark.parametrize(
    ("size", "length"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_a_length_is_the_varint_of_the_specification(size: int, length: bytes) -> None:
    assert frame(bytes(size)) == length + bytes(size)


@pytest.mark.parametrize("raw", [b"\x80", b"\x02a"])
def test_a_frame_that_is_cut_short_is_none(raw: bytes) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        read(raw)


@pytest.mark.parametrize("raw", [b"\xff" * 5, frame(b"x" * 9)[:0] + b"\xff\xff\xff\xff\x0f"])
def test_a_frame_of_any_length_is_not_waited_for(raw: bytes) -> None:
    with pytest.raises(SequencerError):
        read(raw)

    assert MAX_FRAME_BYTES < 2**28
