"""One agent of the service: its learner, its newest policy, its car in the race, and how it is."""

from __future__ import annotations

import contextlib
import threading
from collections import deque

import msgspec
from msgspec import Struct

from trackmania_rl.model.agents import tournament
from trackmania_rl.model.agents.racing import Racer
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import Checkpoint, Result, senses
from trackmania_rl.model.runs.runs import checkpoint_file
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.health import diagnose
from trackmania_rl.model.training.loop import Progress
from trackmania_rl.model.training.process import Failed, LearnerProcess, Report, Saved
from trackmania_rl.protocol.client import ServiceClient
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    AgentAdd,
    AgentCreate,
    AgentState,
    AgentStatus,
)
from trackmania_rl.protocol.telemetry import span
from trackmania_rl.protocol.volume import runs_folder, write_whole

FILE = "agent.json"
"""In a run's folder: the agent that the run belongs to."""
COLOURS = ("#ff5a36", "#2f9bff", "#ffc52e", "#2fd07a", "#b46bff", "#ff6fb5", "#35d6d6", "#a6e22e")
"""Given to agents in turn that bring none."""
HISTORY = 300
"""Reports kept of each agent, about one a second."""
STOP_TIMEOUT = 12.0
"""Longest wait for a learner to save itself when it is stopped [s]."""
SAVE_TIMEOUT = 30.0
"""Longest wait for a checkpoint that was asked for [s]."""


class Kept(Struct, kw_only=True):
    """An agent as it is kept on disk, to go on when the service starts again."""

    create: AgentCreate
    run: str
    state: AgentState
    race: str | None = None
    """Environment service in which it races, if it has been there."""

    def write(self) -> None:
        """Keep it as it is now."""
        write_whole(runs_folder() / self.run / FILE, msgspec.json.encode(self))


