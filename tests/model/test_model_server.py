"""The model service with a real learner in its own process, through its routes."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol.access import Access

SETTINGS = {
    "worlds": 8, "hidden": [16, 16], "batch": 32, "warmup_steps": 100, "compile": False,
    "evaluate_every": 0.5, "report_every": 0.1, "checkpoint_every": 1e9, "updates_per_step": 0.1,
}  # fmt: skip
AGENT: dict[str, Any] = {"agent_id": "toy", "env": "points:make", "race": False, "settings": SETTINGS}


@pytest.fixture(scope="module", autouse=True)
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data volume for the whole module, in place of each test's own."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("volume")
        patch.setenv("TRACKMANIA_RL_DATA", str(path))
        yield path


@pytest.fixture(autouse=True)
def data(volume: Path) -> Path:
    return volume


@pytest.fixture(scope="module")
def client(volume: Path) -> Iterator[TestClient[Any]]:
    pool = Agents(factories={"points:make"})
    with TestClient(model_app(pool)) as client:
        assert client.post("/api/agents", json=AGENT).status_code == 201
        until(client, lambda agent: agent.get("finish_rate") is None and agent["episodes"] > 20)
        yield client


def until(client: TestClient[Any], holds: Any, id: str = "toy") -> dict[str, Any]:
    """Wait until something holds of an agent."""
    deadline = time.monotonic() + 240.0
    while time.monotonic() < deadline:
        agent = next(agent for agent in client.get("/api/agents").json() if agent["agent_id"] == id)
        if holds(agent):
            return dict(agent)
        time.sleep(0.1)
    raise AssertionError(f"it never came true of {agent}")


def test_an_agent_learns_and_reports(client: TestClient[Any]) -> None:
    agent = until(client, lambda agent: agent["updates"] > 10)
    assert agent["state"] == "training"
    assert agent["steps"] > 100
    assert agent["health"][0].startswith("Learning")
    assert agent["colour"].startswith("#")


def test_its_policy_answers_predictions(client: TestClient[Any]) -> None:
    """Actions lie in the environment's bounds of ±0.5; the same question has the same answer."""
    question = {"agent_id": "toy", "observation": [[1.0, 0.0], [-1.0, 0.5]]}
    answer = client.post("/api/predict", json=question)
    assert answer.status_code == 200
    actions = answer.json()["action"]
    assert len(actions) == 2
    assert all(abs(action[0]) <= 0.5 for action in actions)
    assert answer.json()["policy"].startswith("toy:")


def test_its_curves_can_be_read_while_it_learns(client: TestClient[Any]) -> None:
    run = client.get("/api/runs").json()[0]
    assert run["id"] == "toy" and "train/return" in run["keys"]
    answer = client.get("/api/runs/toy/metrics", params={"keys": "train/return,speed/steps", "points": 5})
    curves = answer.json()["curves"]
    assert [curve["key"] for curve in curves] == ["train/return", "speed/steps"]
    for curve in curves:
        assert 1 <= len(curve["value"]) <= 5
        assert all(
            low <= value <= high
            for low, value, high in zip(curve["low"], curve["value"], curve["high"], strict=True)
        )


def test_pause_save_and_start(client: TestClient[Any], data: Path) -> None:
    """A paused agent takes no more steps, is saved on request, and goes on."""
    client.post("/api/agents/toy/pause")
    time.sleep(1.0)
    paused = until(client, lambda agent: agent["state"] == "paused")
    assert client.post("/api/agents/toy/save").status_code == 200
    assert (data / "runs/toy/learner.pt").exists()
    time.sleep(0.5)
    assert until(client, lambda agent: True)["steps"] == paused["steps"]
    client.post("/api/agents/toy/start")
    until(client, lambda agent: agent["steps"] > paused["steps"])


def test_watchers_get_agents_and_curves(client: TestClient[Any]) -> None:
    with client.websocket_connect("/api/watch") as socket:
        first = socket.receive_json()
        assert first["type"] == "agents" and first["agents"][0]["agent_id"] == "toy"
        second = socket.receive_json()
        while second["type"] != "metrics":
            second = socket.receive_json()
        assert second["run"] == "toy" and "train/return" in second["values"]


def test_a_frozen_checkpoint_drives_without_learning(client: TestClient[Any]) -> None:
    until(client, lambda agent: "toy:best" in str(client.get("/api/checkpoints").json()))
    best = next(saved for saved in client.get("/api/checkpoints").json() if saved["id"] == "toy:best")
    assert best["best"]
    frozen = {**AGENT, "agent_id": "frozen", "checkpoint": "toy:best", "learn": False}
    assert client.post("/api/agents", json=frozen).status_code == 201
    question = {"agent_id": "frozen", "observation": [[1.0, 0.0]]}
    assert client.post("/api/predict", json=question).json()["policy"] == f"toy:{best['steps']}"
    assert client.post("/api/agents/frozen/start").status_code == 400
    assert client.delete("/api/agents/frozen").status_code == 204


