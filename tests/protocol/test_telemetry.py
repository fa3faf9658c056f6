"""Spans reach a collector; the real exporter sends them to a small one of our own."""

from __future__ import annotations

import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from litestar import get
from litestar.params import FromPath

from trackmania_rl.protocol import telemetry
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.service import running, service_app

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")


class Collector(HTTPServer):
    """Takes spans.

    Attributes:
        spans: What came, by name: attributes and length [s].
        services: Who sent it.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.spans: dict[str, tuple[dict[str, Any], float]] = {}
        self.services: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            for group in trace_service.ExportTraceServiceRequest.FromString(body).resource_spans:
                self.server.services |= {
                    one.value.string_value for one in group.resource.attributes if one.key == "service.name"
                }
                for span in (span for scope in group.scope_spans for span in scope.spans):
                    said = {
                        one.key: one.value.string_value or one.value.int_value or one.value.double_value
                        for one in span.attributes
                    }
                    length = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
                    self.server.spans[span.name] = said, length
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            telemetry.end()
            collector.shutdown()
            thread.join()


@get("/api/things/{name:str}", sync_to_thread=False)
def thing(name: FromPath[str]) -> str:
    """A thing."""
    return name


def test_requests_and_what_takes_long_become_spans(collector: Collector) -> None:
    telemetry.begin("trackmania-rl-test", collector.url + "/")
    with running(service_app("environment", [thing])) as url:
        urllib.request.urlopen(url + "/api/things/kart", timeout=20).close()
    telemetry.span("heat", 12.5, {"track": "sprint", "cars": 2})
    telemetry.end()  # sends what is left
    telemetry.span("heat", 99.0, {})  # nobody hears it
    assert collector.services == {"trackmania-rl-test"}
    said, _ = collector.spans["GET /api/things/{name}"]
    assert said["http.route"] == "/api/things/{name}"
    assert said["http.response.status_code"] == 200
    said, length = collector.spans["heat"]
    assert said == {"track": "sprint", "cars": 2}
    assert length == pytest.approx(12.5)


def test_what_cannot_be_sent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"localhost:4318.*expected"):
        telemetry.begin("x", "localhost:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"trackmania-rl\[telemetry\]"):
        telemetry.begin("x", "http://127.0.0.1:4318")
