"""Parallel environments of PettingZoo as a batch of worlds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box

from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.multiagent import ParallelVectorEnv, find


class Countdown:
    """Two agents; the first one is out after three steps, the second would go on."""

    possible_agents = ["first", "second"]  # noqa: RUF012
    render_mode = None

    def observation_space(self, agent: str) -> Box:
        return Box(-1e6, 1e6, (2,), np.float32)

    def action_space(self, agent: str) -> Box:
        return Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.seed = self.seed + 1000 if seed is None else seed
        self.count = 0
        return self._seen(), {}

    def step(self, actions: dict[str, Any]) -> Any:
        self.count += 1
        rewards = {agent: float(action[0]) for agent, action in actions.items()}
        over = {"first": self.count == 3, "second": False}
        return self._seen(), rewards, over, {"first": False, "second": False}, {}

    def close(self) -> None:
        pass

    def _seen(self) -> dict[str, Any]:
        return {agent: np.array([self.seed, self.count], np.float32) for agent in self.possible_agents}


def test_every_agent_is_a_world_and_a_round_ends_for_all() -> None:
    envs = ParallelVectorEnv(Countdown, 4)
    observations, _ = envs.reset(seed=5)
    np.testing.assert_array_equal(observations[:, 0], [5, 5, 6, 6])
    actions = np.array([[0.1], [0.2], [0.3], [0.4]], np.float32)
    for _ in range(2):
        *_, terminated, truncated, info = envs.step(actions)
        assert not terminated.any() and not truncated.any() and info == {}
    observations, rewards, terminated, truncated, info = envs.step(actions)
    np.testing.assert_allclose(rewards, actions[:, 0])
    np.testing.assert_array_equal(terminated, [True, False, True, False])
    np.testing.assert_array_equal(truncated, [False, True, False, True])
    np.testing.assert_array_equal(np.stack(info["final_obs"])[:, 1], 3)
    np.testing.assert_array_equal(observations, [[1005, 0]] * 2 + [[1006, 0]] * 2)


def test_our_race_is_one_of_them() -> None:
    envs = make_vector_env(
        "pettingzoo:trackmania_rl.environment.parallel", 6, track="sprint", cars=3, contact=False
    )
    observations, _ = envs.reset(seed=1)
    assert observations.shape == (6, *envs.single_observation_space.shape)
    assert envs.step(np.tile(np.float32([1, -1, 0]), (6, 1)))[1].shape == (6,)
    envs.close()


def test_wrong_names_say_what_is_wrong() -> None:
    with pytest.raises(InputError, match="no parallel_env"):
        find("json")
    with pytest.raises(InputError, match=r"no module sisl\.nothing, nor pettingzoo\.sisl\.nothing"):
        find("sisl.nothing")
    with pytest.raises(InputError, match="takes no option wheels"):
        make_vector_env("pettingzoo:trackmania_rl.environment.parallel", 4, wheels=3)
