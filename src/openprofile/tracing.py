"""Traces: a span for each request, sent to an OpenTelemetry collector where one is configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from openprofile import __version__
from openprofile.settings import BadSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

End: TypeAlias = Callable[[str, int], None]
"""Ends a span with the operation that the request turned out to be, and its status."""


class Tracer:
    """Makes spans and sends them from a thread of its own; ``close`` sends those that are left."""

    def __init__(self, endpoint: str) -> None:
        """``endpoint`` takes OTLP over HTTP: ``http://localhost:4318/v1/traces``.

        Raises BadSettings where the extra is not installed.
        """
        try:  # an extra, and nobody else should wait for it to load
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415
            from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
                TraceContextTextMapPropagator,
            )
        except ImportError as error:
            raise BadSettings(
                "There is a trace_endpoint, and OpenTelemetry is not installed: install "
                "openprofile[otel]."
            ) from error
        resource = Resource.create({"service.name": "openprofile", "service.version": __version__})
        self._provider: TracerProvider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
        self._tracer = self._provider.get_tracer("openprofile", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER
        self._error = StatusCode.ERROR

    def start(self, method: str, headers: Mapping[str, str], request_id: str) -> End:
        """Begin the span of a request, which belongs to the trace in its ``traceparent``."""
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract(headers),
            kind=self._kind,
            attributes={"http.request.method": method, "openprofile.request_id": request_id},
        )

        def end(operation: str, status: int) -> None:
            span.update_name(f"{method} {operation}")
            span.set_attribute("http.route", operation)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(self._error)
            span.end()

        return end

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.force_flush(3000)
        self._provider.shutdown()
