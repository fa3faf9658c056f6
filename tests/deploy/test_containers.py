"""The images as they come up together: built, started with compose, driven from outside.

`make test-containers` runs these; they need podman (or docker) with its compose, and take minutes.
CONTAINERS_KEEP=1 uses images that are there instead of building them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
ENGINE = shutil.which("podman") or shutil.which("docker")
IMAGES = ("environment", "model", "viewer")
BUILD_ARGUMENTS = (
    "PYTHON_IMAGE", "NODE_IMAGE", "NPM_REGISTRY", "DEBIAN_MIRROR", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS", "TORCH", "TORCH_INDEX",
)  # fmt: skip
"""Handed on to the builds where the shell has them, as compose does."""
PORTS = {"ENVIRONMENT": 18464, "MODEL": 18465, "VIEWER": 18466, "VNC": 18467, "METRICS": 18468}
SERVICES = ("trackmania-env", "trackmania-model", "replay-viewer", "metrics")
"""All but Grafana, whose image cannot be made from Debian's packages where no registry is reached."""
TIMEOUT = 600.0
"""Longest wait for something to come true [s]: the first start compiles the kernels."""
AGENT = {
    "agent_id": "newcomer",
    "env": "TrackMania/Horizon-v0",
    "track": "sprint",
    "settings": {"worlds": 8, "hidden": [16, 16], "warmup_steps": 100, "compile": False},
}


def compose() -> list[str]:
    """The compose command that goes with the engine."""
    if ENGINE is None:
        pytest.skip(
            "neither podman nor docker is installed: `apt install podman` and `pip install podman-compose`"
        )
    if "docker" in ENGINE:
        return [ENGINE, "compose"]
    command = shutil.which("podman-compose") or os.environ.get("PODMAN_COMPOSE")
    if command is None:
        pytest.skip(
            "podman-compose is not installed: `pip install podman-compose`, or name it in PODMAN_COMPOSE"
        )
    return [command]


def run(command: list[str], environment: dict[str, str]) -> str:
    """A command's output; its complaints if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=3600
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def ask(service: str, path: str, data: Any = None, token: str = "") -> Any:
    """An answer of a service, decoded."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORTS[service]}{path}",
        None if data is None else json.dumps(data).encode(),
        {"Authorization": f"Bearer {token}"} if token else {},
    )
    with urllib.request.urlopen(request, timeout=20.0) as answer:
        body = answer.read()
        return json.loads(body) if "json" in answer.headers["Content-Type"] else body.decode()


def until(what: str, holds: Callable[[], Any]) -> Any:
    """Wait until something is true; the newest reason if it never is."""
    deadline, reason = time.monotonic() + TIMEOUT, ""
    while time.monotonic() < deadline:
        try:
            if found := holds():
                return found
        except (OSError, ValueError) as error:
            reason = str(error)
        time.sleep(0.5)
    raise AssertionError(f"{what} did not come true in {TIMEOUT:.0f} s {reason}")


@pytest.fixture(scope="module")
def token() -> Iterator[str]:
    """All services up on a project of their own; yields the token that they made."""
    command = [*compose(), "-p", "trackmania-rl-test", "-f", "compose.yaml"]
    assert ENGINE is not None
    settings = {f"TRACKMANIA_RL_{name}_PORT": str(port) for name, port in PORTS.items()}
    settings |= {
        "TRACKMANIA_RL_AGENTS": "0",
        "TRACKMANIA_RL_TRACK": "sprint",
        "TRACKMANIA_RL_VERSION": "test",
    }
    if "CONTAINERS_KEEP" not in os.environ:
        for name in IMAGES:  # the host's network: where only a mirror on this machine can be reached
            file, tag = f"deploy/{name}.Dockerfile", f"localhost/trackmania-rl/{name}:test"
            arguments = ["--network", "host", "-f", file, "-t", tag]
            given = [name for name in BUILD_ARGUMENTS if name in os.environ]
            arguments += [part for name in given for part in ("--build-arg", name)]
            run([ENGINE, "build", *arguments, "."], {"BUILDAH_FORMAT": "docker"})
    try:
        run([*command, "up", "-d", "--no-build", *SERVICES], settings)
        until("the race's start", lambda: ask("ENVIRONMENT", "/healthz"))
        until("the model's start", lambda: ask("MODEL", "/healthz"))
        path = "/run/trackmania-rl/token"
        yield run([*command, "exec", "-T", "trackmania-env", "cat", path], settings).strip()
    finally:
        run([*command, "down", "-v", "-t", "10"], settings)


def test_the_race_answers(token: str) -> None:
    assert ask("ENVIRONMENT", "/api/state")["race"]["track"] == "sprint"
    assert ask("ENVIRONMENT", "/readyz")["ok"]


def test_strangers_change_nothing(token: str) -> None:
    for service, path in (("ENVIRONMENT", "/api/reset"), ("MODEL", "/api/agents")):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(service, path, {})


def test_an_agent_of_the_model_learns_and_drives_in_the_environments_race(token: str) -> None:
    assert len(token) > 30
    assert ask("MODEL", "/api/agents", AGENT, token)["agent_id"] == "newcomer"

    def learned() -> Any:
        agent = next(one for one in ask("MODEL", "/api/agents") if one["agent_id"] == "newcomer")
        assert agent["state"] == "training", agent["health"]
        return agent["updates"] > 10 and agent["racing"]

    until("learning", learned)

    def driving() -> bool:
        lines = ask("ENVIRONMENT", "/api/state")["standings"]
        return any(line["agent_id"] == "newcomer" and line["progress"] > 0.0 for line in lines)

    until("driving", driving)


def test_the_page_loads(token: str) -> None:
    page = ask("VIEWER", "/")
    script = page.split('src="')[1].split('"')[0]
    assert len(ask("VIEWER", script)) > 10_000


def test_metrics_of_both_services_arrive(token: str) -> None:
    def arrived() -> bool:
        found = ask("METRICS", "/api/v1/query?query=up")["data"]["result"]
        return {one["metric"]["service"] for one in found if one["value"][1] == "1"} == {
            "environment",
            "model",
        }

    until("metrics", arrived)


def test_curves_of_the_agent_are_on_the_server_and_come_back(token: str) -> None:
    """After the agent has learned: what the model service answers is in the database, too."""
    curves = until("curves", lambda: ask("MODEL", "/api/runs/newcomer/metrics?points=3")["curves"])
    query = "/api/v1/query?query=count(trackmania_curve%7Brun=%22newcomer%22%7D)"
    until("curves on the server", lambda: ask("METRICS", query)["data"]["result"])
    assert {"speed/steps", "speed/updates"} <= {curve["key"] for curve in curves}
