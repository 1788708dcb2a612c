"""What every adapter of `nodes.peers.port.Transport` owes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from nodes.errors import NotFoundError, PeerUnreachableError
from nodes.peers.http import HttpTransport
from nodes.peers.port import Transport
from tests.support.fakes import WireEnd, Wires
from tests.support.faults import Fate, MortalTransport
from tests.support.http_peer import http_peer, response

Answer = Callable[[bytes], Awaitable[bytes]]
Connect = Callable[[Answer], AbstractAsyncContextManager[tuple[Transport, str]]]
"""Yields a transport and the URL of a node that answers messages as it is told."""
PATIENCE = 30.0


@asynccontextmanager
async def _http(answer: Answer) -> AsyncIterator[tuple[Transport, str]]:
    async def reply(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        assert path == "/peer"
        try:
            answered = response(await answer(body))
        except NotFoundError:
            answered = response(b"{}", status=404)
        writer.write(answered)
        await writer.drain()

    transport = HttpTransport()
    async with http_peer(reply) as url:
        yield transport, url
        await transport.close()


@asynccontextmanager
async def _wires(answer: Answer) -> AsyncIterator[tuple[WireEnd, str]]:
    wires = Wires()
    wires.answers["http://svb.test"] = answer
    transport = wires.end("http://uwv.test")
    yield transport, "http://svb.test"
    await transport.close()


@asynccontextmanager
async def _mortal(answer: Answer) -> AsyncIterator[tuple[Transport, str]]:
    async with _wires(answer) as (inner, url):
        yield MortalTransport(inner, Fate()), url


@pytest.fixture(params=[_http, _wires, _mortal])
def connect(request: pytest.FixtureRequest) -> Connect:
    made: Connect = request.param
    return made


async def backwards(message: bytes) -> bytes:
    return message[::-1]


@pytest.mark.parametrize("message", [b"m", bytes(range(256)), b"\r\n\r\n", b"x" * 2_000_000])
def test_a_message_and_its_answer_arrive_byte_for_byte(connect: Connect, message: bytes) -> None:
    async def scenario() -> None:
        async with connect(backwards) as (transport, url):
            answer = await transport.send(url, message, timeout=PATIENCE)

        assert answer == message[::-1]

    asyncio.run(scenario())


def test_an_empty_answer_is_an_answer(connect: Connect) -> None:
    async def nothing(message: bytes) -> bytes:
        return b""

    async def scenario() -> None:
        async with connect(nothing) as (transport, url):
            assert await transport.send(url, b"m", timeout=PATIENCE) == b""

    asyncio.run(scenario())


def test_a_node_that_is_not_there_is_unreachable(connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(backwards) as (transport, _):
            with pytest.raises(PeerUnreachableError):
                await transport.send("http://127.0.0.1:1", b"m", timeout=PATIENCE)

    asyncio.run(scenario())


def test_a_node_that_answers_with_an_error_is_unreachable(connect: Connect) -> None:
    async def refuse(message: bytes) -> bytes:
        raise NotFoundError("no chain here yet")

    async def scenario() -> None:
        async with connect(refuse) as (transport, url):
            with pytest.raises(PeerUnreachableError):
                await transport.send(url, b"m", timeout=PATIENCE)

    asyncio.run(scenario())


def test_a_node_that_never_answers_is_given_up(connect: Connect) -> None:
    async def never(message: bytes) -> bytes:
        await asyncio.Event().wait()
        return message

    async def scenario() -> None:
        async with connect(never) as (transport, url):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(PeerUnreachableError):
                    await transport.send(url, b"m", timeout=0.05)

    asyncio.run(scenario())


def test_a_slow_answer_holds_up_no_other(connect: Connect) -> None:
    may_answer = asyncio.Event()

    async def slow_first(message: bytes) -> bytes:
        if message == b"slow":
            await may_answer.wait()
        return message

    async def scenario() -> None:
        async with connect(slow_first) as (transport, url):
            slow = asyncio.create_task(transport.send(url, b"slow", timeout=PATIENCE))
            assert await transport.send(url, b"quick", timeout=PATIENCE) == b"quick"
            assert not slow.done()

            may_answer.set()
            assert await slow == b"slow"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "http://127.0.0.1:99999999",
        "ftp://svb.test",
        "svb",
        "http://\u0000",
        "http://é..x",
    ],
)
def test_a_url_that_makes_no_sense_is_an_unreachable_node(connect: Connect, url: str) -> None:
    # A member's card may say anything; what it says must not end the nodes of the others.
    async def scenario() -> None:
        async with connect(backwards) as (transport, _):
            with pytest.raises(PeerUnreachableError):
                await transport.send(url, b"m", timeout=PATIENCE)

    asyncio.run(scenario())
