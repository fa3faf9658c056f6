"""A learner whose experience comes from the workers of a cluster."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from ray.exceptions import RayError

import trackmania_rl
from trackmania_rl.cluster import gradients, scaling
from trackmania_rl.cluster.connection import connected
from trackmania_rl.cluster.fleet import Fleet
from trackmania_rl.cluster.team import CALL_PATIENCE, Team
from trackmania_rl.cluster.worker import FRAGMENT_STEPS, Version
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import Checkpoint
from trackmania_rl.model.runs.loggers import Logger
from trackmania_rl.model.sac.sac import Batch, Sac
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner, make_worlds
from trackmania_rl.model.training.loop import Progress, run
from trackmania_rl.protocol.errors import InputError

PUBLISH_EVERY = 0.25
"""Least time between two publications of the policy [s] (guess)."""
ROOM_PATIENCE = 60.0
"""Time after which workers that have not begun are told of [s]."""
LOOK_PERIOD = 0.5
"""Longest wait for experience before somebody may ask to stop [s]."""
WORKERS_MAX = 4096
"""Most workers; the learner has a buffer for each."""


@dataclasses.dataclass(frozen=True)
class ClusterConfig:
    """What a person sets of a cluster."""

    address: str = "auto"
    """HOST:PORT of a Ray cluster's head, or "auto" to start one on this machine."""
    workers: int = 2
    """Workers, each with the training's number of worlds."""
    workers_max: int | None = None
    """Most workers: the training begins with `workers` and asks for more while it waits for experience, which
    are given back when it does not; `workers` if None."""
    learners: int = 1
    """Learners that update together, this process the first; each has its part of the batch."""

    @property
    def most(self) -> int:
        """Most workers."""
        return self.workers if self.workers_max is None else self.workers_max

    def check(self, config: LearnerConfig) -> None:
        """Refuse values that cannot work, by themselves or with a training's settings.

        Raises:
            InputError: Names the setting, its value and what was expected.
        """
        if not 1 <= self.workers <= WORKERS_MAX:
            raise InputError(f"workers is {self.workers}, expected 1 to {WORKERS_MAX}", field="workers")
        if not self.workers <= self.most <= WORKERS_MAX:
            raise InputError(
                f"workers_max is {self.most}, expected {self.workers}, as many as workers, to {WORKERS_MAX}",
                field="workers_max",
            )
        if not 1 <= self.learners <= self.workers:
            raise InputError(
                f"learners is {self.learners}, expected 1 to the number of workers, {self.workers}: each "
                "learns from workers of its own",
                field="learners",
            )
        if config.pool is not None:
            raise InputError("pool: not with --cluster, its workers share one buffer already", field="pool")
        if config.opponents:
            raise InputError(
                "opponents: not with --cluster, its workers' worlds have one car", field="opponents"
            )
        if config.batch % self.learners:
            raise InputError(
                f"batch is {config.batch}, expected a multiple of the number of learners, {self.learners}",
                field="batch",
            )


