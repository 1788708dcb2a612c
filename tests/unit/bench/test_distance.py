"""Relays: everything arrives, in order, and not before its time; ends arrive as well."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench.distance import apart
from demo.process import HOST, free_port

DELAY = 0.05
BIG = bytes(range(256)) * 4096
PIECE = 32_768


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield a port at which `serve` is given one connection."""
    with socket.create_server((HOST, 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(10)
        assert not thread.is_alive()


def everything(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def dialled(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=10)


def test_each_way_takes_as_long_as_asked() -> None:
    came: list[float] = []

    def answer(connection: socket.socket) -> None:
        for _ in range(3):
            connection.recv(1)
            came.append(time.monotonic())
            connection.sendall(b"!")

    with (
        listening(answer) as port,
        apart(DELAY) as distance,
        dialled(distance.to(port)) as caller,
    ):
        for _ in range(3):
            asked = time.monotonic()
            caller.sendall(b"?")
            assert caller.recv(1) == b"!"
            answered = time.monotonic()

            assert came[-1] - asked >= DELAY
            assert answered - came[-1] >= DELAY


def test_many_pieces_on_the_way_at_once_arrive_whole_and_in_order() -> None:
    arrived: list[bytes] = []

    with (
        listening(lambda connection: arrived.append(everything(connection))) as port,
        apart(DELAY) as distance,
        dialled(distance.to(port)) as caller,
    ):
        begun = time.monotonic()
        for at in range(0, len(BIG), PIECE):
            caller.sendall(BIG[at : at + PIECE])
            time.sleep(DELAY / 20)
        caller.shutdown(socket.SHUT_WR)
        caller.recv(1)

        # No piece waits until the one before it arrived.
        assert time.monotonic() - begun < len(BIG) / PIECE * DELAY / 2
    assert arrived == [BIG]


def test_who_has_said_everything_is_still_answered() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"heard: " + everything(connection))

    with (
        listening(answer) as port,
        apart(DELAY) as distance,
        dialled(distance.to(port)) as caller,
    ):
        begun = time.monotonic()
        caller.sendall(b"all")
        caller.shutdown(socket.SHUT_WR)

        assert everything(caller) == b"heard: all"
        assert time.monotonic() - begun >= 2 * DELAY


def test_a_reset_ends_the_connection_at_the_other_side_as_well() -> None:
    heard: list[bytes] = []

    with (
        listening(lambda connection: heard.append(everything(connection))) as port,
        apart(DELAY) as distance,
    ):
        caller = dialled(distance.to(port))
        caller.sendall(b"last")
        # Closed at once, without a word.
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        time.sleep(DELAY / 2)
        caller.close()
    assert heard in ([b"last"], [b""])


def test_where_nobody_listens_that_is_known_after_both_ways() -> None:
    with apart(DELAY) as distance, dialled(distance.to(free_port(0))) as caller:
        begun = time.monotonic()

        assert caller.recv(1) == b""
        assert time.monotonic() - begun >= 2 * DELAY


def test_the_same_port_has_the_same_relay_until_all_end() -> None:
    with apart(DELAY) as distance:
        relay = distance.to(4_711)
        assert relay == distance.to(4_711) != distance.to(4_712)

    with pytest.raises(ConnectionRefusedError):
        dialled(relay)