def test_metrics_are_prometheus_text(client: TestClient[Any]) -> None:
    text = client.get("/metrics").text
    assert 'trackmania_agent_steps_total{agent="toy"}' in text
    assert client.get("/healthz").json()["ok"] is True
    assert "/api/predict" in client.get("/api/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/api/agents", {**AGENT}, 409, "toy"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "../x"}, 400, "agent_id"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "settings": {"lr": 1}}, 400, "lr"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "settings": {"gamma": 2.0}}, 400, "gamma"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "env": "os:abort"}, 400, "os:abort"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "env": "gymnasium:antigravity:X"}, 400, "code"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "track": "../secret.track"}, 400, "secret"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "checkpoint": "../../etc"}, 404, "etc"),
        ("POST", "/api/agents", {**AGENT, "agent_id": "x", "learn": False}, 400, "checkpoint"),
        ("POST", "/api/predict", {"agent_id": "toy", "observation": [[1.0]]}, 400, "expected 2"),
        ("POST", "/api/predict", {"agent_id": "toy", "observation": [["a"]]}, 400, "observation"),
        ("POST", "/api/predict", {"agent_id": "toy", "observation": []}, 400, "observation is []"),
        ("POST", "/api/predict", {"agent_id": "nobody", "observation": [[1.0]]}, 404, "nobody"),
        ("POST", "/api/tournament", {"track": "oval", "races": 0}, 400, "races is 0"),
        ("GET", "/api/runs/toy/metrics?points=x", None, 400, "points is x, expected int"),
        ("GET", "/api/runs/toy/highlights?all=x", None, 400, "all is x, expected bool"),
        ("POST", "/api/agents/nobody/start", None, 404, "nobody"),
        ("POST", "/api/agents/toy/load", {"checkpoint": "toy:none"}, 404, "toy:none"),
        ("DELETE", "/api/agents/nobody", None, 404, "nobody"),
        ("GET", "/api/runs/nothing/metrics", None, 404, "nothing"),
        ("GET", "/api/runs/toy/metrics?keys=nothing", None, 400, "nothing"),
        ("GET", "/api/runs/toy/metrics?points=1", None, 400, "points"),
    ],
)
def test_wrong_requests_are_explained(
    client: TestClient[Any], method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert words in problem["detail"]


def test_a_token_guards_everything_that_changes(volume: Path) -> None:
    with TestClient(model_app(Agents(), Access(token="secret"))) as client:
        assert client.post("/api/agents", json=AGENT).status_code == 401
        wrong = {"Authorization": "Bearer guess"}
        assert client.delete("/api/agents/toy", headers=wrong).status_code == 401
        assert client.get("/api/agents").status_code == 200


def test_a_dead_learner_is_noticed_and_started_again(client: TestClient[Any]) -> None:
    """After kill -9 of the learner the agent says so; started, it goes on from its checkpoint."""
    saved = client.post("/api/agents/toy/save").json()["steps"]
    os.kill(_learner_pid(), signal.SIGKILL)
    failed = until(client, lambda agent: agent["state"] == "failed")
    assert "died" in failed["health"][0]
    assert client.post("/api/agents/toy/start").status_code == 200
    until(client, lambda agent: agent["state"] == "training" and agent["steps"] > saved)


def test_agents_go_on_when_the_service_starts_again(client: TestClient[Any], data: Path) -> None:
    """A stopped service has saved its agents; the next one revives them where they were."""
    before = until(client, lambda agent: agent["updates"] > 0)
    client.__exit__(None, None, None)
    pool = Agents(factories={"points:make"})
    pool.revive()
    with TestClient(model_app(pool)) as second:
        after = until(second, lambda agent: agent["seconds"] > 0.0)
        assert after["steps"] >= before["steps"]
        assert after["run"] == "toy"


def _learner_pid() -> int:
    import multiprocessing

    return next(p.pid or 0 for p in multiprocessing.active_children() if p.name == "learner toy")


def test_the_champion_comes_with_the_package() -> None:
    """The shipped policy loads, is in the list, and can only drive."""
    pool = Agents()
    pool.begin(0, env="TrackMania/Horizon-v0", track="sprint", champion=True)
    with TestClient(model_app(pool)) as client:
        agent = client.get("/api/agents").json()[0]
        assert agent["agent_id"] == "champion" and agent["finish_rate"] > 0.85
        assert "champion" in [checkpoint["id"] for checkpoint in client.get("/api/checkpoints").json()]
        question = {"agent_id": "champion", "observation": [[0.0] * 83]}
        assert len(client.post("/api/predict", json=question).json()["action"][0]) == 3