class Agent:
    """One agent: its learner's process, its newest policy and its car.

    Args:
        kept: Who it is.
        environment: Environment service in which it races, if any.
        token: Of that service.
        remote_worlds: Environment service on whose worlds it learns; None: on those of its own process.
    """

    def __init__(
        self, kept: Kept, *, environment: str | None, token: str | None, remote_worlds: str | None = None
    ) -> None:
        self.kept = kept
        self._remote_worlds = remote_worlds
        self.policy: Policy | None = None
        self.history: deque[Progress] = deque(maxlen=HISTORY)
        self.reports = 0
        """Counts the reports of its learner."""
        self._problem: str | None = None
        self._result: Result | None = None
        self._trained: tuple[int, int] = (0, 0)
        self._process: LearnerProcess | None = None
        self._stopping: LearnerProcess | None = None
        self._saved = threading.Event()
        try:
            self._load_policy()
            if kept.create.learn and kept.state == "training":
                self.start()
        except InputError as error:  # of what lies on the volume: the other agents go on
            self._problem = f"It cannot go on: {error}."
            self.kept.state = "failed"
        self._racer = self._join_race(environment, token)
        self._token = token

    @property
    def create(self) -> AgentCreate:
        """How it was created."""
        return self.kept.create

    @property
    def racing(self) -> bool:
        """Does its car drive?"""
        return self._racer is not None and self._racer.racing

    def start(self) -> None:
        """Learn on from where it was.

        Raises:
            InputError: It is one that does not learn.
        """
        if not self.create.learn:
            raise InputError(f"agent {self.create.agent_id!r} only drives: it was created with learn=false")
        if self._process is None:
            begin = str(checkpoint_file(self.create.checkpoint)) if self.create.checkpoint else None
            self._problem = None
            self._process = LearnerProcess(learner_config(self.kept, self._remote_worlds), checkpoint=begin)
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        else:
            self._process.send("start")
        self._keep("training")

    def pause(self) -> None:
        """Rest, saved, until it is started."""
        if self._process is not None:
            self._process.send("pause")
            self._keep("paused")

    def save(self) -> None:
        """Write the learner's state; returns when it is on disk.

        Raises:
            InputError: It does not learn now, or its state was not written in time.
        """
        if self._process is None:
            raise InputError(f"agent {self.create.agent_id!r} does not learn now: start it first", status=409)
        self._saved.clear()
        self._process.send("save")
        if not self._saved.wait(SAVE_TIMEOUT):
            raise InputError(
                f"agent {self.create.agent_id!r} was not saved within {SAVE_TIMEOUT:.0f} s, perhaps it is "
                "still preparing: try again",
                status=503,
            )

    def ask_to_stop(self) -> None:
        """Let the learner begin to save and stop; what it says from now on changes nothing."""
        if self._process is not None:
            self._stopping, self._process = self._process, None
            self._stopping.send("stop")

    def stop(self) -> None:
        """Stop the learner, saved, and leave the race."""
        self.ask_to_stop()
        if self._stopping is not None:
            self._stopping.join(STOP_TIMEOUT if self.reports else 0.0)  # nothing to save before the first
        if self._racer is not None:
            self._racer.leave()

    def leave(self) -> None:
        """Stop, and take the car out of the race and the agent from the disk; its run stays."""
        self.stop()
        (runs_folder() / self.kept.run / FILE).unlink(missing_ok=True)
        if self._racer is not None and self.kept.race is not None:
            service = ServiceClient(self.kept.race, token=self._token)
            with contextlib.suppress(InputError), service:
                service.delete(f"/api/agents/{self.create.agent_id}")

    def competitor(self) -> tournament.Competitor:
        """The newest policy, to race others; there is one."""
        assert self.policy is not None
        source = self._newest_checkpoint() if not self.create.learn else None
        options = source.env_options if source else self.create.settings.get("env_options", {})
        return tournament.Competitor(source.env if source else self.create.env, senses(options), self.policy)

    def status(self) -> AgentStatus:
        """How it is."""
        create, newest = self.create, self.history[-1] if self.history else None
        evaluation = newest.evaluation if newest else self._result
        best = newest.best if newest else self._result
        training = self.kept.state == "training"
        return AgentStatus(
            agent_id=create.agent_id,
            name=create.name or create.agent_id,
            colour=create.colour or COLOURS[0],
            run=self.kept.run,
            env=create.env,
            track=create.track or "",
            state=self.kept.state,
            seed=create.seed,
            steps=newest.steps if newest else self._trained[0],
            updates=newest.updates if newest else self._trained[1],
            episodes=newest.episodes if newest else 0,
            seconds=newest.seconds if newest else 0.0,
            finish_rate=evaluation.finish_rate if evaluation else None,
            lap_time_best=best.lap_time_best if best else None,
            lap_time_median=evaluation.lap_time_median if evaluation else None,
            steps_per_second=newest.steps_per_second if newest and training else None,
            updates_per_second=newest.updates_per_second if newest and training else None,
            health=self._health(),
            racing=self.racing,
        )

    def _health(self) -> list[str]:
        sentences = [self._problem] if self._problem else []
        sentences += self.history[-1].notes if self.history else []
        if self.kept.state == "training":
            sentences += diagnose(self.history)
        elif self.kept.state == "paused":
            sentences.append("Paused.")
        elif not self.create.learn:
            sentences.append("Drives a finished policy and does not learn.")
        if self._racer is not None and self._racer.problem:
            sentences.append(self._racer.problem)
        return sentences

    def _listen(self, process: LearnerProcess) -> None:
        """Take in what the learner says until it ends; runs in a thread."""
        while (message := process.receive()) is not None:
            if isinstance(message, Report):
                self.policy = Policy.unpack(message.policy)
                self._trace(message.progress)
                self.history.append(message.progress)
                self.reports += 1
            elif isinstance(message, Saved):
                self._saved.set()
            elif isinstance(message, Failed):
                self._problem = f"It cannot train: {message.detail}."
        exit_code = process.join(STOP_TIMEOUT)
        if self._process is not process:
            return
        self._process = None
        if exit_code != 0 and self._problem is None:
            self._problem = (
                f"Its learner died (exit code {exit_code}; -9 often means too little memory): "
                "start it to go on from its last checkpoint."
            )
        self._keep("failed" if self._problem else "stopped")

    def _trace(self, progress: Progress) -> None:
        """The stretch of learning since the last report as a span."""
        before = self.history[-1] if self.history else None
        span(
            "learn",
            progress.seconds - (before.seconds if before else 0.0),
            {
                "agent": self.create.agent_id,
                "run": self.kept.run,
                "steps": progress.steps - (before.steps if before else 0),
                "updates": progress.updates - (before.updates if before else 0),
                "episodes": progress.episodes - (before.episodes if before else 0),
            },
        )

    def _keep(self, state: AgentState) -> None:
        self.kept.state = state
        if state in ("training", "paused") or (runs_folder() / self.kept.run / FILE).exists():
            self.kept.write()

    def _load_policy(self) -> None:
        """The policy to drive with until the learner gives a newer one."""
        saved = self._newest_checkpoint()
        if saved is not None:
            self.policy = saved.policy()
            self._result = saved.result
            self._trained = (saved.steps, saved.updates)

    def _newest_checkpoint(self) -> Checkpoint | None:
        own = runs_folder() / self.kept.run / checkpoints.LEARNER
        if own.exists():
            return checkpoints.load(own)
        if self.create.checkpoint:
            return checkpoints.load(checkpoint_file(self.create.checkpoint))
        return None

    def _join_race(self, environment: str | None, token: str | None) -> Racer | None:
        create = self.create
        if environment is None or not create.race or not create.env.startswith("TrackMania/"):
            return None
        add = AgentAdd(
            agent_id=create.agent_id,
            name=create.name,
            colour=create.colour,
            observation=create.env,
            policy=create.checkpoint if not create.learn else self.kept.run,
        )
        self.kept.race = environment
        return Racer(environment, add, lambda: self.policy, token)


def learner_config(kept: Kept, worlds: str | None = None) -> LearnerConfig:
    """The settings of an agent's learner.

    Args:
        kept: The agent.
        worlds: Environment service on whose worlds agents learn that know no other and whose environment is
            one of ours.

    Raises:
        InputError: A setting is unknown or wrong.
    """
    create = kept.create
    elsewhere = {"environment": worlds} if worlds and create.env.startswith("TrackMania/") else {}
    return LearnerConfig.of(
        {**elsewhere, **create.settings},
        env=create.env,
        track=create.track,
        seed=create.seed,
        agent_id=create.agent_id,
        run=kept.run,
    )