class ClusterLearner(Learner):
    """A Learner that does not drive. A step is one of a worker's worlds, so that as many transitions earn an
    update as in one process.

    Args:
        config: All settings; `worlds` is the number of each worker.
        cluster: The workers; Ray must be connected.
        more: Further arguments of Learner.

    Raises:
        InputError: A setting does not fit a cluster, or as Learner.
    """

    def __init__(self, config: LearnerConfig, cluster: ClusterConfig, **more: Any) -> None:
        cluster.check(config)
        self.cluster = cluster
        super().__init__(config, **more)
        self._bounds = torch.full_like(self.actions.low, -1.0), torch.full_like(self.actions.high, 1.0)
        self._published = -np.inf
        self.bytes = self.bytes_published = 0
        """Size of the transitions received, and of the policies published."""
        self.driving = 0.0
        """Processor time of the workers for the fragments received [s]."""
        self._waits = {name: (0.0, time.perf_counter()) for name in ("report", "scale")}
        settings = dataclasses.asdict(config)
        self.fleet = Fleet(
            cluster.workers,
            settings,
            seed=config.seed + self.steps,
            version=Version(trackmania_rl.__version__, self.env_version),
            lost=self.team.cut,
        )
        self._join()
        self._begun = time.perf_counter()

    def advance(self) -> None:
        """A fragment of one worker, and the updates that it earns."""
        self._publish()
        self._scale()
        sent = self.fleet.next(LOOK_PERIOD)
        if sent is None:
            return
        self.team.add(sent.worker, sent.columns)
        summary = sent.summary
        if self.config.normalise:
            mean, variance = (
                torch.tensor(value).to(self.device) for value in (summary.mean, summary.variance)
            )
            self.normaliser.merge(summary.count, mean, variance)
        self.bytes += summary.bytes
        self.driving += summary.seconds
        self.steps += FRAGMENT_STEPS * self.config.worlds
        for said, returns in summary.ended:
            self.count(said, returns)
        self.learn(FRAGMENT_STEPS)

    def values(self) -> dict[str, float]:
        """The newest point of every curve; also how many workers drive, and how long the learner waits."""
        self._tell_of_room()
        figures = {
            "cluster/workers": float(self.fleet.busy),
            "cluster/asked": float(len(self.fleet)),
            "cluster/waiting": self._waiting("report"),
            "cluster/replaced": float(self.fleet.replaced + self.team.replaced),
        }
        return {**super().values(), **figures}

    def close(self) -> None:
        """Release the workers, learners, worlds and files."""
        self.fleet.close()
        if self.cluster.most > self.cluster.workers:
            scaling.request(0)
        self.team.close()
        super().close()

    def _training_worlds(self) -> Any:
        """Those of the evaluation: the others are the workers'."""
        worlds = min(self.config.evaluation_episodes, self.config.worlds)
        self._own_worlds = make_worlds(self.config, worlds, "line")
        return self._own_worlds

    def _new_buffer(self, observations: int, actions: int) -> Team:
        config = self.config
        shard = {
            "capacity": config.buffer // self.cluster.most, "worlds": config.worlds,
            "observations": observations, "actions": actions, "n_step": config.n_step, "gamma": config.gamma,
        }  # fmt: skip
        self.team = Team(
            self.cluster.learners, self.cluster.most, config,
            folder=self.folder, shard=shard, device=self.device,
        )  # fmt: skip
        return self.team

    def _new_sac(self, observations: int, actions: int) -> Sac:
        if self.image is not None or self.actions.first_choice is not None:
            raise InputError(
                f"{self.config.env} has images or discrete actions, which a cluster does not learn: train "
                "without --cluster",
                field="env",
            )
        if self.cluster.learners == 1:
            return super()._new_sac(observations, actions)
        config = dataclasses.replace(self.config, batch=self.config.batch // self.cluster.learners)
        return Sac(
            observations, actions, config, seed=config.seed, device=self.device, reduce=gradients.average
        )

    def _batch(self) -> Batch:
        return self.buffer.sample(self.team.batch, self.normaliser.mean, self.normaliser.scale)

    def _update(self, updates: int) -> None:
        asked = self.team.learn(updates, self.normaliser.mean, self.normaliser.scale)
        try:
            super()._update(updates)
            ray.get(asked, timeout=CALL_PATIENCE)
        except (RuntimeError, RayError) as error:  # somebody's gradient did not come
            if self.cluster.learners == 1:
                raise
            self.team.mend(error)
            self._join()

    def _join(self) -> None:
        """Bring all learners to this one's networks, however often one dies meanwhile."""
        while True:
            try:
                return self.team.join(self.sac.state_dict())
            except (RuntimeError, RayError) as error:
                self.team.mend(error)

    def _tell_of_room(self) -> None:
        """Tell once of workers that do not begin."""
        late = time.perf_counter() - self._begun > ROOM_PATIENCE
        if late and self.fleet.busy < len(self.fleet):
            self._begun = np.inf
            self._note(
                f"{self.fleet.busy} of {len(self.fleet)} workers drive: the cluster has no room yet for the "
                "others; each needs a processor."
            )

    def _waiting(self, name: str) -> float:
        """Share of the time since the last call of this name that was spent waiting for workers."""
        waited, at = self._waits[name]
        now = time.perf_counter()
        self._waits[name] = self.fleet.waited, now
        return (self.fleet.waited - waited) / (now - at)

    def _scale(self) -> None:
        """Ask for more workers, or give one back, once it has been seen for a while how all of them do."""
        cluster, fleet = self.cluster, self.fleet
        if not self.updates or fleet.busy < len(fleet):
            self._waiting("scale")
        elif time.perf_counter() - self._waits["scale"][1] >= scaling.PERIOD:
            workers = scaling.wanted(len(fleet), self._waiting("scale"), cluster.workers, cluster.most)
            if workers != len(fleet):
                scaling.request(workers + cluster.learners - 1)
                fleet.resize(workers)

    def _publish(self) -> None:
        """Give the workers the newest policy, unless they are to drive at random still."""
        now = time.perf_counter()
        if self.steps < self.config.warmup_steps or now - self._published < PUBLISH_EVERY:
            return
        self._published = now
        low, high = self._bounds
        actor = checkpoints.frozen(
            self.sac.actor,
            self.sac.state.actor,
            version=f"{self.config.agent_id}:{self.steps}",
            mean=self.normaliser.mean,
            scale=self.normaliser.scale,
            low=low,
            high=high,
        )
        packed = actor.pack()
        self.bytes_published += len(packed)
        self.fleet.publish(packed)


def train(
    config: LearnerConfig,
    cluster: ClusterConfig,
    on_progress: Callable[[Progress, Learner], None] | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
    checkpoint: Checkpoint | None = None,
    datasets: Sequence[Path] = (),
    loggers: Sequence[Logger] = (),
) -> Progress:
    """Train on a cluster; otherwise as trackmania_rl.model.training.loop.train."""
    cluster.check(config)
    with connected(cluster.address, cluster.most + cluster.learners - 1):
        learner = ClusterLearner(config, cluster, resume=resume, checkpoint=checkpoint, datasets=datasets)
        return run(learner, on_progress, should_stop=should_stop, loggers=loggers)
