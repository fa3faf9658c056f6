"""What both services share, on a service with two routes."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import get, post
from litestar.params import FromQuery, JSONBody

from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.client import check_services
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Action
from trackmania_rl.protocol.metrics import Metric
from trackmania_rl.protocol.service import address, listen, running, service_app

ACTION = b'{"gas":1,"brake":0,"steering":0}'


@post("/api/change", status_code=200, sync_to_thread=False)
def change(data: JSONBody[Action]) -> Action:
    """Changes something."""
    return data


@get("/api/fault", sync_to_thread=False)
def fault(status: FromQuery[int] = 0) -> None:
    """Goes wrong."""
    if status:
        raise InputError("teapots only", status=status, field="status")
    raise RuntimeError("secret internals")


class Reply:
    """An answer: status, headers and decoded body."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode()

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.text)
        return value


def ask(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body, headers)
    reply = Reply(connection.getresponse())
    connection.close()
    return reply


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = service_app(
        "environment",
        [change, fault],
        access=Access(token="secret", origins=("https://viewer.example.org",)),
        ready=lambda: "it is still warming up",
        metrics=lambda: [Metric("trackmania_things", "gauge", "Things.", {'kind="a"': 2.0})],
        body_limit=1000,
    )
    with running(app) as url:
        yield url


BEARER = {"Authorization": "Bearer secret"}


def test_it_says_how_it_is(url: str) -> None:
    assert ask(url, "GET", "/healthz").json == {"ok": True}
    ready = ask(url, "GET", "/readyz")
    assert (ready.status, ready.json["detail"]) == (503, "it is still warming up")
    assert ask(url, "GET", "/api/version").json["protocol"] == 1


def test_metrics_count_the_requests(url: str) -> None:
    ask(url, "POST", "/api/change", ACTION, **BEARER)
    text = ask(url, "GET", "/metrics").text
    assert 'trackmania_things{kind="a"} 2' in text
    assert 'trackmania_requests_total{method="POST",route="/api/change",status="200"} ' in text


def test_the_interface_describes_itself(url: str) -> None:
    description = ask(url, "GET", "/api/openapi.json").json
    assert description["openapi"].startswith("3.1")
    assert "/api/change" in description["paths"]
    assert "Action" in json.dumps(description["components"]["schemas"])


def test_the_interface_describes_its_refusals(url: str) -> None:
    described = ask(url, "GET", "/api/openapi.json").json["paths"]["/api/change"]["post"]["responses"]
    for body, headers in ((b"{}", BEARER), (ACTION, {})):
        refusal = ask(url, "POST", "/api/change", body, **headers)
        assert refusal.headers["content-type"] in described[str(refusal.status)]["content"]


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}])
def test_nothing_changes_without_the_token(url: str, given: dict[str, str]) -> None:
    reply = ask(url, "POST", "/api/change", ACTION, **given)
    assert reply.status == 401
    assert "Authorization: Bearer" in reply.json["detail"]
    assert ask(url, "GET", "/healthz", **given).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:5173", 200),
        ("https://viewer.example.org", 200),
        ("http://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
    ],
)
def test_strange_pages_change_nothing(url: str, origin: str, status: int) -> None:
    reply = ask(url, "POST", "/api/change", ACTION, Origin=origin, **BEARER)
    assert reply.status == status
    allowed = reply.headers.get("Access-Control-Allow-Origin")
    assert allowed == (origin if status == 200 else None)


def test_pages_may_ask_first(url: str) -> None:
    reply = ask(
        url,
        "OPTIONS",
        "/api/change",
        **{
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/api/change", b'{"gas":2,"brake":0,"steering":0}', 400, "gas is 2, expected float <= 1.0"),
        ("POST", "/api/change", b'{"gas":"1","brake":0,"steering":0}', 400, 'gas is "1", expected float'),
        ("POST", "/api/change", b"", 400, "the body is empty"),
        ("POST", "/api/change", b" " * 2000, 413, "larger than /api/change takes"),
        ("GET", "/api/change", None, 405, "/api/change does not answer GET"),
        ("GET", "/nothing", None, 404, "nothing at /nothing"),
        ("GET", "/api/fault?status=418", None, 418, "teapots only"),
        ("GET", "/api/fault?status=x", None, 400, "status"),
    ],
)
def test_refusals_are_problems(
    url: str, method: str, path: str, body: bytes | None, status: int, words: str
) -> None:
    reply = ask(url, method, path, body, **BEARER)
    assert reply.status == status == reply.json["status"]
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert words in reply.json["detail"]


def test_a_fault_of_ours_stays_in_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    reply = ask(url, "GET", "/api/fault")
    assert reply.status == 500
    assert "secret internals" not in reply.text
    assert "secret internals" in caplog.text


def test_what_is_no_environment_service_is_named() -> None:
    with running(service_app("model", [])) as url, pytest.raises(InputError, match="no environment service"):
        check_services(url)
    with running(service_app("environment", [])) as url:
        check_services(f"{url}, {url}")


def test_a_taken_port_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is already taken on 127.0.0.1.*--port"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match="70000"):
        listen("127.0.0.1", 70000)
    with pytest.raises(InputError, match="address of this machine"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(("host", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
def test_a_service_knows_where_this_machine_reaches_it(host: str, reached: str) -> None:
    with listen(host, 0) as listening:
        assert address(listening) == f"http://{reached}:{listening.getsockname()[1]}"


def test_it_stops_cleanly_when_asked() -> None:
    program = (
        "from trackmania_rl.protocol.service import listen, service_app, serve\n"
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\n"
        "async def life(_):\n"
        "    print('up', flush=True)\n"
        "    yield\n"
        "    print('files closed', flush=True)\n"
        "serve(service_app('environment', [], lifespan=life), listen('127.0.0.1', 0))\n"
        "print('end', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)
    assert rest == "files closed\nend\n"
    assert process.returncode == 0
