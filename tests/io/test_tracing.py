"""Traces go to a collector where one is configured, and belong to the trace of the caller."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from issuer import ForeignIssuer
from serving import Serving

PATH = "/beta/me/profile/interests"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    def __init__(self) -> None:
        self.spans: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    raise AssertionError("nobody asked for that")
                sent = ExportTraceServiceRequest.FromString(body)
                for resource in sent.resource_spans:
                    for scope in resource.scope_spans:
                        collector.spans.extend(scope.spans)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.01,))
    thread.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()
    thread.join()


def test_a_span_for_each_request_in_the_trace_of_its_caller(
    tmp_path: Path, collector: Collector
) -> None:
    with ForeignIssuer() as issuer:
        settings = {
            "ISSUER": issuer.url, "AUDIENCE": "profiles", "TRACE_ENDPOINT": collector.url
        }  # fmt: skip
        with Serving(tmp_path, **settings) as service:
            headers = {
                "Authorization": f"Bearer {issuer.token()}",
                "traceparent": f"00-{TRACE}-{PARENT}-01",
            }
            answer = httpx2.post(service.url + PATH, json={}, headers=headers, verify=False)
            httpx2.get(service.url + PATH, verify=False)
    by_name = {span.name: span for span in collector.spans}
    assert set(by_name) == {"POST /beta/me/profile/interests", "GET unknown"}
    span = by_name["POST /beta/me/profile/interests"]
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == PARENT
    found = {each.key: each.value for each in span.attributes}
    assert found["http.response.status_code"].int_value == 201
    assert found["openprofile.request_id"].string_value == answer.headers["request-id"]


def test_a_collector_that_is_away_delays_nobody(tmp_path: Path) -> None:
    with ForeignIssuer() as issuer:
        endpoint = "http://127.0.0.1:1/v1/traces"
        settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles", "TRACE_ENDPOINT": endpoint}
        with Serving(tmp_path, **settings) as service:
            headers = {"Authorization": f"Bearer {issuer.token()}"}
            for _ in range(3):
                answer = httpx2.post(service.url + PATH, json={}, headers=headers, verify=False)
                assert answer.status_code == 201
    written = (tmp_path / "log").read_text().splitlines()
    assert len(service.log) == len(written), "a line is no JSON"
    assert any(line["event"] == "library" for line in service.log)
