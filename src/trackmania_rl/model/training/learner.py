"""One agent that learns: rollout, buffer, update; its evaluations, checkpoints and curves."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from trackmania_rl.model.experience.buffer import Replay, ReplayBuffer, normalised
from trackmania_rl.model.experience.datasets import Transitions, transitions
from trackmania_rl.model.experience.pool import Pool
from trackmania_rl.model.experience.ring import Rows
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.runs.checkpoint import (
    Checkpoint,
    Result,
    differing_environment,
    differing_version,
    senses,
)
from trackmania_rl.model.runs.endings import EndingsWriter
from trackmania_rl.model.runs.metrics import MetricsWriter
from trackmania_rl.model.runs.runs import RUN
from trackmania_rl.model.sac.actions import Actions
from trackmania_rl.model.sac.discrete_sac import DiscreteSac
from trackmania_rl.model.sac.encoder import image_shape
from trackmania_rl.model.sac.normaliser import Normaliser
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.sac.sac import Batch, Sac
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.episodes import Ended, check_spaces, endings, last_observation
from trackmania_rl.model.training.evaluation import EVALUATION_SEED, drive, summary
from trackmania_rl.model.training.highlights import Highlights
from trackmania_rl.model.training.opponents import Opponents
from trackmania_rl.protocol.environments import make_vector_env, tracks_of, version_of
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import CAUSES
from trackmania_rl.protocol.messages import EndCause, Ending
from trackmania_rl.protocol.volume import runs_folder, write_whole

log = logging.getLogger(__name__)

SERVICE_PATIENCE = 60.0
"""Longest wait for an environment service that went away during training [s]."""
TOKEN_VARIABLE = "TRACKMANIA_RL_TOKEN"
"""Holds the token of the environment service. No setting: those are kept in the run's files."""
IMAGES_MAX = 4 * 10**9
"""Most memory that a buffer of images takes, unless it is a file [bytes] (guess)."""
BYTE_MIDDLE = 127.5
"""Bytes less this, divided by it, are -1..1."""
RECENT = 100
"""Episodes that the figures of training are averaged over."""


