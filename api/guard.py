"""What holds for every request and response, whatever its route."""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nodes.peers.message import MAX_MESSAGE_BYTES
from nodes.tracing import HEADER, asked_under, decode_traceparent, encode_traceparent, new_trace

MAX_BODY_BYTES = 512 * 1024
"""A batch of a hundred signals is under a tenth of it."""


class ResponseHeaders:
    """Says the API's version on every response, and that nothing is to be kept or guessed."""

    def __init__(self, app: ASGIApp, *, version: str) -> None:
        """Wrap `app`."""
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["API-Version"] = self._version
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Content-Security-Policy", "default-src 'none'")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with)


class Heads:
    """Answers HEAD wherever GET is answered, the same but for its body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class TraceContext:
    """Lets the work of a request go under the trace that it came with (W3C Trace Context)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the answer names the trace, one of its own where none came."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(HEADER.encode(), b"").decode("latin-1")
        trace = decode_traceparent(stated) or new_trace()

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = encode_traceparent(trace)
            await send(message)

        with asked_under(trace):
            await self._app(scope, receive, send_with)


class BodyLimit:
    """Refuses a body that is longer than any honest one, without reading it to its end."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_MESSAGE_BYTES if scope["path"] == "/peer" else MAX_BODY_BYTES
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        is_too_long = stated.isdigit() and (len(stated) > 19 or int(stated) > limit)
        received = 0

        async def receive_within() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if is_too_long or received > limit:
                # Raised where the route reads the body, so it is answered like any other error.
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"At most {limit} bytes; send less at once.",
                )
            return message

        await self._app(scope, receive_within, send)
