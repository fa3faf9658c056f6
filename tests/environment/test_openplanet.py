"""The OpenPlanet socket: what TMRL's client reads of a race, and TMRL's clock around it."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.environment.conformance import worlds
from trackmania_rl.environment.conformance.check import check
from trackmania_rl.environment.openplanet import NOBODY, telemetry
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.loop import train
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd
from trackmania_rl.protocol.openplanet import TelemetryClient
from trackmania_rl.protocol.service import running

pytestmark = pytest.mark.filterwarnings("ignore:Time-step timed out")  # rtgym's, on a busy machine


def a_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def a_race() -> Race:
    return Race("main", library.load("sprint"), Rules(countdown=0.1, stuck_seconds=60.0))


def test_the_packet_is_the_car() -> None:
    race = a_race()
    assert telemetry(race) == NOBODY
    entrant = race.add(AgentAdd(agent_id="a"))
    for _ in range(200):
        entrant.send(np.array([1.0, -1.0, 0.25], np.float32))
        race.tick()
    packet = struct.unpack("<11f", telemetry(race).pack())
    sensed = race.sensed(entrant).observation
    assert packet[0] == pytest.approx(sensed.speed, abs=0.01) and packet[0] > 5.0
    assert packet[2:5] == pytest.approx((sensed.position.x, sensed.position.y, sensed.position.z), abs=0.01)
    assert packet[5] == pytest.approx(0.25, abs=0.02) and packet[6] == 1.0 and packet[7:9] == (0.0, 0.0)
    assert packet[9] >= 1.0 and 1000.0 < packet[10] <= 11_000.0


def test_tmrls_clock_drives_a_race_of_ours() -> None:
    pytest.importorskip("rtgym")
    port = a_port()
    with running(environment_app([a_race()], tmrl_port=port), port=0) as url:
        envs = make_vector_env(f"tmrl:{url}", 1, port=port)
        assert envs.single_observation_space.shape == (83,)
        observations, _ = envs.reset()
        scans = observations[0, 1:77].reshape(4, 19)
        np.testing.assert_array_equal(scans, np.tile(scans[0], (4, 1)))
        np.testing.assert_array_equal(observations[0, 77:], 0.0)
        began = time.monotonic()
        actions = [np.array([[1.0, -1.0, 0.01 * k]], np.float32) for k in range(30)]
        for action in actions:
            observations, *_ = envs.step(action)
        assert time.monotonic() - began > 1.2  # real time: 30 steps of 50 ms
        np.testing.assert_array_equal(observations[0, 77:], np.concatenate([actions[-2][0], actions[-1][0]]))
        assert observations[0, 0] > 3.0
        envs.close()
        again = make_vector_env(f"tmrl:{url}", 1, port=port)  # the car is free again
        again.reset()
        again.close()
    with pytest.raises(InputError, match="expected 1"):
        make_vector_env(f"tmrl:{url}", 2)


def test_a_learner_trains_and_is_evaluated_on_the_one_car(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training waits for the evaluation, and goes on."""
    pytest.importorskip("rtgym")
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    port = a_port()
    race = Race("main", library.load("sprint"), Rules(countdown=0.1, pause=0.1, time_limit=2.0))
    with running(environment_app([race], tmrl_port=port), port=0) as url:
        config = LearnerConfig.of(
            {"warmup_steps": 10, "batch": 8, "hidden": [8], "compile": False, "evaluate_every": 1.0},
            env=f"tmrl:{url}", env_options={"port": port}, worlds=1, steps=40, run="game",
        )  # fmt: skip
        evaluated = []
        progress = train(config, lambda now, _: evaluated.append(now.evaluation))
    assert progress.steps == 40 and progress.updates > 20
    assert evaluated[0] is not None and evaluated[0].episodes == 1
    assert "one car" in progress.notes[0]


def test_a_race_in_the_games_place_keeps_its_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rtgym")
    monkeypatch.setattr(worlds, "STEPS", 20)
    monkeypatch.setattr(worlds, "END_STEPS", 100)
    port = a_port()
    race = Race("main", library.load("sprint"), Rules(countdown=0.1, pause=0.1, time_limit=2.0))
    with running(environment_app([race], tmrl_port=port), port=0) as url:
        found = {one.check: one for one in check(f"tmrl:{url}", options={"port": port})}
    assert [one for one in found.values() if one.result == "failed"] == []
    assert found["final observations"].result == "passed"


def test_without_the_game_the_cure_is_named() -> None:
    with pytest.raises(InputError, match="--tmrl-port"):
        TelemetryClient(port=a_port())
