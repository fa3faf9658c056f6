"""Recorded drives as experience: what was observed, done and rewarded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.environment.demonstration import demonstrate
from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.replay.drive import Drive
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.protocol.dataset import Dataset
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS

RECORDED = Path("../shared/data/drives/tmrl-train_author_01.csv")
MAP = Path("../shared/data/maps/tmrl-train.Map.Gbx")


@pytest.mark.parametrize(
    ("layout", "lidar"), [("lidar", "metric"), ("lidar", "screen"), ("horizon", "metric")]
)
def test_a_drive_of_the_simulator_gives_what_its_agent_saw(layout: str, lidar: str) -> None:
    """Poses and inputs alone bring back observations, actions and rewards of the drive that made them."""
    world = TrackVectorEnv(track="sprint", observation=layout, lidar=lidar, threads=1)
    observation, _ = world.reset(seed=0)
    observations, actions, rewards, rows = [observation[0]], [], [], [_row(world)]
    for _ in range(120):
        action = pursuit(world.simulator).astype(np.float32)
        observation, reward, *_ = world.step(action)
        observations.append(observation[0])
        actions.append(action[0])
        rewards.append(reward[0])
        rows.append(_row(world))
    drive = Drive("own", 0.05 * np.arange(121), np.stack(rows), None, {})
    episode = demonstrate(drive, world)
    known = slice(2, 118)  # the very last inputs were never felt
    np.testing.assert_allclose(episode.actions[:119], np.maximum(actions[:119], [0, 0, -1]), atol=1e-6)
    np.testing.assert_allclose(episode.rewards, rewards, atol=1e-3)
    error = np.abs(episode.observations[known] - np.stack(observations)[known])
    spread = np.std(observations, axis=0) + 1e-2
    assert np.median(error / spread) < 1e-3
    if layout == "lidar":
        assert np.quantile(error[:, 1:77] / spread[1:77], 0.95) < 0.02
        np.testing.assert_allclose(episode.observations[known, 0], np.stack(observations)[known, 0], atol=0.3)
    else:
        assert np.quantile(error[:, 23:], 0.95) < 0.01
        assert np.quantile(error[:, :8], 0.9) < 0.05  # the rates are differences of attitudes
    assert (episode.terminated, episode.cut) == (False, "end")


def _row(world: TrackVectorEnv) -> np.ndarray:
    """A pose with the input that was held, as the game records it."""
    row = world.simulator.poses()[0]
    row[POSE_FIELDS.index("steer")] = world.simulator.fields()[Field.WHEEL, 0]
    return row


def export(*arguments: str) -> dict[str, float]:
    command = ["export", "demonstration", *arguments, "--json"]
    answer: dict[str, float] = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)
    return answer


@pytest.mark.skipif(not RECORDED.exists(), reason=f"needs {RECORDED}, which may not be passed on")
def test_a_humans_lap_becomes_an_episode(tmp_path: Path) -> None:
    """The whole lap, ended by the finish; its return is the track's length and the finish."""
    out = tmp_path / "human"
    report = export(str(RECORDED), "--track", str(MAP), "--out", str(out))
    assert report["finished"] == 1
    assert report["steps"] == pytest.approx(61.124 / 0.05, abs=2)
    world = TrackVectorEnv(track=MAP, observation="horizon", threads=1)
    assert report["return_mean"] == pytest.approx(0.1 * world.track.length + 10.0, rel=0.01)
    (episode,) = Dataset(out).episodes(world.single_observation_space, world.single_action_space)
    assert episode.terminated
    assert episode.actions[:, 0].mean() > 0.5
    # An observation tells the actions of the two steps before it.
    np.testing.assert_array_equal(episode.observations[1:, 20:23], episode.actions)


def test_what_cannot_be_a_demonstration_is_refused(tmp_path: Path) -> None:
    """A missing drive and pictures; no folder is left behind."""
    out = tmp_path / "none"
    for arguments, words in (
        ((str(tmp_path / "no.csv"), "--track", "sprint"), "cannot read"),
        ((str(tmp_path / "no.csv"), "--track", "sprint", "--env", "TrackMania/Camera-v0"), "expected one of"),
    ):
        with pytest.raises(InputError, match=words):
            export(*arguments, "--out", str(out))
    assert list(tmp_path.glob("none*")) == []
