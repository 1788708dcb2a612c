"""Serving a node: its tasks and its HTTP application side by side, until a signal.

Log lines go to stderr, one event a line, times in UTC. They carry no access log, and of errors that
nobody foresaw where they arose and of what kind, but not their text: it could repeat what somebody
sent.
"""

import asyncio
import gc
import logging
import signal
import socket
import sys
import time
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI

from api.app import create_app
from ledger.errors import LedgerError
from nodes.adapters import real_adapters
from nodes.errors import ConfigurationError, NodeError
from nodes.libsodium import remove_unpacked
from nodes.node import Node
from nodes.settings import Settings, load_settings, load_tokens
from nodes.staff import Staff, WrittenStaff
from nodes.store.folder import hold

_log = logging.getLogger(__name__)
_BACKLOG = 2048
_GRACE_SECONDS = 5
_QUIET = ("httpx", "httpcore", "alembic", "uvicorn.error")
_SILENT = ("fastapi",)


def serve(config: Path, *, log_level: str) -> None:
    """Run the node of the settings in `config` until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: the node cannot start; the text says why and what to do.
        NodeError: it could not go on.
    """
    settings = load_settings(config)
    tokens = load_tokens(settings.tokens)
    start_log(log_level)
    # Before anything is opened or made: a second node of the same settings ends here.
    listener = open_listener(settings)
    with listener, hold(settings.data_dir):
        node = _build(settings)
        remove_unpacked()
        app = create_app(node, tokens=tokens, staff=_staff(node, tokens))
        # All that was made so far stays to the end. Looking through it for garbage, again and
        # again, would take a tenth of what a node does.
        gc.collect()
        gc.freeze()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(node, app, listener))


def open_listener(settings: Settings) -> socket.socket:
    """Return a socket that listens where `settings` say.

    Raises:
        ConfigurationError: the port is in use, or not this machine's to have.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as cause:
        raise ConfigurationError(
            f"{settings.host} port {settings.port} cannot be listened on: {cause.strerror}. "
            "Stop what has it, or set another `host` or `port`"
        ) from cause
    return listener


def start_log(level: str) -> None:
    """Send log lines of `level` and above to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)


def _build(settings: Settings) -> Node:
    adapters = real_adapters(settings)
    try:
        return Node(settings, adapters)
    except BaseException:
        adapters.sequencer.close()
        adapters.database.close()
        raise


def _staff(node: Node, tokens: dict[str, str]) -> Staff:
    path = node.settings.people
    return (
        Staff() if path is None else WrittenStaff(path, member=node.keyring.member, tokens=tokens)
    )


async def _run(node: Node, app: FastAPI, listener: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    running = asyncio.create_task(node.run())
    running.add_done_callback(lambda _: server.stop())
    _log.info("%s listens on %s", node.keyring.member, node.settings.url)
    await server.serve(sockets=[listener])
    # Answers are out; only now may the node's own work end.
    has_failed = running.done()
    running.cancel()
    (outcome,) = await asyncio.gather(running, return_exceptions=True)
    if has_failed and isinstance(outcome, Exception):
        _log.error("the node stopped by itself", exc_info=outcome)
        raise NodeError("The node stopped by itself; its log says where. Start it again.")
    _log.info("%s has stopped", node.keyring.member)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it: uvicorn's own would end by signal, not 0."""

    def stop(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Lines(logging.Formatter):
    """Writes times in UTC, and tracebacks without the text of unforeseen errors."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatException(self, ei: object) -> str:  # noqa: N802 -- the name is logging's
        _, cause, _ = ei if isinstance(ei, tuple) else (None, None, None)
        return "" if cause is None else "\n".join(_described(cause))


def _described(cause: BaseException) -> list[str]:
    frames = [
        f"    {frame.name} ({Path(frame.filename).name}:{frame.lineno})"
        for frame in traceback.extract_tb(cause.__traceback__)
    ]
    known = f": {cause}" if isinstance(cause, LedgerError | NodeError) else ""
    lines = [*frames, f"  {type(cause).__name__}{known}"]
    for inner in cause.exceptions if isinstance(cause, BaseExceptionGroup) else ():
        lines += _described(inner)
    return lines
