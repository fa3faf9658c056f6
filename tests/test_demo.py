"""The demo, as a user runs it: three services come up, cars drive, Ctrl-C stops all, a restart goes on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SERVICES = ("environment", "model", "viewer")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def get(port: int, path: str) -> Any:
    """The JSON answer of a service."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return json.load(answer)


def wait_for(condition: Any, seconds: float, what: str) -> Any:
    """Poll until the condition gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            pass
        time.sleep(0.25)
    pytest.fail(f"waited {seconds:.0f} s for {what}")


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def demo(data: Path, end: signal.Signals = signal.SIGINT) -> Iterator[list[int]]:
    """A running demo on free ports, ended by a signal; Ctrl-C is a good end."""
    ports = free_ports(3)
    options = [f"--{name}-port={port}" for name, port in zip(SERVICES, ports, strict=True)]
    with subprocess.Popen(
        [sys.executable, "-m", "trackmania_rl", "demo", "--no-browser", "--agents", "1", *options],
        env={**os.environ, "TRACKMANIA_RL_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            wait_for(lambda: get(ports[1], "/healthz")["ok"], 60, "the model service")
            yield ports
        finally:
            process.send_signal(end)
            try:
                said, _ = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert process.returncode == (0 if end is signal.SIGINT else -end), said


@pytest.mark.skipif(
    not (ROOT / "src/trackmania_rl/viewer/static/index.html").exists(),
    reason="the viewer's page is not built: make viewer",
)
def test_demo_shows_cars_driving_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    with demo(tmp_path) as (environment, model, viewer):
        moving = wait_for(
            lambda: [
                standing
                for standing in get(environment, "/api/state")["standings"]
                if standing["progress"] > 20.0
            ],
            60,
            "a car that drives",
        )
        assert moving[0]["agent_id"]
        with urllib.request.urlopen(f"http://127.0.0.1:{viewer}/", timeout=5) as page:
            assert b"TrackMania RL" in page.read()
        learner = wait_for(
            lambda: [
                agent
                for agent in get(model, "/api/agents")
                if agent["state"] == "training" and agent["steps"] > 0
            ],
            150,
            "an agent that learns",
        )[0]

    with demo(tmp_path, end=signal.SIGKILL) as ports:
        again = wait_for(
            lambda: [
                agent for agent in get(ports[1], "/api/agents") if agent["agent_id"] == learner["agent_id"]
            ],
            60,
            "the agent of the first demo",
        )[0]
        assert again["run"] == learner["run"]
        wait_for(
            lambda: [
                agent
                for agent in get(ports[1], "/api/agents")
                if agent["agent_id"] == learner["agent_id"] and agent["steps"] > learner["steps"]
            ],
            150,
            "the agent to learn on",
        )
    wait_for(lambda: not any(map(listens, ports)), 60, "the services to end with the demo that was killed")


def test_taken_port_is_named_and_nothing_stays_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        model, viewer = free_ports(2)
        result = subprocess.run(
            [sys.executable, "-m", "trackmania_rl", "demo", "--no-browser"]
            + [f"--environment-port={port}", f"--model-port={model}", f"--viewer-port={viewer}"],
            env={**os.environ, "TRACKMANIA_RL_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
        )
    assert result.returncode == 2
    assert str(port) in result.stderr
    assert "Traceback" not in result.stderr
    assert not listens(model) and not listens(viewer)
