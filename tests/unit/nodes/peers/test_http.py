"""What a peer may do to a node over HTTP, beyond what every transport owes."""

import asyncio
import gzip

import pytest

from nodes.errors import PeerUnreachableError
from nodes.peers import http
from nodes.peers.http import HttpTransport
from nodes.tracing import HEADER, Trace, asked_under, begun, decode_traceparent
from tests.support.http_peer import Reply, http_peer, response

PATIENCE = 30.0


def _send(reply: Reply, *, timeout: float = PATIENCE) -> bytes:
    async def scenario() -> bytes:
        transport = HttpTransport()
        async with asyncio.timeout(PATIENCE), http_peer(reply) as url:
            try:
                return await transport.send(url, b"message", timeout=timeout)
            finally:
                await transport.close()

    return asyncio.run(scenario())


def test_a_peer_that_answers_one_byte_at_a_time_is_given_up() -> None:
    async def drip(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    with pytest.raises(PeerUnreachableError):
        _send(drip, timeout=0.2)


def test_a_peer_that_never_ends_its_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_MESSAGE_BYTES", 100_000)
    sent = 0

    async def flood(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"2710\r\n" + bytes(10_000) + b"\r\n")
            await writer.drain()
            sent += 10_000

    with pytest.raises(PeerUnreachableError, match="more than any message"):
        _send(flood)

    assert sent < 20_000_000


def test_an_answer_is_not_unfolded() -> None:
    folded = gzip.compress(bytes(1_000_000))

    async def fold(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(folded, headers="content-encoding: gzip\r\n"))
        await writer.drain()

    assert _send(fold) == folded


@pytest.mark.parametrize("status", [204, 301, 307, 400, 404, 500, 507])
def test_any_other_status_is_no_answer(status: int) -> None:
    async def reply(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        location = "location: http://127.0.0.1:1/elsewhere\r\n"
        writer.write(response(b"", status=status, headers=location))
        await writer.drain()

    with pytest.raises(PeerUnreachableError, match=f"status {status}"):
        _send(reply)


def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def echo(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))
        await writer.drain()

    assert _send(echo) == b"message"


def _traces(sent: list[str]) -> list[Trace | None]:
    named = (line.partition(":") for line in sent)
    return [decode_traceparent(value.strip()) for name, _, value in named if name == HEADER]


def test_a_peer_sees_the_trace_of_the_work_and_never_that_of_the_caller() -> None:
    sent: list[str] = []
    given = Trace(b"c" * 16, b"p" * 8)

    async def echo(path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(body))
        await writer.drain()

    async def scenario() -> Trace:
        transport = HttpTransport()
        async with http_peer(echo, headers=sent) as url:
            with asked_under(given):
                await transport.send(url, b"one", timeout=PATIENCE)
                with begun() as work:
                    await transport.send(url, b"two", timeout=PATIENCE)
            await transport.close()
        return work

    work = asyncio.run(scenario())

    first, second = _traces(sent)
    assert first is not None
    assert second is not None
    assert first.trace_id not in {given.trace_id, work.trace_id}
    assert second.trace_id == work.trace_id
