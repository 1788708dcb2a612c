import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from api import problems
from api.guard import MAX_BODY_BYTES, BodyLimit, Heads, ResponseHeaders, TraceContext
from nodes.peers.message import MAX_MESSAGE_BYTES
from nodes.tracing import HEADER, current, decode_traceparent

HALF = MAX_BODY_BYTES // 2


def echo_app() -> FastAPI:
    """Return an application that says how much it read, and `/page`, which minds its own cache."""
    app = FastAPI()
    problems.install(app)

    @app.post("/peer")
    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.get("/page")
    async def page() -> Response:
        own = {"Cache-Control": "public", "Content-Security-Policy": "default-src 'self'"}
        return Response("words", headers=own)

    @app.get("/trace")
    async def trace() -> str:
        under = current()
        return "" if under is None else under.trace_id.hex() + under.parent.hex()

    app.add_middleware(BodyLimit)
    app.add_middleware(Heads)
    app.add_middleware(TraceContext)
    app.middleware_stack = ResponseHeaders(app.build_middleware_stack(), version="1.2.3")
    return app


def ask(
    method: str,
    path: str,
    content: bytes | AsyncIterator[bytes] = b"",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(echo_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(once())


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    """Send without stating how much it will be."""
    for size in sizes:
        yield b"x" * size


def test_a_body_of_the_limit_passes() -> None:
    assert ask("POST", "/echo", b"x" * MAX_BODY_BYTES).json() == MAX_BODY_BYTES


def test_a_body_in_pieces_up_to_the_limit_passes() -> None:
    assert ask("POST", "/echo", pieces(HALF, HALF)).json() == MAX_BODY_BYTES


@pytest.mark.parametrize("is_stated", [True, False], ids=["stated", "in-pieces"])
def test_one_byte_more_is_refused(is_stated: bool) -> None:
    content = b"x" * (MAX_BODY_BYTES + 1) if is_stated else pieces(HALF, HALF, 1)

    response = ask("POST", "/echo", content)

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == f"At most {MAX_BODY_BYTES} bytes; send less at once."


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += HALF
            yield b"x" * HALF

    response = ask("POST", "/echo", endless())

    assert response.status_code == 413
    assert read <= 2 * MAX_BODY_BYTES


@pytest.mark.parametrize(
    "stated", ["9" * 20, "9" * 5000, str(MAX_BODY_BYTES + 1)], ids=["20", "5000", "one-more"]
)
def test_what_states_too_much_is_refused_before_it_comes(stated: str) -> None:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(echo_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post("/echo", content=b"x", headers={"content-length": stated})

    assert asyncio.run(once()).status_code == 413


def test_peers_may_send_more_than_callers() -> None:
    assert ask("POST", "/peer", b"x" * (MAX_BODY_BYTES + 1)).json() == MAX_BODY_BYTES + 1
    assert ask("POST", "/peer", b"x" * (MAX_MESSAGE_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/page", "/nowhere"])
def test_every_answer_carries_the_version_and_is_not_to_be_guessed_at(path: str) -> None:
    headers = ask("GET", path).headers

    assert headers["api-version"] == "1.2.3"
    assert headers["x-content-type-options"] == "nosniff"


def test_what_says_nothing_itself_is_not_kept_and_loads_nothing() -> None:
    headers = ask("GET", "/nowhere").headers

    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'"


def test_what_says_itself_how_it_may_be_kept_is_believed() -> None:
    headers = ask("GET", "/page").headers

    assert headers["cache-control"] == "public"
    assert headers["content-security-policy"] == "default-src 'self'"


def test_head_answers_as_get_does_without_a_body() -> None:
    got, head = ask("GET", "/page"), ask("HEAD", "/page")

    assert got.text == "words"
    assert head.content == b""
    assert [(n, v) for n, v in head.headers.items() if n != HEADER] == [
        (n, v) for n, v in got.headers.items() if n != HEADER
    ]
    assert head.status_code == got.status_code


TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_work_goes_under_the_trace_that_came_with_the_request_and_the_answer_names_it() -> None:
    answer = ask("GET", "/trace", headers={HEADER: f"00-{TRACE_ID}-{SPAN_ID}-01"})

    assert answer.json() == TRACE_ID + SPAN_ID
    said = decode_traceparent(answer.headers[HEADER])
    assert said is not None
    assert (said.trace_id.hex(), said.parent.hex() == SPAN_ID) == (TRACE_ID, False)


@pytest.mark.parametrize("header", [None, "00-nonsense", f"00-{TRACE_ID}-{SPAN_ID}-01-more"])
def test_request_without_a_trace_gets_one_of_its_own(header: str | None) -> None:
    one, other = (
        ask("GET", "/trace", headers={} if header is None else {HEADER: header}) for _ in range(2)
    )

    assert len(one.json()) == 32
    assert one.json() != other.json() != TRACE_ID
    assert one.headers[HEADER].split("-")[1] == one.json()


def test_a_refused_request_is_answered_under_its_trace_too() -> None:
    answer = ask("GET", "/nowhere", headers={HEADER: f"00-{TRACE_ID}-{SPAN_ID}-01"})

    assert answer.status_code == 404
    assert answer.headers[HEADER].split("-")[1] == TRACE_ID
