"""A toy environment: move a point on a line to zero within 20 steps."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Point(gym.Env[Array, Array]):
    """Position in -2..2, action the velocity, reward minus distance: a perfect episode returns about -2."""

    observation_space = gym.spaces.Box(-5.0, 5.0, (2,), np.float32)
    action_space = gym.spaces.Box(-0.5, 0.5, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        super().reset(seed=seed)
        self.position, self.steps = float(self.np_random.uniform(-2.0, 2.0)), 0
        return self._observe(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        self.position = float(np.clip(self.position + action[0], -5.0, 5.0))
        self.steps += 1
        return self._observe(), -abs(self.position), False, self.steps >= 20, {}

    def _observe(self) -> Array:
        return np.array([self.position, self.steps / 20.0], np.float32)


def make() -> Point:
    return Point()


class Seen(Point):
    """A picture of the point: a bright column where it is."""

    observation_space = gym.spaces.Box(0, 255, (36, 40, 1), np.uint8)  # type: ignore[assignment]

    def _observe(self) -> Any:
        picture = np.zeros((36, 40, 1), np.uint8)
        column = round(20 + 8 * self.position)
        picture[:, max(column - 2, 0) : column + 2] = 255
        return picture


def make_seen() -> Seen:
    return Seen()


class Images(Point):
    observation_space = gym.spaces.Box(0.0, 1.0, (8, 8, 3), np.float32)

    def _observe(self) -> Array:
        return np.zeros((8, 8, 3), np.float32)


def make_images() -> Images:
    return Images()


class Buttons(Point):
    """Left, wait and right, which are -1, 0 and 1."""

    action_space = gym.spaces.Discrete(3, start=-1)  # type: ignore[assignment]

    def step(self, action: Any) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        return super().step(np.array([0.5 * action], np.float32))


def make_buttons() -> Buttons:
    return Buttons()


class Panels(Point):
    action_space = gym.spaces.MultiDiscrete([3, 2])  # type: ignore[assignment]


def make_panels() -> Panels:
    return Panels()
