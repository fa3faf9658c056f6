"""Training that is killed at any moment goes on without a seam."""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trackmania_rl.model.experience.buffer import saved_file
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import Checkpoint
from trackmania_rl.model.runs.runs import RUN
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import train
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.mirror import restored

WORLDS = 4


def config(**changes: Any) -> LearnerConfig:
    settings = {
        "env": "points:make",
        "run": "toy",
        "worlds": WORLDS,
        "hidden": [16, 16],
        "batch": 32,
        "n_step": 3,
        "warmup_steps": 100,
        "buffer": 200_000,
        "compile": False,
        "precision": "float32",
        "device": "cpu",
        "evaluate_every": 1e9,
        "report_every": 0.02,
        "checkpoint_every": 0.02,
    }
    return LearnerConfig.of({**settings, **changes})


def _train_for_ever(folder: str, changes: dict[str, Any]) -> None:
    os.environ["TRACKMANIA_RL_DATA"] = folder
    torch.set_num_threads(1)
    train(config(**changes), resume=True)


def _check(saved: Checkpoint, folder: Path) -> None:
    """Counters, experience and curves of a checkpoint tell of the same steps."""
    assert saved.learner is not None
    state = saved.learner["buffer"]
    ring = saved_file(folder, state).ring
    steps = saved.steps // WORLDS
    assert state["filled"] == min(steps, 200_000 // WORLDS if not state["wrapped"] else state["filled"])
    order = torch.arange(state["last"] - state["filled"], state["last"]) % ring.places
    rows, ended = ring.rows[order], ring.ended[order]
    follows = rows[1:, :, :2] == rows[:-1, :, 3:]  # observation is what followed the step before
    assert (follows.all(dim=2) | ended[:-1]).all()
    whole = ended & (rows[:, :, 4] == 1.0)  # an episode of the toy ends at time 1
    if not state["wrapped"]:
        assert saved.learner["episodes"] == int(whole.sum())
    with sqlite3.connect(folder / "metrics.sqlite") as database:
        query = "SELECT step FROM scalars JOIN keys ON id = key_id WHERE name = 'speed/steps' ORDER BY step"
        told = [step for (step,) in database.execute(query)]
    assert len(told) == len(set(told))
    assert saved.steps in told


@pytest.mark.parametrize("changes", [{}, {"buffer": 600, "buffer_place": "file"}], ids=["memory", "file"])
def test_killed_at_any_moment(changes: dict[str, Any], data: Path) -> None:
    """Kills, most of them while something is written: what is on disk is always one moment's."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["trackmania_rl.model.training.learner"])
    folder = data / "runs/toy"
    random = np.random.default_rng(0)
    before = 0
    for _ in range(3):
        process = context.Process(target=_train_for_ever, args=(str(data), changes))
        process.start()
        deadline = time.monotonic() + 120.0
        file = folder / checkpoints.LEARNER
        last = file.stat().st_mtime_ns if file.exists() else 0
        while time.monotonic() < deadline and not (file.exists() and file.stat().st_mtime_ns > last):
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.2))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        saved = checkpoints.load(file)
        assert saved.steps > before
        _check(saved, folder)
        before = saved.steps
    progress = train(config(**changes, steps=before + 40), resume=True)
    assert progress.steps == before + 40
    _check(checkpoints.load(folder / checkpoints.LEARNER), folder)
    assert [path.name for path in folder.glob("*.ring")] == [
        (checkpoints.load(folder / checkpoints.LEARNER).learner or {})["buffer"]["file"]
    ]


def test_two_resumptions_go_the_same_way() -> None:
    """From one checkpoint the worlds, noise, samples and updates are the same each time."""
    first = Learner(config())
    for _ in range(60):
        first.advance()
    first.save()
    first.close()
    states = []
    for _ in range(2):
        learner = Learner(config(), resume=True)
        for _ in range(20):
            learner.advance()
        states.append((learner._observation.copy(), learner.sac.state.actor.clone(), learner.updates))
        learner.close()
    np.testing.assert_array_equal(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])
    assert states[0][2] == states[1][2] > 0


def test_the_best_policy_is_never_replaced_by_a_lesser_one(data: Path) -> None:
    """The best evaluation after the last checkpoint is on disk: a resumed run has to beat that."""
    learner = Learner(config())
    learner.save()
    best = learner.evaluate()
    learner.close()
    resumed = Learner(config(), resume=True)
    assert resumed.best == best
    resumed.close()


def test_a_new_run_forgets_the_one_of_its_name(data: Path) -> None:
    """Killed before its first checkpoint it is not mistaken for the former run."""
    train(config(steps=400))
    about = data / "runs/toy" / RUN
    about.write_text(about.read_text().replace('"started": "2', '"started": "1'))  # a millennium ago
    learner = Learner(config())
    learner.close()
    assert json.loads(about.read_text())["started"].startswith("2")
    assert not (data / "runs/toy" / checkpoints.LEARNER).exists()
    assert not list((data / "runs/toy" / checkpoints.FOLDER).glob("*"))


def test_another_version_of_the_environment_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Physics that changed between two starts: the training goes on and says so."""
    import points

    monkeypatch.setattr(points.Point, "metadata", {"version": "1"})
    train(config(steps=200))
    monkeypatch.setattr(points.Point, "metadata", {"version": "2"})
    learner = Learner(config(), resume=True)
    learner.close()
    assert "was made with version 1 of points:make, this is version 2" in learner.notes[0]
    assert learner.notes[0] in caplog.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"env": "TrackMania/Lidar-v0"}, "was trained on TrackMania/Horizon-v0"),
        ({"env_options": {"lidar_range": 50.0}}, "with lidar_range=the default, not with lidar_range=50.0"),
    ],
)
def test_as_many_numbers_of_another_meaning_are_refused(changes: dict[str, Any], words: str) -> None:
    """Horizon and LIDAR both observe 83 numbers."""
    trackmania = {"env": "TrackMania/Horizon-v0", "track": "sprint", "run": "horizon"}
    learner = Learner(config(**trackmania))
    saved = learner.checkpoint()
    assert saved.env_version
    learner.close()
    with pytest.raises(InputError, match=words):
        Learner(config(**{**trackmania, "run": "other", **changes}), checkpoint=saved)


