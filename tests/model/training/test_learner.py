"""Training end to end on toy and foreign environments: learning, evaluation, checkpoints, resumption."""

import dataclasses
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.runs.metrics import read_curves
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.evaluation import StoppedError
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import Progress, run, train
from trackmania_rl.protocol.errors import InputError

SMALL: dict[str, Any] = {
    "env": "points:make",
    "run": "toy",
    "worlds": 8,
    "hidden": [32, 32],
    "batch": 64,
    "n_step": 3,
    "warmup_steps": 200,
    "buffer": 20_000,
    "compile": False,
    "precision": "float32",
    "evaluate_every": 1e9,
    "checkpoint_every": 1e9,
}


def config(**changes: Any) -> LearnerConfig:
    return LearnerConfig.of({**SMALL, **changes})


def test_learns_to_move_a_point(data: Path) -> None:
    """A few thousand steps from scratch take the frozen policy from chance to nearly perfect."""
    progress = train(config(steps=6000, learning_rate=3e-3))
    learner = Learner(config(run="untrained"))
    untrained = learner.evaluate()
    learner.close()
    assert progress.best is not None
    assert untrained.return_mean < -10.0
    assert progress.best.return_mean > -3.5
    saved = checkpoints.load(data / "runs/toy/checkpoints/best.pt")
    assert saved.result == progress.best
    curve = read_curves(data / "runs/toy", ["evaluation/return"])[0]
    assert curve.value[-1] == pytest.approx(progress.best.return_mean)


def test_an_evaluation_can_be_stopped_at_any_step(data: Path) -> None:
    learner, answers = Learner(config()), iter([False, False, True])
    with pytest.raises(StoppedError):
        learner.evaluate(should_stop=lambda: next(answers))
    assert learner.best is None and learner.evaluate().episodes > 0
    learner.close()


def test_slow_evaluations_leave_most_of_the_time_to_learning(data: Path) -> None:
    class Slow(Learner):
        """Its evaluations take a quarter of a second more than others'."""

        evaluations = 0

        def evaluate(self, should_stop: Callable[[], bool] = lambda: False) -> Result:
            self.evaluations += 1
            time.sleep(0.25)
            return super().evaluate(should_stop)

    learner = Slow(config(seconds=2.0, evaluate_every=0.01))
    run(learner)
    assert 1 < learner.evaluations <= 4  # one for each second, and the last one; without a limit seven


def test_a_checkpoint_drives_as_the_learner_does() -> None:
    """The NumPy policy from the file gives the actions of the torch networks' average."""
    learner = Learner(config())
    for _ in range(60):
        learner.advance()
    policy = checkpoints.load(learner.save()).policy()
    observation = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    with torch.no_grad():
        learner.sac.state.actor.copy_(learner.sac.state.average)
        expected = learner.sac.act(learner.normaliser(torch.from_numpy(observation)), deterministic=True)
    np.testing.assert_allclose(policy.act(observation), expected.numpy() * 0.5, atol=1e-5)
    learner.close()


def test_a_resumed_run_has_everything_back(data: Path) -> None:
    """Networks, moments, buffer, generators and counters are the same, and so is what follows."""
    first = Learner(config())
    for _ in range(80):
        first.advance()
    first.save()
    second = Learner(config(seed=7), resume=True)
    assert (second.steps, second.updates, second.episodes) == (first.steps, first.updates, first.episodes)
    assert len(second.buffer) == len(first.buffer)
    first.buffer.cut()  # a resumed run knows that its worlds began anew
    for learner in (first, second):
        for _ in range(3):
            batch = learner.buffer.sample(64, learner.normaliser.mean, learner.normaliser.scale)
            learner.sac.update(batch)
    for name, tensor in first.sac.state._asdict().items():
        assert torch.equal(tensor, getattr(second.sac.state, name)), name
    first.close()
    second.close()


def _train_for_ever(folder: str) -> None:
    os.environ["TRACKMANIA_RL_DATA"] = folder
    torch.set_num_threads(1)
    train(config(checkpoint_every=0.2, report_every=0.1))


def test_a_killed_run_goes_on_from_its_last_checkpoint(data: Path) -> None:
    """After kill -9 the run resumes with the steps and curves of its last whole checkpoint."""
    process = multiprocessing.get_context("spawn").Process(target=_train_for_ever, args=(str(data),))
    process.start()
    saved = data / "runs/toy" / checkpoints.LEARNER
    deadline = time.monotonic() + 240.0
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.7)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    steps = checkpoints.load(saved).steps
    assert steps > 0
    progress = train(config(steps=steps + 400), resume=True)
    assert steps + 400 <= progress.steps < steps + 500
    curve = read_curves(data / "runs/toy", ["speed/steps"], points=5000)[0]
    assert curve.step == sorted(curve.step)


def test_a_second_run_begins_with_anothers_networks(data: Path) -> None:
    train(config(steps=600))
    best = checkpoints.load(data / "runs/toy/checkpoints/best.pt")
    learner = Learner(config(run="second"), checkpoint=best)
    assert torch.equal(learner.sac.state.actor, best.sac["actor"])
    assert learner.steps == 0
    learner.close()
    with pytest.raises(InputError, match="does not fit"):
        Learner(config(run="third", hidden=[16, 16]), checkpoint=best)


def test_foreign_environments_train() -> None:
    """Gymnasium's Pendulum: actions reach its bounds of ±2, truncated episodes are counted."""
    seen: list[Progress] = []
    progress = train(
        config(env="gymnasium:Pendulum-v1", steps=2000, report_every=0.05), lambda p, _: seen.append(p)
    )
    assert progress.episodes == 8
    assert progress.evaluation is not None and progress.evaluation.finish_rate is None
    assert progress.updates == 226  # of 250 steps, all but the 24 before the warm-up is over
    assert progress.steps_per_second == pytest.approx(progress.steps / progress.seconds)  # of the whole run
    speeds = {name: getattr(seen[-1], name) for name in ("steps_per_second", "updates_per_second")}
    assert seen[-1] == dataclasses.replace(progress, **speeds)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"env": "points:make_images"}, "images"),
        ({"env": "points:make_panels"}, "MultiDiscrete"),
        ({"env": "nothing:make"}, "nothing"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"gamma": 1.5}, "gamma"),
        ({"batch": 0}, "batch"),
        ({"precision": "float8"}, "float8"),
        ({"device": "tpu"}, "tpu"),
        ({"n_step": "eight"}, "n_step"),
        ({"learnin_rate": 0.1}, "learnin_rate"),
    ],
)
def test_wrong_settings_are_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Learner(config(**changes))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 broken zip"])
def test_foreign_files_are_no_checkpoints(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"foreign\.pt is no checkpoint"):
        checkpoints.load(path)


def test_code_in_a_checkpoint_is_not_executed(tmp_path: Path) -> None:
    """A file that would run a command when unpickled is refused, and the command did not run."""
    mark = tmp_path / "executed"

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, (f"touch {mark}",)

    torch.save({"format": checkpoints.FORMAT, "sac": Bomb()}, tmp_path / "bomb.pt")
    with pytest.raises(InputError, match="is no checkpoint"):
        checkpoints.load(tmp_path / "bomb.pt")
    assert not mark.exists()


def test_settings_survive_the_checkpoint(data: Path) -> None:
    """A checkpoint's settings make the same configuration again."""
    train(config(steps=300))
    saved = checkpoints.load(data / "runs/toy" / checkpoints.LEARNER)
    assert LearnerConfig.of(saved.config) == dataclasses.replace(config(steps=300))
