"""Training: a learner advances; evaluations, checkpoints and reports come on a schedule."""

from __future__ import annotations

import dataclasses
import errno
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trackmania_rl.model.runs.checkpoint import Checkpoint, Result
from trackmania_rl.model.runs.loggers import Logger
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.evaluation import StoppedError
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.protocol.errors import InputError

EVALUATION_SHARE, REAL_TIME_SHARE = 0.25, 0.1
"""Most of a training's time that evaluations take where an environment is slow, and where its one car is
evaluated instead of trained (guesses)."""
LAST_EVALUATION = 10.0
"""Longest evaluation of a training that was told to stop [s] (guess)."""


@dataclass(frozen=True)
class Progress:
    """How far a training is. Figures of training are means over the last 100 episodes.

    Speeds are those since the last report; at the end those of the whole run.
    """

    steps: int
    updates: int
    episodes: int
    seconds: float
    steps_per_second: float
    updates_per_second: float
    values: dict[str, float]
    """The newest point of every curve (docs/sac.md says what each is)."""
    evaluation: Result | None
    best: Result | None
    notes: list[str] = field(default_factory=list)
    """What people should know of this training, in sentences."""


def train(
    config: LearnerConfig,
    on_progress: Callable[[Progress, Learner], None] | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
    checkpoint: Checkpoint | None = None,
    datasets: Sequence[Path] = (),
    loggers: Sequence[Logger] = (),
) -> Progress:
    """Train until `config.seconds` or `config.steps` are over or `should_stop` says so.

    The time of a run counts on over its resumptions. It is evaluated a last time and saved at the end; where
    it was told to stop, that evaluation has LAST_EVALUATION seconds.

    Args:
        config: All settings.
        on_progress: Called about once a second with how far it is, and the learner; it may take its time,
            which does not count as training.
        should_stop: Asked before every step, those of evaluations too.
        resume: Go on from the run's last checkpoint.
        checkpoint: Begin with these networks.
        datasets: Begin with this experience in the buffer.
        loggers: Get every point of the curves too.

    Returns:
        How far it came. The best policy is in the run's folder as checkpoints/best.pt.

    Raises:
        InputError: Something does not fit, or the volume has no room left; the last checkpoint is whole then.
    """
    learner = Learner(config, resume=resume, checkpoint=checkpoint, datasets=datasets)
    return run(learner, on_progress, should_stop=should_stop, loggers=loggers)


def run(
    learner: Learner,
    on_progress: Callable[[Progress, Learner], None] | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    loggers: Sequence[Logger] = (),
) -> Progress:
    """Train with a learner that there is, as `train` does, and close it.

    Raises:
        InputError: The volume has no room left; the last checkpoint is whole.
    """
    try:
        return _Schedule(learner, on_progress, loggers).run(should_stop)
    except (OSError, sqlite3.OperationalError) as error:
        if not _out_of_room(error):
            raise
        raise InputError(
            f"{learner.folder} has no room left: the run is kept as its last checkpoint has it; "
            "make room and resume it"
        ) from error
    finally:
        learner.close()


def _out_of_room(error: OSError | sqlite3.OperationalError) -> bool:
    """Is the volume full?"""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorname == "SQLITE_FULL"
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class _Schedule:
    """Who does what when in a training."""

    def __init__(
        self,
        learner: Learner,
        on_progress: Callable[[Progress, Learner], None] | None,
        loggers: Sequence[Logger],
    ) -> None:
        self.learner = learner
        self.on_progress = on_progress
        self.loggers = loggers
        self.reported = (time.perf_counter(), learner.steps, learner.updates)
        self.due = {"report": 0.0, "evaluate": 0.0, "checkpoint": 0.0}

    def run(self, should_stop: Callable[[], bool]) -> Progress:
        learner, config = self.learner, self.learner.config
        began = time.perf_counter() - learner.seconds
        now = learner.seconds
        self._after(now, "evaluate", "checkpoint", "report")
        while not should_stop():
            if now >= (config.seconds or np.inf) or learner.steps >= (config.steps or np.inf):
                break
            learner.advance()
            now = learner.seconds = time.perf_counter() - began
            if now >= self.due["evaluate"]:
                self._evaluate(should_stop)
                after = time.perf_counter() - began
                self._after(after, "evaluate")
                share = REAL_TIME_SHARE if learner.real_time else EVALUATION_SHARE
                self.due["evaluate"] = max(self.due["evaluate"], after + (after - now) * (1.0 / share - 1.0))
            saves = now >= self.due["checkpoint"] or learner.buffer.full
            if saves or now >= self.due["report"]:  # what a checkpoint counts is in the curves before it
                called = time.perf_counter()
                self._report()
                began += time.perf_counter() - called
                self._after(now, "report")
            if saves:
                learner.save()
                self._after(time.perf_counter() - began, "checkpoint")
        stopped, ended = should_stop(), time.perf_counter()
        self._evaluate(lambda: time.perf_counter() > ended + LAST_EVALUATION if stopped else should_stop())
        progress = self._report()
        learner.save()
        whole = max(learner.seconds, 1e-9)
        return dataclasses.replace(
            progress,
            steps_per_second=learner.steps / whole,
            updates_per_second=learner.updates / whole,
        )

    def _after(self, now: float, *names: str) -> None:
        for name in names:
            self.due[name] = now + getattr(self.learner.config, f"{name}_every")

    def _evaluate(self, should_stop: Callable[[], bool]) -> None:
        try:
            result = self.learner.evaluate(should_stop)
        except StoppedError:
            return
        values = {
            f"evaluation/{name.removesuffix('_mean')}": value
            for name, value in dataclasses.asdict(result).items()
            if value is not None and name != "episodes"
        }
        self._write(values)

    def _write(self, values: dict[str, float]) -> None:
        """Points of the curves, to the run's file and the loggers."""
        self.learner.metrics.write(self.learner.steps, self.learner.seconds, values)
        for logger in self.loggers:
            logger.write(self.learner.steps, values)

    def _report(self) -> Progress:
        learner = self.learner
        before, steps, updates = self.reported
        now = time.perf_counter()
        progress = Progress(
            steps=learner.steps,
            updates=learner.updates,
            episodes=learner.episodes,
            seconds=learner.seconds,
            steps_per_second=(learner.steps - steps) / (now - before),
            updates_per_second=(learner.updates - updates) / (now - before),
            values=learner.values(),
            evaluation=learner.evaluation,
            best=learner.best,
            notes=list(learner.notes),
        )
        speed = {"speed/steps": progress.steps_per_second, "speed/updates": progress.updates_per_second}
        if learner.steps != steps:  # a point for each step at most, also where a run goes on
            self._write({**progress.values, **speed})
        learner.write_endings()
        if self.on_progress is not None:
            self.on_progress(progress, learner)
        self.reported = (time.perf_counter(), learner.steps, learner.updates)
        return progress
