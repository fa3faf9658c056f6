"""Races of policies against one another, and what they are rated."""

import json
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.agents.tournament import Outcome, Standing, competitor, entries, rated
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.runs import CHAMPIONS
from trackmania_rl.model.server import model_app
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.protocol.errors import InputError

CHAMPION = CHAMPIONS / "any.pt"


def beginner(run: str, **changes: Any) -> Path:
    """A policy that has learned nothing."""
    settings = {
        "env": "TrackMania/Horizon-v0",
        "track": "sprint",
        "worlds": 4,
        "compile": False,
        "hidden": [16],
    }
    learner = Learner(LearnerConfig.of({**settings, "run": run, **changes}))
    path = learner.folder / checkpoints.FOLDER / checkpoints.BEST
    learner.checkpoint().slim().save(path)
    learner.close()
    return path


def test_the_champion_beats_beginners(data: Path) -> None:
    """Three on one grid, with contact: who drives to the finish wins and is rated highest."""
    first = beginner("a")
    beginner("b", seed=1)
    called = [
        "tournament",
        str(first),
        "b:best",
        str(CHAMPION),
        "--track",
        "sprint",
        "--races",
        "2",
        "--json",
    ]
    result = CliRunner().invoke(app, called, catch_exceptions=False)
    report = json.loads(result.stdout)
    table = report["standings"]
    assert table[0]["name"] == str(CHAMPION)
    assert (table[0]["races"], table[0]["wins"], table[0]["finishes"]) == (2, 2, 2)
    assert all(10.0 < time < 30.0 for time in table[0]["lap_times"])
    assert {one["name"] for one in table[1:]} == {str(first), "b:best"}
    assert table[0]["rating"] > 25.0 > max(one["rating"] for one in table[1:])


def test_the_service_rates_its_agents(data: Path) -> None:
    """Agents race one another as they are now, or checkpoints do; the table can be asked for afterwards."""
    beginner("b")
    drives = {"track": "sprint", "learn": False, "race": False}
    with TestClient(model_app(Agents())) as client:
        assert client.get("/api/ratings").status_code == 404
        for id, checkpoint in (("good", "champion"), ("new", "b:best")):
            answer = client.post("/api/agents", json={"agent_id": id, "checkpoint": checkpoint, **drives})
            assert answer.status_code == 201
        asked = {"track": "sprint", "races": 1}
        table = client.post("/api/tournament", json=asked).json()
        assert [one["name"] for one in table["standings"]] == ["good", "new"]
        assert table["standings"][0]["lap_time_best"] > 10.0
        assert client.get("/api/ratings").json() == table
        for wrong, word in (
            ({"checkpoints": ["champion"]}, "policies: 1"),
            ({"races": 21}, "at most 20"),
            ({"track": "../sprint"}, "expected the id of a track"),
            ({"track": "nowhere"}, "nowhere"),
        ):
            refused = client.post("/api/tournament", json={**asked, **wrong})
            assert 400 <= refused.status_code < 500
            assert word in refused.json()["detail"]


def test_ratings_follow_who_beat_whom() -> None:
    """A time beats none, a longer way a shorter one, and equals stay equal."""
    table = {name: Standing(name) for name in "abcd"}
    race = {
        "a": Outcome(None, 0.5),
        "b": Outcome(20.0, 1.0),
        "c": Outcome(21.0, 1.0),
        "d": Outcome(None, 0.5),
    }
    after = rated(table, race)
    assert after["b"].rating > after["c"].rating > after["a"].rating
    assert after["a"].rating == pytest.approx(after["d"].rating)
    assert (after["b"].wins, after["b"].finishes, after["b"].lap_times) == (1, 1, [20.0])
    assert after["c"].wins == 0
    for _ in range(30):
        after = rated(after, race)
    assert after["b"].uncertainty < 0.8 * table["b"].uncertainty
    assert after["b"].races == 31


def test_who_observes_something_else_does_not_race() -> None:
    champion = checkpoints.load(CHAMPION)
    lidar = checkpoints.load(beginner("lidar", env="TrackMania/Lidar-v0"))
    with pytest.raises(InputError, match="stranger observes TrackMania/Lidar-v0"):
        entries({"champion": competitor(champion), "stranger": competitor(lidar)})
    with pytest.raises(InputError, match="policies: 1, expected 2 to 64"):
        entries({"champion": competitor(champion)})
