"""The conformance suite: what is in order passes, and every broken promise is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from tests.environment.test_streams import a_service
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.environment.conformance import wire, worlds
from trackmania_rl.environment.conformance.check import check
from trackmania_rl.protocol.errors import InputError


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "STEPS", 30)
    monkeypatch.setattr(worlds, "END_STEPS", 250)
    monkeypatch.setattr(worlds, "END_SECONDS", 1.0)
    monkeypatch.setattr(wire, "ROUND_TRIPS", 20)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with a_service() as url:
        yield url


def failures(env: str, **options: Any) -> dict[str, str]:
    """The details of the checks that failed."""
    return {one.check: one.detail for one in check(env, **options) if one.result == "failed"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PettingZoo's and Box2D's own
@pytest.mark.parametrize(
    ("env", "worlds", "needs"),
    [
        ("TrackMania/Lidar-v0", 2, "warp"),
        ("gymnasium:Pendulum-v1", 2, "gymnasium"),
        ("gymnasium:CartPole-v1", 2, "gymnasium"),
        ("gymnasium:CarRacing-v3", 1, "Box2D"),
        ("gymnasium:InvertedPendulum-v5", 2, "mujoco"),
        ("pettingzoo:trackmania_rl.environment.parallel", 8, "pettingzoo"),
        ("pettingzoo:sisl.multiwalker_v9", 3, "Box2D"),
        ("trackmania_rl.environment.simulator.environment:TrackVectorEnv", 2, "warp"),
    ],
)
def test_every_kind_of_environment_passes(env: str, worlds: int, needs: str) -> None:
    pytest.importorskip(needs)
    assert failures(env, worlds=worlds) == {}


@pytest.mark.parametrize("env", ["", "#TrackMania/Lidar-v0", "#gymnasium:Pendulum-v1"])
def test_a_service_passes(url: str, env: str) -> None:
    findings = list(check(url + env))
    assert [one for one in findings if one.result == "failed"] == []
    assert {"handshake", "sequence numbers", "bad frames", "bad requests", "latency"} <= {
        one.check for one in findings
    }


class Broken(gymnasium.Env[Any, Any]):
    """An environment with a fault of choice."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        if fault == "unbounded":
            self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        if self.fault == "optionless" and options is not None:
            raise TypeError("reset takes no options")
        self.left = 10
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.left -= 1
        observation = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        if self.fault == "outside":
            observation[1] = 1.5
        if self.fault == "nan":
            observation[0] = np.nan
        if self.fault == "random":
            observation = np.random.default_rng().uniform(-1, 1, 2).astype(np.float32)
        if self.fault == "greedy":
            action[:] = 0.0
        return observation, 1.0, self.left == 0, False, {}


class Aliased(gymnasium.vector.SyncVectorEnv):
    """A batch that hands out its own arrays, and begins new episodes a step late."""

    def __init__(self, num_envs: int) -> None:
        super().__init__([Broken] * num_envs, copy=False)


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        ("outside", "steps", "1.5"),
        ("nan", "steps", "NaN"),
        ("random", "determinism", "differ by up to"),
        ("unbounded", "spaces", "no bounds"),
        ("optionless", "reset", "takes no options"),
        ("greedy", "no aliasing", "written to"),
    ],
)
def test_a_fault_is_found(fault: str, check: str, words: str) -> None:
    assert failures(f"{__name__}:Broken") == {}
    found = failures(f"{__name__}:Broken", options={"fault": fault})
    assert words in found[check]


def test_aliased_arrays_and_late_resets_are_found() -> None:
    found = failures(f"{__name__}:Aliased")
    assert "NEXT_STEP" in found["autoreset"]
    assert "changed after they were handed out" in found["no aliasing"]
    assert "final_obs" in found["final observations"]


def test_what_cannot_be_made_is_no_finding() -> None:
    with pytest.raises(InputError, match=r"no module nothing\.at_all"):
        list(check("pettingzoo:nothing.at_all"))
    with pytest.raises(InputError, match="no environment service answers"):
        list(check("http://127.0.0.1:9"))
    with pytest.raises(InputError, match="a multiple of 4"):
        list(check("pettingzoo:trackmania_rl.environment.parallel", worlds=3))


def test_the_command_reports_and_fails() -> None:
    good = CliRunner().invoke(app, ["environment", "check", "gymnasium:Pendulum-v1", "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["passed"] is True
    command = ["environment", "check", f"{__name__}:Broken", "--option", "fault=nan", "--json"]
    bad = CliRunner().invoke(app, command)
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert report["passed"] is False
    assert "failed" in {one["result"] for one in report["checks"]}
