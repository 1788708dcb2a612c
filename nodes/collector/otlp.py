"""The collector over OpenTelemetry's own protocol: OTLP/HTTP, one span a record, none sampled."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from requests import Session

from ledger.logbook import LogRecord
from nodes.errors import CollectorError

_NAME = "signaalketen"
_MILLION = 1_000_000


class OtlpCollector:
    """A `Collector` at an OTLP/HTTP endpoint."""

    def __init__(self, endpoint: str, *, member: str, timeout: float) -> None:
        """Send as the node of `member` to the whole URL `endpoint`, as `…/v1/traces`."""
        self._endpoint = endpoint
        session = Session()
        # Neither proxies nor credentials of the environment are for an agency's own log.
        session.trust_env = False
        self._exporter = OTLPSpanExporter(
            endpoint, timeout=timeout, session=session, meter_provider=NoOpMeterProvider()
        )
        software = {"service.name": _NAME, "service.version": version(_NAME)}
        self._resource = Resource({**software, "service.instance.id": member})
        self._scope = InstrumentationScope(_NAME, version(_NAME))

    async def send(self, records: Sequence[LogRecord]) -> None:
        """Send `records` as spans; see `Collector`."""
        spans = [span_of(one, resource=self._resource, scope=self._scope) for one in records]
        # The exporter waits for its answer in the thread that calls it.
        outcome = await asyncio.to_thread(self._exporter.export, spans)
        if outcome is not SpanExportResult.SUCCESS:
            raise CollectorError(f"the collector at {self._endpoint} takes no records now")

    async def close(self) -> None:
        """Let go of the connection."""
        await asyncio.to_thread(self._exporter.shutdown)


def span_of(record: LogRecord, *, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """Return the span that says what `record` says, and nothing more."""
    trace_id = int.from_bytes(record.trace_id, "big")
    parent = None
    if record.parent_span_id:
        parent = _context(trace_id, record.parent_span_id, is_remote=True)
    return ReadableSpan(
        record.name,
        context=_context(trace_id, record.span_id, is_remote=False),
        parent=parent,
        resource=resource,
        attributes=record.attributes(),
        kind=SpanKind.SERVER if parent else SpanKind.INTERNAL,
        start_time=record.start * _MILLION,
        end_time=record.end * _MILLION,
        instrumentation_scope=scope,
    )


def _context(trace_id: int, span_id: bytes, *, is_remote: bool) -> SpanContext:
    number = int.from_bytes(span_id, "big")
    return SpanContext(trace_id, number, is_remote, TraceFlags(TraceFlags.SAMPLED))
