"""Races against older selves: in every world the learner's car meets cars that its former policies drive.

Fictitious self-play (Heinrich, Lanctot & Silver 2015, "Fictitious Self-Play in Extensive-Form Games", ICML):
who only meets the newest self may forget how to beat the others. The shares are those of OpenAI et al. 2019,
"Dota 2 with Large Scale Deep Reinforcement Learning", arXiv 1912.06680, appendix N.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from trackmania_rl.model.sac.policy import Policy

NEWEST_SHARE = 0.8
"""Share of the opponents that drive as the newest policy; the others are drawn from all ages alike."""

Array = NDArray[Any]


class Opponents(VectorEnv[Any, Any, Any]):
    """Worlds of one learning car and its opponents; to whom steps it, only the learning cars exist.

    When the learning car's episode ends, the whole world lines up for a new race, each opponent with another
    policy. An opponent whose own drive ends before that begins again at the line. The learning car's place on
    the grid is another one in each world.

    Args:
        cars: All cars, `opponents` + 1 in each world, which begin at the line.
        opponents: Of each learning car.
        seed: Of who drives as whom.

    Attributes:
        own: Index of each world's learning car among all.
    """

    def __init__(self, cars: VectorEnv[Any, Any, Any], opponents: int, seed: int) -> None:
        self.cars = cars
        self.size = opponents + 1
        self.num_envs = cars.num_envs // self.size
        worlds = np.arange(self.num_envs)
        self.own = worlds * self.size + worlds % self.size
        self.metadata = {**cars.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self.single_observation_space = cars.single_observation_space
        self.single_action_space = cars.single_action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._random = np.random.default_rng(seed)
        self._selves: list[Policy] = []  # the newest is the last
        self._drawn = np.zeros(cars.num_envs, np.intp)  # which of them drives each car
        self._seen: Array = np.zeros(0)

    @property
    def track(self) -> Any:
        """Where they race."""
        return self.cars.unwrapped.track  # type: ignore[attr-defined]

    def meet(self, newest: Policy, ages: Sequence[Policy]) -> None:
        """From now on opponents drive as `newest` or as one of `ages`; races under way change theirs too."""
        self._selves = [*ages, newest]
        self._draw(np.arange(self.cars.num_envs))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin a new race in every world."""
        self._seen, _ = self.cars.reset(seed=seed, options=options)
        self._draw(np.arange(self.cars.num_envs))
        return self._seen[self.own], {}

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Drive all cars one step, the learning ones as told."""
        everybody = np.zeros((self.cars.num_envs, actions.shape[1]), np.float32)
        for number in np.unique(self._drawn):
            cars = np.flatnonzero(self._drawn == number)
            everybody[cars] = self._selves[number].act(self._seen[cars])
        everybody[self.own] = actions
        self._seen, reward, terminated, truncated, info = self.cars.step(everybody)
        ended = (terminated | truncated)[self.own]
        if ended.any():
            again = (np.flatnonzero(ended)[:, None] * self.size + np.arange(self.size)).ravel()
            self._seen[again] = self.cars.unwrapped.restart(again)  # type: ignore[attr-defined]
            self._draw(again)
        own = self.own
        return self._seen[own], reward[own], terminated[own], truncated[own], _of(info, own)

    def close_extras(self, **_: Any) -> None:
        """Close the worlds."""
        self.cars.close()

    def _draw(self, cars: NDArray[np.intp]) -> None:
        """Draw who drives some cars."""
        newest = len(self._selves) - 1
        older = self._random.integers(max(newest, 1), size=len(cars))
        self._drawn[cars] = np.where(self._random.random(len(cars)) < NEWEST_SHARE, newest, older)


def _of(info: dict[str, Any], cars: NDArray[np.intp]) -> dict[str, Any]:
    """What an info says of some cars."""
    return {
        name: _of(said, cars) if isinstance(said, dict) else np.asarray(said)[cars]
        for name, said in info.items()
    }
