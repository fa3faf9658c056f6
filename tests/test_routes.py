"""No route of a service changes anything without the token: all of them are walked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.testing import TestClient

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.rate import Rate

BURST = 120
READ_ONLY = {"/api/watch"}
"""Streams on which nothing can be changed."""
HELLOS = [
    {"type": "drive", "protocol": PROTOCOL_VERSION, "agent_id": "a"},
    {"type": "batch", "protocol": PROTOCOL_VERSION, "env": "TrackMania/Lidar-v0", "worlds": 1},
]


@pytest.fixture(params=["environment", "model"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    access = Access(token="secret", rate=Rate(1e-3, BURST))
    if request.param == "model":
        return model_app(Agents(environment=None), access)
    return environment_app([Race("main", library.load("sprint"), Rules())], access=access)


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app, base_url="http://localhost.local") as client:
        yield client


def changing(app: Litestar) -> list[tuple[str, str]]:
    """Method and address of every route that is no plain reading."""
    return [
        (method, re.sub(r"\{.*?\}", "x", route.path))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in sorted(route.methods - {"GET", "HEAD", "OPTIONS"})
    ]


def test_every_change_needs_the_token(app: Litestar, client: TestClient[Litestar]) -> None:
    routes = changing(app)
    assert len(routes) >= 6
    for method, path in routes:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
            answer = client.request(method, path, headers=headers, content=b"{}")
            assert answer.status_code == 401, f"{method} {path} with {headers}: {answer.text}"
        answer = client.request(method, path, headers={"Authorization": "Bearer secret"}, content=b"{}")
        assert answer.status_code not in (401, 403), f"{method} {path} refuses the token"


def test_every_changing_stream_needs_the_token(app: Litestar, client: TestClient[Litestar]) -> None:
    streams = [route.path for route in app.routes if isinstance(route, WebSocketRoute)]
    assert streams
    for path in set(streams) - READ_ONLY:
        for hello in HELLOS:
            with client.websocket_connect(path) as stream:
                stream.send_json(hello | {"token": "wrong"})
                assert "token is wrong" in stream.receive_json()["detail"]


def test_no_route_answers_strange_names_or_pages(app: Litestar, client: TestClient[Litestar]) -> None:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and "GET" in route.methods:
            path = re.sub(r"\{.*?\}", "x", route.path)
            assert client.get(path, headers={"Host": "evil.example"}).status_code == 421, path
    for method, path in changing(app):
        headers = {"Authorization": "Bearer secret", "Origin": "https://evil.example"}
        answer = client.request(method, path, headers=headers, content=b"{}")
        assert answer.status_code == 403, f"{method} {path}"


def test_every_answer_brings_the_security_headers(app: Litestar, client: TestClient[Litestar]) -> None:
    for path in ("/healthz", "/metrics", "/api/openapi.json", "/nothing", "/api/watch"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path


def test_changes_are_limited_but_not_driving(app: Litestar, client: TestClient[Litestar]) -> None:
    bearer = {"Authorization": "Bearer secret"}
    hot = {"/api/action", "/api/predict"}
    routes = [route for route in changing(app) if route[1] not in hot]
    method, path = routes[0]
    answers = [client.request(method, path, headers=bearer, content=b"?") for _ in range(BURST + 1)]
    assert {answer.status_code for answer in answers[:-1]} <= {400, 404}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "wait" in json.loads(answers[-1].text)["detail"]
    for _, driven in changing(app):
        if driven in hot:
            assert client.post(driven, headers=bearer, content=b"?").status_code == 400
