"""A batch of worlds with the newest policy beside them: what runs on the machines that drive."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import ray
import torch
from gymnasium.spaces import Box
from numpy.typing import NDArray

import trackmania_rl
from trackmania_rl.model.experience.ring import Ring
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.episodes import Ended, check_spaces, endings, last_observation
from trackmania_rl.model.training.learner import TOKEN_VARIABLE, make_worlds
from trackmania_rl.protocol.environments import version_of

FRAGMENT_STEPS = 16
"""Steps of all of a worker's worlds that are sent at once (guess): fewer messages, but older policies."""

Columns = tuple[NDArray[Any], ...]
"""A fragment as the buffer has it, (FRAGMENT_STEPS, worlds, ...): rows, reward, terminated, ended."""


@dataclass(frozen=True)
class Version:
    """What must be the same on all machines: the package's version and the environment's."""

    package: str
    environment: str


@dataclass(frozen=True)
class Summary:
    """What everybody wants to know of a fragment, without its transitions.

    Attributes:
        ended: Steps' episodes that ended, and their returns.
        count: Observations in it, with their `mean` and `variance`, for the normaliser.
        bytes: Size of its transitions.
        policy: Number of the publication that it was driven with.
        seconds: Processor time that it took to drive.
    """

    ended: list[tuple[Ended, NDArray[np.float64]]]
    count: int
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    bytes: int
    policy: int
    seconds: float


class Worker:
    """Drives a batch of worlds; an actor of Ray.

    Args:
        settings: The training's settings, as plain values.
        seed: Of its worlds and noise.
        token: Of the environment service, if the worlds are there and it asks for one.
    """

    def __init__(self, settings: dict[str, Any], seed: int, token: str | None = None) -> None:
        if token is not None:
            os.environ[TOKEN_VARIABLE] = token
        torch.set_num_threads(1)
        self._settings = settings
        self._seed = seed
        self._generator = np.random.default_rng(seed)
        self._policy: Policy | None = None
        self._number = 0

    def begin(self) -> Version:
        """Make the worlds, and say of which version they are.

        Raises:
            InputError: The environment or a setting does not fit.
        """
        self._config = config = LearnerConfig.of(self._settings, seed=self._seed)
        self._envs = make_worlds(config, config.worlds, config.start)
        observation, action = check_spaces(self._envs, config.env)
        assert isinstance(action, Box)  # the learner refuses others
        self._low, self._high = action.low, action.high
        width = 2 * observation.shape[0] + action.shape[0]
        self._ring = Ring.empty(FRAGMENT_STEPS, config.worlds, width, torch.device("cpu"))
        first, _ = self._envs.reset(seed=self._seed)
        self._observation = np.asarray(first, np.float32)
        self._return = np.zeros(config.worlds)
        return Version(trackmania_rl.__version__, version_of(self._envs))

    def rollout(self, number: int, policy: Sequence[Any]) -> tuple[Summary, Columns]:
        """Drive a fragment.

        Args:
            number: Which publication of the policy is the newest.
            policy: Its reference, alone in a list: it is only fetched if it is news. Empty: drive at random.
        """
        began = time.process_time()
        if policy and number != self._number:
            self._policy = Policy.unpack(ray.get(policy[0]))
            self._number = number
        ended = [said for step in range(FRAGMENT_STEPS) if (said := self._advance(step)) is not None]
        seen = self._ring.rows[..., : len(self._observation[0])].flatten(0, 1)
        variance, mean = torch.var_mean(seen, dim=0, correction=0)
        columns = tuple(column.numpy() for column in self._ring.columns)
        summary = Summary(
            ended,
            len(seen),
            mean.numpy(),
            variance.numpy(),
            sum(column.nbytes for column in columns),
            self._number,
            time.process_time() - began,
        )
        return summary, columns

    def process(self) -> int:
        """Its process id."""
        return os.getpid()

    def _advance(self, step: int) -> tuple[Ended, NDArray[np.float64]] | None:
        """One step of all worlds into the fragment; the episodes that ended."""
        before, action = self._observation, self._explore()
        scaled = self._low + (action + 1.0) * 0.5 * (self._high - self._low)
        observation, reward, terminated, truncated, info = self._envs.step(scaled)
        self._observation = np.asarray(observation, np.float32)
        ended = np.logical_or(terminated, truncated)
        after = last_observation(self._observation, info, ended)
        rows = (torch.from_numpy(before), torch.from_numpy(action), torch.from_numpy(after))
        rest = (np.asarray(reward, np.float32), np.asarray(terminated, bool), ended)
        self._ring.put(step, rows, *map(torch.from_numpy, rest))
        self._return += reward
        if not ended.any():
            return None
        returns = self._return[ended]
        self._return[ended] = 0.0
        return endings(info, ended), returns

    def _explore(self) -> NDArray[np.float32]:
        """Actions (w, a) in -1..1, the bounds that published policies have."""
        if self._policy is None:
            shape = (self._config.worlds, len(self._low))
            return self._generator.uniform(-1.0, 1.0, shape).astype(np.float32)
        return self._policy.act(self._observation, self._generator)
