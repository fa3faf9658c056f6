"""A run's policies of increasing age race one another in the environment service."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.server import model_app
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.protocol.client import ServiceClient
from trackmania_rl.protocol.messages import Race as RaceAnswer
from trackmania_rl.protocol.service import running


def run_of_ages(run: str, steps: list[int], **changes: Any) -> None:
    """A run on the sprint that kept its policy at these steps."""
    settings = {
        "env": "TrackMania/Horizon-v0",
        "track": "sprint",
        "worlds": 4,
        "compile": False,
        "hidden": [16],
    }
    learner = Learner(LearnerConfig.of({**settings, "run": run, **changes}))
    for age in steps:
        checkpoints.keep_age(dataclasses.replace(learner.checkpoint(), steps=age), learner.folder)
    learner.close()


@pytest.fixture
def environment() -> Iterator[str]:
    """A service with a race on another track."""
    race = Race("main", library.load("oval"), Rules(countdown=0.2))
    with running(environment_app([race])) as url:
        yield url


def test_a_runs_ages_race_on_its_track_and_leave_again(data: Path, environment: str) -> None:
    run_of_ages("demo", [0, 1_000, 25_000, 50_000, 1_200_000])
    service = ServiceClient(environment)

    def race() -> RaceAnswer:
        return service.get("/api/races", list[RaceAnswer])[0]

    with TestClient(model_app(Agents(environment=environment))) as client:
        begun = client.post("/api/runs/demo/race", json={"cars": 4}).json()
        assert begun["track"] == "sprint"
        assert [car["name"] for car in begun["cars"]] == ["0 steps", "1k steps", "50k steps", "1.2M steps"]
        assert [car["policy"] for car in begun["cars"]][-1] == "demo:age-000001200000"
        assert len({car["colour"] for car in begun["cars"]}) == 4
        deadline = time.monotonic() + 20.0
        while race().time < 0.5:
            assert time.monotonic() < deadline, "the heat never began"
            time.sleep(0.05)
        again = client.post("/api/runs/demo/race", json={"cars": 2}).json()
        assert [car["name"] for car in again["cars"]] == ["0 steps", "1.2M steps"]
        assert client.delete("/api/runs/demo/race").status_code == 204
        assert (race().track, race().cars) == ("oval", [])
        client.post("/api/runs/demo/race", json={})
    assert (race().track, race().cars) == ("oval", []), "they leave when the model service stops"
    service.close()


def test_a_race_that_cannot_be_is_refused_in_words(data: Path, environment: str) -> None:
    run_of_ages("young", [1_000])
    run_of_ages("other", [1_000, 2_000], env_options={"beams": 9})
    refused = [("young", "has kept 1 ages"), ("other", "observes with"), ("nobody", "does not exist")]
    with TestClient(model_app(Agents(environment=environment))) as client:
        for run, word in refused:
            answer = client.post(f"/api/runs/{run}/race", json={})
            assert 400 <= answer.status_code < 500
            assert word in answer.json()["detail"]
    run_of_ages("demo", [1_000, 2_000])
    with TestClient(model_app(Agents())) as client:
        answer = client.post("/api/runs/demo/race", json={})
        assert (answer.status_code, "without --environment" in answer.json()["detail"]) == (409, True)
