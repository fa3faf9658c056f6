"""What is checked."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from trackmania_rl.protocol.environments import make_vector_env

Batch = VectorEnv[Any, Any, Any]

SEED = 7
"""Of resets and of the actions that are drawn."""


class Inapplicable(Exception):  # noqa: N818 (it is no error)
    """The promise cannot be tried with this environment; the text says why."""


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        env: The environment's name, as `make_vector_env` takes it.
        worlds: Worlds in a batch.
        token: Token of a service that asks for one.
        options: Keyword arguments of the environment.
    """

    env: str
    worlds: int
    token: str | None
    options: dict[str, Any]

    def batch(self) -> contextlib.closing[Batch]:
        """A batch of worlds, closed after use."""
        return contextlib.closing(make_vector_env(self.env, self.worlds, token=self.token, **self.options))

    def actions(self, envs: Batch, random: np.random.Generator) -> NDArray[Any]:
        """Random actions; the learner's between -1 and 1 where the space is unbounded."""
        space = envs.action_space
        if isinstance(space, gymnasium.spaces.Box):
            low, high = (np.nan_to_num(bound, neginf=-1.0, posinf=1.0) for bound in (space.low, space.high))
            return random.uniform(low, high).astype(space.dtype)
        single = envs.single_action_space
        if not isinstance(single, gymnasium.spaces.Discrete):
            raise Inapplicable(f"the action space {single} is neither a Box nor a Discrete")
        numbers = random.integers(int(single.n), size=envs.num_envs)
        chosen: NDArray[Any] = (single.start + numbers).astype(single.dtype)
        return chosen
