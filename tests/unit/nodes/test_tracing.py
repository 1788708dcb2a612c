"""Traces: taken from whoever asks, and never passed on to another agency."""

import asyncio

import pytest

from nodes.tracing import (
    Trace,
    asked_under,
    begun,
    current,
    decode_traceparent,
    encode_traceparent,
    outgoing,
)

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = Trace(bytes.fromhex(TRACE_ID), bytes.fromhex(SPAN_ID))


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-00",
        f"01-{TRACE_ID}-{SPAN_ID}-01",
        f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like",
    ],
)
def test_header_of_the_specification_is_read(header: str) -> None:
    assert decode_traceparent(header) == GIVEN


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID[1:]}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f"01-{TRACE_ID}-{SPAN_ID}-01-{'x' * 200}",
    ],
)
def test_bad_header_counts_as_none(header: str) -> None:
    assert decode_traceparent(header) is None


def test_answer_names_the_same_trace_and_a_span_of_its_own() -> None:
    answered = decode_traceparent(encode_traceparent(GIVEN))

    assert answered is not None
    assert answered.trace_id == GIVEN.trace_id
    assert answered.parent != GIVEN.parent


def test_trace_of_a_caller_never_goes_to_a_peer() -> None:
    with asked_under(GIVEN):
        assert current() == GIVEN
        sent = [decode_traceparent(outgoing()) for _ in range(2)]

    assert {trace.trace_id for trace in sent if trace} - {GIVEN.trace_id} != set()
    assert len({trace.trace_id for trace in sent if trace}) == 2
    assert current() is None


def test_peers_asked_for_one_piece_of_work_see_one_trace() -> None:
    async def ask() -> str:
        return outgoing()

    async def story() -> tuple[Trace, list[str]]:
        with begun() as trace:
            return trace, list(await asyncio.gather(ask(), ask()))

    trace, sent = asyncio.run(story())

    assert [header.split("-")[1] for header in sent] == [trace.trace_id.hex()] * 2