class Learner:
    """One agent that learns: its worlds, networks, buffer and run folder.

    Args:
        config: All settings.
        resume: Go on from the run's last checkpoint; a run without one begins anew.
        checkpoint: Begin with these networks instead of fresh ones.
        datasets: Begin with this experience in the buffer; a resumed run has its own.

    Raises:
        InputError: The environment, a setting, the checkpoint or a dataset does not fit.
    """

    def __init__(
        self,
        config: LearnerConfig,
        *,
        resume: bool = False,
        checkpoint: Checkpoint | None = None,
        datasets: Sequence[Path] = (),
    ) -> None:
        config.check()
        torch.set_num_threads(config.threads)
        self.config = config
        cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
        self.device = torch.device("cuda" if cuda else "cpu")
        self.folder = runs_folder() / config.run
        self.envs = self._training_worlds()
        self.opponents = self.envs if isinstance(self.envs, Opponents) else None
        self.env_version = version_of(self.envs)
        self.real_time = bool(self.envs.metadata.get("real_time"))
        """There is one car and one clock: training waits while an evaluation drives."""
        self.notes: list[str] = []
        """What people should know of this training, in sentences."""
        if self.real_time:
            self._note("It is evaluated on its one car, an episode each time, while training waits.")
        self.evaluation_envs: Any = None
        observation_space, action_space = check_spaces(self.envs, config.env)
        self.actions = Actions.of(action_space)
        observations, actions = math.prod(observation_space.shape), len(self.actions)
        self.image = image_shape(observation_space)

        self.sac = self._new_sac(observations, actions)
        self.normaliser = Normaliser(observations, self.device)
        if self.image is not None:
            self.normaliser.fix(BYTE_MIDDLE, BYTE_MIDDLE)
        self.buffer = self._new_buffer(observations, actions)
        self.steps = self.updates = self.episodes = 0
        self.seconds = 0.0
        self.evaluation: Result | None = None
        self.best: Result | None = None
        self._owed = 0.0  # updates that the steps so far have earned
        self._recent: deque[dict[str, float]] = deque(maxlen=RECENT)
        self._losses: torch.Tensor | None = None  # of the newest update

        saved = self.folder / checkpoints.LEARNER
        if resume and saved.exists():
            self._resume(checkpoints.load(saved))
            checkpoints.forget_ages_after(self.folder, self.steps)
        else:
            if checkpoint is not None:
                self._begin_with(checkpoint)
            self._forget_former()
        if datasets and not self.steps:
            self._fill(transitions(datasets, observation_space, action_space, config.buffer, config.env))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.metrics = MetricsWriter(self.folder)
        self.metrics.forget_after(self.steps)
        self.endings = EndingsWriter(self.folder)
        self.endings.forget_after(self.episodes)
        self.highlights = Highlights(self.folder, config.agent_id)
        self.highlights.forget_after(self.steps)
        self._ended: list[Ending] = []  # since the last report
        self._tracks = tracks_of(config.worlds, config.track, config.environment)
        self._write_config()
        self._return = np.zeros(config.worlds)
        observation, _ = self.envs.reset(seed=config.seed + self.steps)
        self._observation = self._rows(observation)
        self.pool = self._join_pool()
        self._meet_selves()

    def advance(self) -> None:
        """One step of all worlds, then the updates that it earns."""
        config = self.config
        before = torch.from_numpy(self._observation).to(self.device)
        if config.normalise:
            self.normaliser.update(before)
        action = self._explore(before)
        observation, reward, terminated, truncated, info = self.envs.step(self.actions.driven(action))
        reward = np.asarray(reward, np.float32)
        ended = np.logical_or(terminated, truncated)
        after = self._rows(last_observation(observation, info, ended))
        observation = self._rows(observation)
        rest = (reward, np.asarray(terminated, bool), ended)
        self._keep((before, action, torch.from_numpy(after)), *map(torch.from_numpy, rest))
        self._observation = observation
        self._return += reward
        self.steps += config.worlds
        if ended.any():
            self.count(endings(info, ended), self._return[ended])
            self._return[ended] = 0.0
        self.learn(1)

    def learn(self, steps: int) -> None:
        """The updates that so many steps of all worlds earn, once there is enough to learn from."""
        config = self.config
        if self.steps >= config.warmup_steps and len(self.buffer) >= config.batch:
            self._owed += steps * config.updates_per_step
            earned = int(self._owed)
            self._owed -= earned
            self._update(earned)

    def _update(self, updates: int) -> None:
        for _ in range(updates):
            self._losses = self.sac.update(self._batch())
            self.updates += 1

    def _begin_episodes(self) -> None:
        """Begin anew in all worlds: what comes next does not follow what was."""
        assert isinstance(self.buffer, ReplayBuffer)
        self.buffer.cut()
        if self.pool is not None:
            self.pool.cut()
        self._return[:] = 0.0
        self._observation = self._rows(self.envs.reset()[0])

    def _meet_selves(self) -> None:
        """Race the policy as it is now, and the ages of this run."""
        if self.opponents is not None:
            ages = checkpoints.ages(self.folder)
            self.opponents.meet(self.policy(), [checkpoints.load(path).policy() for path in ages])

    def _keep(self, rows: Rows, *rest: torch.Tensor) -> None:
        """A step, into the buffer and for the other agents of the pool."""
        assert isinstance(self.buffer, ReplayBuffer)
        observation, action, after = rows
        there = self.device
        self.buffer.add(
            (observation.to(there), action.to(there), after.to(there)), *(value.to(there) for value in rest)
        )
        if self.pool is not None:
            self.pool.add((observation.cpu(), action.cpu(), after.cpu()), *rest)

    def _batch(self) -> Batch:
        """What to learn from next: the buffer's, and the pool's share of it."""
        config, mean, scale = self.config, self.normaliser.mean, self.normaliser.scale
        shared = None
        if self.pool is not None and (rows := round(self.pool.config.share * config.batch)):
            shared = self.pool.sample(rows)
        if shared is None:
            return self.buffer.sample(config.batch, mean, scale)
        theirs = normalised(Batch(*(column.to(self.device) for column in shared)), mean, scale)
        mine = self.buffer.sample(config.batch - len(theirs.reward), mean, scale)
        return Batch(*map(torch.cat, zip(mine, theirs, strict=True)))

    def _join_pool(self) -> Pool | None:
        """The agent's end of its pool; a pool that does not fit is told and left alone."""
        config = self.config
        if config.pool is None:
            return None
        assert isinstance(self.buffer, ReplayBuffer)
        try:
            return Pool(
                config.pool,
                config.run,
                widths=self.buffer.widths,
                numbers=self.buffer.numbers,
                worlds=config.worlds,
                length=self.buffer.length,
                kind={"env": config.env, "senses": senses(config.env_options)},
                version=self.env_version,
                n_step=config.n_step,
                gamma=config.gamma,
                seed=config.seed + self.steps,
                note=self._note,
            )
        except InputError as error:
            self._note(f"It learns from its own experience alone: {error}.")
            return None

    def policy(self) -> Policy:
        """The newest policy, frozen."""
        return checkpoints.frozen(
            self.sac.actor,
            self.sac.state.average,
            version=f"{self.config.agent_id}:{self.steps}",
            mean=self.normaliser.mean,
            scale=self.normaliser.scale,
            **vars(self.actions),
        )

    def evaluate(self, should_stop: Callable[[], bool] = lambda: False) -> Result:
        """Evaluate the newest policy, and keep it if it is the best so far.

        Raises:
            StoppedError: `should_stop` said so before its end.
        """
        config = self.config
        episodes = 1 if self.real_time else config.evaluation_episodes
        if self.evaluation_envs is None:
            worlds = min(episodes, config.worlds)
            self.evaluation_envs = self.envs if self.real_time else make_worlds(config, worlds, "line")
        envs = self.evaluation_envs
        drives = drive(self.policy(), envs, seed=EVALUATION_SEED, episodes=episodes, should_stop=should_stop)
        if self.real_time:
            self._begin_episodes()
        tracks = tracks_of(envs.num_envs, config.track, config.environment)
        self.highlights.look(drives, envs, tracks, self.steps, self.seconds)
        result = summary(drives)
        self.evaluation = result
        if self.best is None or result.rank > self.best.rank:
            self.best = result
            self.checkpoint(result).save(self.folder / checkpoints.FOLDER / checkpoints.BEST)
        return result

    def checkpoint(self, result: Result | None = None, learner: dict[str, Any] | None = None) -> Checkpoint:
        """The networks as they are now."""
        return Checkpoint(
            agent_id=self.config.agent_id,
            env=self.config.env,
            env_options=dict(self.config.env_options),
            track=self.config.track or "",
            track_hash=_track_hash(self.envs),
            **vars(self.actions),
            image=self.image,
            config=_plain(self.config),
            steps=self.steps,
            updates=self.updates,
            sac=self.sac.state_dict(),
            normaliser=self.normaliser.state_dict(),
            result=result,
            learner=learner,
            env_version=self.env_version,
        )

    def save(self) -> Path:
        """Write the checkpoint from which the run goes on as if it had not stopped."""
        learner = {
            "buffer": self.buffer.save(),
            "episodes": self.episodes,
            "seconds": self.seconds,
            "owed": self._owed,
            "recent": list(self._recent),
            "best": dataclasses.asdict(self.best) if self.best else None,
        }
        self.write_endings()
        path = self.folder / checkpoints.LEARNER
        saved = self.checkpoint(self.evaluation, learner)
        saved.save(path)
        self.buffer.forget_older()
        checkpoints.keep_age(saved, self.folder)
        self._meet_selves()
        return path

    def values(self) -> dict[str, float]:
        """The newest point of every curve."""
        values = {}
        if self._losses is not None:
            critic, actor, entropy, value = self._losses.tolist()
            values = {
                "loss/critic": critic,
                "loss/actor": actor,
                "policy/entropy": entropy,
                "policy/alpha": float(self.sac.state.log_alpha.exp()),
                "value/mean": value,
            }
        for key in ("return", "completion", "finished", "lap_time"):
            known = [episode[key] for episode in self._recent if key in episode]
            if known:
                values[f"train/{key}"] = float(np.mean(known))
        return values

    def close(self) -> None:
        """Release the worlds and files."""
        self.metrics.close()
        self.endings.close()
        self.highlights.close()
        self.envs.close()
        if self.evaluation_envs is not None and not self.real_time:
            self.evaluation_envs.close()

    def _training_worlds(self) -> Any:
        config = self.config
        if not config.opponents:
            return make_worlds(config, config.worlds, config.start)
        size = config.opponents + 1
        cars = make_worlds(config, config.worlds * size, "line", cars_per_world=size)
        return Opponents(cars, config.opponents, config.seed)

    def _new_sac(self, observations: int, actions: int) -> Sac:
        algorithm = Sac if self.actions.first_choice is None else DiscreteSac
        seed, device = self.config.seed, self.device
        return algorithm(observations, actions, self.config, image=self.image, seed=seed, device=device)

    def _new_buffer(self, observations: int, actions: int) -> Replay:
        config = self.config
        capacity, numbers = config.buffer, torch.float32
        if self.image is not None:
            capacity, numbers = self._images_kept(2 * observations), torch.uint8
        return ReplayBuffer(
            capacity, config.worlds, observations, actions,
            n_step=config.n_step, gamma=config.gamma, seed=config.seed, device=self.device,
            folder=self.folder, place=config.buffer_place, numbers=numbers,
        )  # fmt: skip

    def _rows(self, observation: Any) -> np.ndarray[Any, Any]:
        """Observations (w, o) as the buffer keeps them."""
        kind = np.float32 if self.image is None else np.uint8
        return np.asarray(observation, kind).reshape(len(observation), -1)

    def _images_kept(self, size: int) -> int:
        """Transitions of `size` bytes that the buffer has room for."""
        kept, most = self.config.buffer, IMAGES_MAX // size
        if kept <= most or self.config.buffer_place == "file":
            return kept
        self._note(f"Its buffer keeps {most:,} transitions, not {kept:,}: their images fill 4 GB of memory.")
        return most

    def _explore(self, observation: torch.Tensor) -> torch.Tensor:
        if self.steps < self.config.warmup_steps:
            return self.sac.random(self.config.worlds)
        return self.sac.act(self.normaliser(observation))

    def count(self, said: Ended, returns: NDArray[np.float64]) -> None:
        """Take in the episodes that ended, with the return of each."""
        for place in range(len(said.worlds)):
            episode = {"return": float(returns[place])}
            if said.finished is not None and said.lap_time is not None and said.completion is not None:
                episode["finished"] = float(said.finished[place])
                episode["completion"] = float(said.completion[place])
                if said.finished[place]:
                    episode["lap_time"] = float(said.lap_time[place])
            self._recent.append(episode)
        self._ended += self._endings(said, returns)
        self.episodes += len(said.worlds)

    def _endings(self, said: Ended, returns: NDArray[np.float64]) -> list[Ending]:
        """What the store keeps of the episodes that ended; nothing where the environment does not say why."""
        where = (said.cause, said.start_distance, said.distance, said.time)
        known = [column for column in where if column is not None]
        if len(known) < len(where):
            return []
        columns = zip(said.worlds, *known, returns, strict=True)
        return [
            Ending(
                episode=episode,
                step=self.steps,
                seconds=self.seconds,
                track=self._tracks[world],
                cause=cast(EndCause, CAUSES[int(cause)]),
                start_distance=float(start),
                distance=float(distance),
                time=float(time),
                reward=float(reward),
            )
            for episode, (world, cause, start, distance, time, reward) in enumerate(
                columns, self.episodes + 1
            )
        ]

    def write_endings(self) -> None:
        """Keep the endings since the last call."""
        self.endings.write(self._ended)
        self._ended = []

    def _begin_with(self, checkpoint: Checkpoint) -> None:
        if (other := differing_environment(checkpoint, self.config.env, self.config.env_options)) is not None:
            raise InputError(f"the checkpoint of {checkpoint.agent_id!r} {other}", field="checkpoint")
        if (older := differing_version(checkpoint, self.env_version)) is not None:
            self._note(f"The checkpoint {older}: its experience and results are of the other one.")
        try:
            self.sac.load_state_dict(checkpoint.sac)
            self.normaliser.load_state_dict(checkpoint.normaliser)
        except (ValueError, KeyError, RuntimeError) as error:
            raise InputError(
                f"the checkpoint of {checkpoint.agent_id!r} on {checkpoint.env} does not fit the networks "
                f"for {self.config.env}: {error}",
                field="checkpoint",
            ) from error

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)
        log.warning(sentence)

    def _fill(self, known: Transitions) -> None:
        """Begin with experience of elsewhere; what the observations are like is learned from it too."""
        self.buffer.fill(*known)
        if self.config.normalise:
            self.normaliser.update(known.rows[:, : self.sac.actor.inputs].to(self.device))

    def _resume(self, saved: Checkpoint) -> None:
        learner = saved.learner
        if learner is None:
            raise InputError(f"the checkpoint in {self.folder} has no learner's state: start the run anew")
        self._begin_with(saved)
        try:
            if self.buffer.kept(learner["buffer"]):
                self.buffer.load(learner["buffer"])
            else:  # a restored volume: mirrors leave it out
                self._note("Its experience was not kept on the volume: it collects new.")
        except KeyError as error:
            raise InputError(
                f"run {self.config.run!r} cannot go on: it kept its experience in another way, on a cluster "
                "where this one is not, or the other way round, or in an older version; begin a new run with "
                f"--checkpoint {self.folder / checkpoints.FOLDER / checkpoints.BEST}",
                field="run",
            ) from error
        except (ValueError, InputError) as error:
            raise InputError(f"run {self.config.run!r} cannot go on: {error}", field="run") from error
        self.steps, self.updates = saved.steps, saved.updates
        self.episodes, self.seconds, self._owed = learner["episodes"], learner["seconds"], learner["owed"]
        self._recent.extend(learner["recent"])
        self.evaluation = saved.result
        self.best = self._best_kept(msgspec.convert(learner["best"], Result | None))

    def _best_kept(self, known: Result | None) -> Result | None:
        """The best evaluation up to the checkpoint, or the better one after it whose policy is on disk."""
        path = self.folder / checkpoints.FOLDER / checkpoints.BEST
        kept = checkpoints.load(path).result if path.exists() else None
        return max(filter(None, (known, kept)), key=lambda result: result.rank, default=None)

    def _forget_former(self) -> None:
        """A new run replaces the one of its name: what that would go on from goes first."""
        (self.folder / checkpoints.LEARNER).unlink(missing_ok=True)
        (self.folder / RUN).unlink(missing_ok=True)
        self.buffer.forget_older()
        for path in (self.folder / checkpoints.FOLDER).glob("*.pt"):
            path.unlink()

    def _write_config(self) -> None:
        path = self.folder / RUN
        started = json.loads(path.read_text())["started"] if path.exists() else checkpoints.now()
        write_whole(path, json.dumps({**_plain(self.config), "started": started}, indent=2).encode())


def make_worlds(config: LearnerConfig, worlds: int, start: str, **more: Any) -> Any:
    """Worlds as the settings ask for them.

    Args:
        config: The settings.
        worlds: How many.
        start: Where their episodes begin, where the environment has a choice.
        more: Further options of the environment.

    Raises:
        InputError: The environment does not exist, or not with these options.
    """
    options = {**config.env_options, **more}
    if config.env.startswith("TrackMania/"):
        options["start"] = start
    return make_vector_env(
        config.env,
        worlds,
        track=config.track,
        url=config.environment,
        seed=config.seed,
        patience=SERVICE_PATIENCE,
        token=os.environ.get(TOKEN_VARIABLE),
        **options,
    )


def _track_hash(envs: Any) -> str:
    """Hash of the track that worlds of ours drive on, near or far; empty for others and for many tracks."""
    if (spec := getattr(envs, "environment_spec", None)) is not None:
        return str(spec.track_hash)
    return str(getattr(getattr(envs, "track", None), "hash", ""))


def _plain(config: LearnerConfig) -> dict[str, Any]:
    """The settings as plain numbers, strings and lists."""
    plain = dataclasses.asdict(config)
    plain["hidden"] = list(config.hidden)
    return plain
