"""Spans for an OpenTelemetry collector, by option: what happened, when, and how long it took.

Requests (but those of each step), the heats of races and stretches of learning become spans of their own.
Where no collector was named, `span` does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from trackmania_rl import __version__
from trackmania_rl.protocol.errors import InputError

_provider: Any = None
_tracer: Any = None


def begin(service: str, collector: str) -> None:
    """Send spans to a collector from now on, in batches, from a thread.

    The usual variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_BSP_...) say more.

    Args:
        service: What the service is called there.
        collector: Its address for OTLP over HTTP, e.g. "http://127.0.0.1:4318"; spans go to /v1/traces below.

    Raises:
        InputError: It is no address, or OpenTelemetry's packages are not installed.
    """
    global _provider, _tracer
    if not collector.startswith(("http://", "https://")):
        raise InputError(
            f"otlp is {collector!r}, expected an address such as http://127.0.0.1:4318", field="otlp"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InputError(
            "--otlp needs OpenTelemetry, which is not installed: pip install 'trackmania-rl[telemetry]'",
            field="otlp",
        ) from error
    resource = Resource.create({"service.name": service, "service.version": __version__})
    _provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=collector.rstrip("/") + "/v1/traces")
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _provider.get_tracer("trackmania_rl", __version__)


def end() -> None:
    """Send what is left, and nothing from now on."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def span(name: str, seconds: float, attributes: Mapping[str, str | float]) -> None:
    """Something that took so long and ends now.

    Args:
        name: What it was, e.g. "heat".
        seconds: How long it took [s].
        attributes: More about it.
    """
    if _tracer is not None:
        now = time.time_ns()
        _tracer.start_span(name, start_time=now - round(seconds * 1e9), attributes=attributes).end(now)
