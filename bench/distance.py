"""Distance between processes of one machine: relays that bring everything a fixed time later.

    who dials ──► relay's port ─ seconds later ─► port      bytes in order, then the end of them
              ◄── seconds later ────────────────  port      the other way the same, by itself

Nothing is lost and nothing is held back but for that time. A connection itself is there at once;
that none can be is known after one way there and one back. A reset arrives as an end.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from demo.process import HOST

_PIECE_BYTES = 65_536


class Distance:
    """Relays that are each `seconds` away, either way, from where they lead to."""

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Relay in `loop`, which runs in another thread."""
        self.seconds = seconds
        self._loop = loop
        self._ports: dict[int, int] = {}
        self._servers: list[asyncio.Server] = []
        self._carried: set[asyncio.Task[None]] = set()

    def to(self, port: int) -> int:
        """Return the port of the relay that leads to `port`, where nobody needs to listen yet."""
        if port not in self._ports:
            opening = asyncio.run_coroutine_threadsafe(self._open(port), self._loop)
            self._ports[port] = opening.result()
        return self._ports[port]

    def close(self) -> None:
        """End all relays and what they carry."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()

    async def _open(self, port: int) -> int:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._relay(port, reader, writer))
            self._carried.add(task)
            task.add_done_callback(self._carried.discard)

        server = await asyncio.start_server(accept, HOST, 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        carried = list(self._carried)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        # Sockets close in the loop's next turn.
        await asyncio.sleep(0)

    async def _relay(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writers = [writer]
        try:
            try:
                far_reader, far_writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(2 * self.seconds)
                return
            writers.append(far_writer)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(reader, far_writer))
                ways.create_task(self._carry(far_reader, writer))
        except* OSError:
            # One side is gone: what the other still says reaches nobody.
            for held in writers:
                held.transport.abort()
        finally:
            for held in writers:
                held.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bring what comes from `reader`, and then its end, each piece `seconds` after it came."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._send_off(reader, on_the_way))
            both.create_task(_deliver(on_the_way, writer))

    async def _send_off(
        self, reader: asyncio.StreamReader, on_the_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        piece = b"?"
        while piece:
            try:
                piece = await reader.read(_PIECE_BYTES)
            except OSError:
                piece = b""
            on_the_way.put_nowait((self._loop.time() + self.seconds, piece))


async def _deliver(
    on_the_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due, piece = await on_the_way.get()
        await asyncio.sleep(due - loop.time())
        if not piece:
            break
        writer.write(piece)
        await writer.drain()
    writer.write_eof()


@contextmanager
def apart(seconds: float) -> Iterator[Distance]:
    """Yield relays that take `seconds` each way, in a thread that ends with the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="distance", daemon=True)
    thread.start()
    distance = Distance(seconds, loop)
    try:
        yield distance
    finally:
        distance.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