def test_a_run_whose_volume_was_lost_goes_on_from_its_mirror(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With its networks and counters; its experience is not mirrored, so it collects new."""
    pytest.importorskip("fsspec")
    store, folder = f"file://{tmp_path_factory.mktemp('store')}", data / "runs/toy"
    with restored(store, folder):
        before = train(config(steps=400, checkpoint_every=1e9, evaluation_episodes=1))
    folder.rename(data / "lost")
    with restored(store, folder):
        learner = Learner(config(), resume=True)
    assert (learner.steps, learner.updates) == (before.steps, before.updates)
    assert len(learner.buffer) == 0 and "collects new" in learner.notes[0]
    for _ in range(20):
        learner.advance()
    assert learner.updates > before.updates
    learner.close()


@pytest.fixture
def small(data: Path) -> Iterator[Path]:
    """The data volume has 2 MB; yields where a file that fills it may lie."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a volume that is small")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(data)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no volume can be mounted: {mounted.stderr.decode().strip()}")
    yield data / "ballast"
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def test_a_full_volume_ends_a_training_in_a_sentence_and_loses_no_checkpoint(data: Path, small: Path) -> None:
    train(config(steps=400, checkpoint_every=1e9, evaluation_episodes=1))
    small.write_bytes(bytes(shutil.disk_usage(data).free - 60_000))
    with pytest.raises(InputError, match="has no room left: the run is kept"):
        train(config(steps=40_000, evaluation_episodes=1), resume=True)
    kept = checkpoints.load(data / "runs/toy/learner.pt")
    assert kept.steps >= 400 and kept.learner is not None
    assert not list(data.rglob("*.part"))
    small.unlink()
    _check(kept, data / "runs/toy")
    assert train(config(steps=kept.steps + 400, evaluation_episodes=1), resume=True).steps > kept.steps
