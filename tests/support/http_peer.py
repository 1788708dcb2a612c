"""A peer's HTTP server on a free loopback port, as small as it can be, so that it can also be bad.

`Reply` is given a request's path and body and a writer, and does with the connection what it likes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Reply = Callable[[str, bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def http_peer(reply: Reply, *, headers: list[str] | None = None) -> AsyncIterator[str]:
    """Yield the URL of a server that answers as `reply` does; it adds to `headers` what it got."""
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while (request := await _request(reader, headers)) is not None:
                await reply(*request, writer)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def response(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    """Return a whole HTTP response; `headers` are lines, each with its end."""
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


async def _request(
    reader: asyncio.StreamReader, headers: list[str] | None
) -> tuple[str, bytes] | None:
    head = (await reader.readline()).decode()
    if not head:
        return None
    size = 0
    while (line := (await reader.readline()).strip().lower()) != b"":
        if headers is not None:
            headers.append(line.decode())
        if line.startswith(b"content-length:"):
            size = int(line.partition(b":")[2])
    return head.split(" ")[1], await reader.readexactly(size)
