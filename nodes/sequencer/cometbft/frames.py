"""Frames of the socket protocol between engine and application: `uvarint length ‖ message`.

A uvarint is 7 bits a byte, least significant first; the top bit says that another byte follows.
"""

import asyncio

from nodes.errors import SequencerError

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""More than any block of the consortium's own parameters fills."""
_MAX_LENGTH_BYTES = 5


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next message, or None where the connection ends between two.

    Raises:
        SequencerError: not a frame, or one that is too long.
        asyncio.IncompleteReadError: the connection ends inside a frame.
    """
    size = 0
    for at in range(_MAX_LENGTH_BYTES):
        byte = await reader.read(1)
        if not byte:
            if at == 0:
                return None
            raise asyncio.IncompleteReadError(b"", None)
        size |= (byte[0] & 0x7F) << (7 * at)
        if byte[0] < 0x80:
            break
    else:
        raise SequencerError("the engine sends what is no frame")
    if size > MAX_FRAME_BYTES:
        raise SequencerError(f"the engine sends a frame of {size} bytes")
    return await reader.readexactly(size)


def frame(message: bytes) -> bytes:
    """Return `message` with its length in front."""
    size, length = len(message), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + message
