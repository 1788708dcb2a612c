"""Traces: under which id a piece of work is recorded, here and where it asked or was asked.

    traceparent: 00-<trace id, 32 hex>-<span id, 16 hex>-<flags, 2 hex>     (W3C Trace Context)

Taken from every request, and sent with every request to a peer. What goes to a peer never has the
id that a caller of this agency gave: two signals that came under one id would be about one person,
for whoever keeps a part of both. It is drawn here, for each piece of work.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

HEADER = "traceparent"
# Later versions may say more after the flags; 00 says no more (W3C Trace Context, 3.2).
_FORMAT = re.compile(
    "(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)
_LONGEST = 200


class Trace(NamedTuple):
    """Work under `trace_id` (16 bytes), asked for by the span `parent` (8 bytes) or by none."""

    trace_id: bytes
    parent: bytes = b""


_ASKED: ContextVar[Trace | None] = ContextVar("asked", default=None)
_WORK: ContextVar[Trace | None] = ContextVar("work", default=None)


def new_trace() -> Trace:
    """Return a trace that nothing asked for."""
    return Trace(secrets.token_bytes(16))


def decode_traceparent(header: str) -> Trace | None:
    """Read a header, or return None: whoever sends a bad one is answered as if it sent none."""
    found = _FORMAT.fullmatch(header) if len(header) <= _LONGEST else None
    if found is None or (found[1] == "00" and found[4]):
        return None
    return Trace(bytes.fromhex(found[2]), bytes.fromhex(found[3]))


def encode_traceparent(trace: Trace) -> str:
    """Return the header that says a span of its own under `trace`, recorded as every one is."""
    return f"00-{trace.trace_id.hex()}-{secrets.token_hex(8)}-01"


def current() -> Trace | None:
    """Return the trace of the work begun here, or else of the request that is answered."""
    return _WORK.get() or _ASKED.get()


@contextmanager
def asked_under(trace: Trace) -> Iterator[None]:
    """Answer a request that came under `trace`."""
    token = _ASKED.set(trace)
    try:
        yield
    finally:
        _ASKED.reset(token)


@contextmanager
def begun() -> Iterator[Trace]:
    """Do a piece of work under a trace of its own, which peers that are asked for it see."""
    trace = new_trace()
    token = _WORK.set(trace)
    try:
        yield trace
    finally:
        _WORK.reset(token)


def outgoing() -> str:
    """Return the header of a request to a peer."""
    return encode_traceparent(_WORK.get() or new_trace())
