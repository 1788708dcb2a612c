"""What an adapter of `nodes.collector.port.Collector` owes, against a collector on this machine."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ledger.logbook import LogRecord
from nodes.collector.otlp import OtlpCollector
from nodes.errors import CollectorError
from tests.support.http_peer import http_peer, response

PATIENCE = 20.0
RECORD = LogRecord(
    trace_id=bytes(range(1, 17)),
    span_id=bytes(range(21, 29)),
    parent_span_id=bytes(range(31, 39)),
    name="signaal plaatsen",
    start=1_795_550_400_001,
    end=1_795_550_400_007,
    activity="https://register.example/#multiproblematiek",
    subject="c3ViamVjdA==",
    subject_type="BSN",
    processor="http://uwv.test",
)


@dataclass
class FakeCollector:
    """Takes spans by OTLP/HTTP and keeps them; `status` is what it answers."""

    status: int = 200
    paths: list[str] = field(default_factory=list)
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    async def reply(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.paths.append(path)
        raw = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        self.requests.append(ExportTraceServiceRequest.FromString(raw))
        writer.write(response(b"", status=self.status))
        await writer.drain()

    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@asynccontextmanager
async def connected(
    fake: FakeCollector, *, timeout: float = PATIENCE
) -> AsyncIterator[OtlpCollector]:
    async with http_peer(fake.reply) as url:
        collector = OtlpCollector(f"{url}/v1/traces", member="uwv", timeout=timeout)
        try:
            yield collector
        finally:
            await collector.close()


def test_every_field_of_a_record_arrives_as_the_standard_and_opentelemetry_name_it() -> None:
    async def scenario() -> None:
        fake = FakeCollector()
        async with connected(fake) as collector:
            await collector.send([RECORD])

        assert fake.paths == ["/v1/traces"]
        (span,) = fake.spans()
        assert (span.trace_id, span.span_id) == (RECORD.trace_id, RECORD.span_id)
        assert span.parent_span_id == RECORD.parent_span_id
        assert span.name == RECORD.name
        assert span.start_time_unix_nano == RECORD.start * 1_000_000
        assert span.end_time_unix_nano == RECORD.end * 1_000_000
        attributes = {pair.key: pair.value.string_value for pair in span.attributes}
        assert attributes == RECORD.attributes()
        (resource,) = fake.requests[0].resource_spans
        said = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        assert said["service.name"] == "signaalketen"
        assert said["service.instance.id"] == "uwv"
        assert set(said) <= {"service.name", "service.version", "service.instance.id"}

    asyncio.run(scenario())


def test_what_a_record_has_not_is_not_made_up() -> None:
    async def scenario() -> None:
        fake = FakeCollector()
        async with connected(fake) as collector:
            await collector.send([replace(RECORD, parent_span_id=b"", subject="", processor="")])

        (span,) = fake.spans()
        assert span.parent_span_id == b""
        assert {pair.key for pair in span.attributes} == {
            "dpl.core.processing_activity_id",
            "dpl.core.data_subject_id_type",
        }

    asyncio.run(scenario())


def test_none_of_many_records_is_sampled_away() -> None:
    async def scenario() -> None:
        fake = FakeCollector()
        many = [replace(RECORD, span_id=number.to_bytes(8, "big")) for number in range(1, 513)]
        async with connected(fake) as collector:
            await collector.send(many)

        assert [span.span_id for span in fake.spans()] == [record.span_id for record in many]

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_collector_that_says_no_has_not_taken_them(status: int) -> None:
    async def scenario() -> None:
        async with connected(FakeCollector(status=status)) as collector:
            with pytest.raises(CollectorError, match="takes no records now"):
                await collector.send([RECORD])

    asyncio.run(scenario())


def test_a_collector_that_is_not_there_has_not_taken_them() -> None:
    async def scenario() -> None:
        collector = OtlpCollector("http://127.0.0.1:1/v1/traces", member="uwv", timeout=0.2)
        with pytest.raises(CollectorError, match="takes no records now"):
            await collector.send([RECORD])
        await collector.close()

    asyncio.run(scenario())


def test_records_go_to_the_collector_and_to_no_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        fake, proxy = FakeCollector(), FakeCollector()
        async with http_peer(proxy.reply) as elsewhere:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, elsewhere)
            async with connected(fake) as collector:
                await collector.send([RECORD])

        assert len(fake.spans()) == 1
        assert proxy.requests == []

    asyncio.run(scenario())
