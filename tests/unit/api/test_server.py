import asyncio
import io
import logging
import socket
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from api.server import _run, start_log
from nodes.errors import NodeError, StorageError
from nodes.node import Node

BSN = "999900006"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a node's log holds; the test's own logging is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        root.handlers = []
        start_log("info")
    yield stream
    root.handlers = handlers
    root.setLevel(level)


def test_unforeseen_error_is_logged_with_its_place_and_without_its_text(log: io.StringIO) -> None:
    try:
        int(f"{BSN}x")
    except ValueError as cause:
        try:
            raise ExceptionGroup("several", [cause, StorageError("the disk is full")]) from cause
        except ExceptionGroup:
            logging.getLogger("nodes.x").exception("it stopped")

    written = log.getvalue()
    assert "ERROR nodes.x: it stopped" in written
    assert "test_server.py:" in written
    assert "  ValueError\n" in written
    assert "StorageError: the disk is full" in written
    assert BSN not in written


def test_lines_say_when_in_utc(log: io.StringIO) -> None:
    logger = logging.getLogger("nodes.x")
    record = logger.makeRecord("nodes.x", logging.INFO, "f", 1, "said", (), None)
    record.created, record.msecs = 1_796_083_200.25, 250.0

    logging.getLogger().handlers[0].handle(record)

    assert log.getvalue() == "2026-12-01T00:00:00.250Z INFO nodes.x: said\n"


@pytest.mark.parametrize(
    ("name", "is_written"), [("nodes.outbox", True), ("httpx", False), ("uvicorn.error", False)]
)
def test_chatter_of_libraries_is_left_out(log: io.StringIO, name: str, is_written: bool) -> None:
    logging.getLogger(name).info("POST https://svb.test/peer")

    assert bool(log.getvalue()) is is_written


class FailingNode:
    """Ends by itself, with an error that repeats what somebody sent."""

    keyring = SimpleNamespace(member="uwv")
    settings = SimpleNamespace(url="http://127.0.0.1")

    async def run(self) -> Any:
        raise ValueError(f"cannot read {BSN}")


def test_node_that_stops_by_itself_is_told_apart_from_one_that_was_stopped(
    log: io.StringIO,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NodeError):
        asyncio.run(_run(cast("Node", FailingNode()), FastAPI(), listener))

    assert "ERROR api.server: the node stopped by itself" in log.getvalue()
    assert "  ValueError" in log.getvalue()
    assert BSN not in log.getvalue()
