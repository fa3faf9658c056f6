"""Datasets: a run's experience goes out in Minari's layout and comes in again as it was."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.model.experience.datasets import transitions
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.protocol.dataset import Dataset, DatasetWriter, Episode
from trackmania_rl.protocol.errors import InputError

h5py = pytest.importorskip("h5py")


def learner(**more: Any) -> Learner:
    """A learner on the pendulum that does not learn."""
    settings: dict[str, Any] = {
        "env": "gymnasium:Pendulum-v1",
        "worlds": 3,
        "compile": False,
        "warmup_steps": 10**9,
        "n_step": 2,
        "device": "cpu",
    }
    datasets = more.pop("datasets", ())
    return Learner(LearnerConfig(**{**settings, **more}), datasets=datasets)


@pytest.fixture
def run() -> Learner:
    """250 steps in each of three worlds, so that each has an episode of 200 and a piece of 50."""
    learner_ = learner(run="first")
    for _ in range(250):
        learner_.advance()
    learner_.save()
    learner_.close()
    return learner_


def export(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["export", "dataset", *arguments, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def test_a_runs_experience_goes_out_and_in(run: Learner, tmp_path: Path) -> None:
    """Episodes are whole, in the environment's units; read again they fill a buffer with the same rows."""
    out = tmp_path / "pendulum"
    assert export("first", "--out", str(out)) == {"folder": str(out), "episodes": 6, "steps": 750}
    with h5py.File(out / "data" / "main_data.hdf5") as file:
        whole, piece = file["episode_0"], file["episode_1"]
        assert whole["observations"].shape == (201, 3)
        assert whole["truncations"][-1] and not whole["terminations"][-1]
        assert (whole.attrs["cut"], piece.attrs["cut"]) == ("", "end")
        assert np.abs(whole["actions"]).max() > 1.5  # torque of -2..2
        # The pendulum's velocity follows from what is in the file: the rows belong together.
        _, sine, speed = whole["observations"][:].T
        expected = speed[:-1] + (15.0 * sine[:-1] + 3.0 * whole["actions"][:, 0]) * 0.05
        np.testing.assert_allclose(speed[1:], np.clip(expected, -8, 8), atol=1e-4)
    other = learner(run="second", datasets=[out])
    assert other.buffer.filled == 250
    np.testing.assert_allclose(other.buffer.ring.rows[:250], run.buffer.ring.rows[:250], atol=1e-6)
    torch.testing.assert_close(other.buffer.ring.reward[:250], run.buffer.ring.reward[:250])
    torch.testing.assert_close(other.normaliser.mean, run.normaliser.mean, rtol=0.01, atol=0.01)
    assert other.buffer.ring.ended[249].all()
    other.advance()
    assert other.buffer.filled == 251
    other.close()


def test_a_wrapped_buffer_tells_what_is_missing(tmp_path: Path) -> None:
    """Its first pieces lack their beginnings, and the oldest step comes first."""
    small = learner(run="small", buffer=3 * 120)
    for _ in range(250):
        small.advance()
    small.save()
    small.close()
    export("small", "--out", str(tmp_path / "d"))
    dataset = Dataset(tmp_path / "d")
    space, torque = Box(-np.inf, np.inf, (3,)), Box(-2, 2, (1,))
    first, second, *_ = dataset.episodes(space, torque)
    assert [(len(e), e.cut) for e in (first, second)] == [(70, "start"), (50, "end")]


def dataset(folder: Path, **change: Any) -> Path:
    """A dataset of two episodes of a pendulum, one part of the second changed."""
    space, torque = Box(-np.inf, np.inf, (3,)), Box(-2, 2, (1,))
    about = {"env": change.pop("env", "gymnasium:Pendulum-v1")}
    with DatasetWriter(folder, space, torque, about) as writer:
        for parts in ({}, change):
            fields: dict[str, Any] = {
                "observations": np.zeros((5, 3), np.float32),
                "actions": np.zeros((4, 1), np.float32),
                "rewards": np.ones(4, np.float32),
                "terminated": True,
            }
            writer.add(Episode(**{**fields, **parts}))
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rewards": np.array([0, 1, np.nan, 0], np.float32)}, "wrong, episode_1: rewards of step 2"),
        ({"observations": np.full((5, 3), np.inf, np.float32)}, "episode_1: observations of step 0"),
        (
            {"observations": np.zeros((5, 4), np.float32)},
            r"episode_1: observations have shape \(5, 4\), expected \(5, 3\)",
        ),
        ({"observations": np.zeros((4, 3), np.float32)}, r"shape \(4, 3\), expected \(5, 3\)"),
        ({"env": "TrackMania/Lidar-v0"}, "was made in TrackMania/Lidar-v0, expected gymnasium:Pendulum"),
        ({"actions": np.full((4, 1), 3, np.float32)}, "actions reach from 3 to 3"),
    ],
)
def test_a_wrong_dataset_is_refused_and_no_run_begins(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    """The reason names the episode; the run's folder is not made."""
    with pytest.raises(InputError, match=words) as refused:
        learner(run="never", datasets=[dataset(tmp_path / "wrong", **change)])
    assert "damaged" not in str(refused.value)
    assert not (tmp_path / "runs" / "never").exists()


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    """Missing, damaged and empty files; a folder that exists is not written over."""
    space, torque = Box(-np.inf, np.inf, (3,)), Box(-2, 2, (1,))
    damaged = tmp_path / "damaged.hdf5"
    damaged.write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 100)
    for path, words in ((tmp_path / "none", "does not exist"), (damaged, "damaged")):
        with pytest.raises(InputError, match=words):
            Dataset(path)
    with pytest.raises(InputError, match="exists, expected a new folder"):
        DatasetWriter(tmp_path, space, torque, {})
    with pytest.raises(ZeroDivisionError), DatasetWriter(tmp_path / "half", space, torque, {}):
        _ = 1 / 0
    assert [path.name for path in tmp_path.glob("half*")] == []


def test_a_small_buffer_keeps_the_newest(tmp_path: Path) -> None:
    """Of more steps than are asked for the last ones stay, with the ends of their episodes."""
    path = dataset(tmp_path / "d", rewards=np.array([5, 6, 7, 8], np.float32))
    known = transitions([path], Box(-np.inf, np.inf, (3,)), Box(-2, 2, (1,)), 5, "gymnasium:Pendulum-v1")
    assert known.reward.tolist() == [1, 5, 6, 7, 8]
    assert known.ended.tolist() == [True, False, False, False, True]


def test_minari_opens_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minari's own reader gives the episodes."""
    minari = pytest.importorskip("minari")
    dataset(tmp_path / "ours", rewards=np.array([5, 6, 7, 8], np.float32))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    loaded = minari.load_dataset("ours")
    assert (loaded.total_episodes, loaded.total_steps) == (2, 8)
    assert loaded[1].rewards.tolist() == [5, 6, 7, 8]
    assert loaded[1].observations.shape == (5, 3)
