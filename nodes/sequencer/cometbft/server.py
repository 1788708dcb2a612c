"""The socket at which the engine finds its application: a Unix socket in a folder of its own.

The engine opens four connections (consensus, mempool, query, snapshot) and expects the answers of
each in the order of its requests. Whoever could write here could forge blocks to this node, so it
is no port of the machine: only the folder's owner gets in.
"""

import asyncio
import contextlib
import logging
from pathlib import Path

from google.protobuf.message import DecodeError

from nodes.errors import ConfigurationError, SequencerError
from nodes.sequencer.cometbft import abci_pb2 as abci
from nodes.sequencer.cometbft.application import Application
from nodes.sequencer.cometbft.frames import frame, read_frame

_log = logging.getLogger(__name__)
MAX_PATH_BYTES = 100
"""What systems allow for the path of a Unix socket, a little less."""


class AbciServer:
    """Serves `application` at `path` until closed; `failure` is what it could not answer for."""

    def __init__(self, application: Application, path: Path) -> None:
        """Listen to nobody yet."""
        self._application = application
        self._path = path
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Start to listen.

        Raises:
            ConfigurationError: the path cannot be listened at.
        """
        verify_socket_path(self._path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._accept, self._path)
        except OSError as cause:
            raise ConfigurationError(f"{self._path}: {cause.strerror}") from cause

    def hang_up(self) -> None:
        """Let go of the engine, which then ends; whoever runs it starts it again."""
        self._application.dismiss()
        for task in list(self._serving):
            task.cancel()

    async def close(self) -> None:
        """Let go of the engine, which then ends."""
        # First of all: one that somebody else starts again at once waits for the next socket.
        self._path.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self.failure.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (raw := await read_frame(reader)) is not None:
                request = abci.Request.FromString(raw)
                response = await self._application.answer(request)
                writer.write(frame(response.SerializeToString()))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            _log.info("the engine has closed a connection")
        except DecodeError as cause:
            self._fail(SequencerError(f"the engine sends what is no request: {cause}"))
        # Whatever it is: no answer may be skipped, and whoever runs this must hear of it.
        except Exception as cause:  # noqa: BLE001
            self._fail(cause)
        finally:
            self._application.left()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _fail(self, cause: Exception) -> None:
        if not self.failure.done():
            self.failure.set_exception(cause)


def verify_socket_path(path: Path) -> None:
    """Check that a Unix socket can have this path.

    Raises:
        ConfigurationError: it is too long.
    """
    if len(str(path.absolute()).encode()) > MAX_PATH_BYTES:
        raise ConfigurationError(
            f"{path.parent}: a socket's path has at most {MAX_PATH_BYTES} bytes; "
            "choose an `engine.home` nearer to the root"
        )
