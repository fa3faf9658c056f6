"""Several batches as one: rows in order, infos merged, seeds apart."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.mixture import MixedVectorEnv


def pendulums(worlds: int, steps: int) -> SyncVectorEnv:
    """Pendulums whose episodes end after `steps` steps."""
    return SyncVectorEnv(
        [lambda: gymnasium.make("Pendulum-v1", max_episode_steps=steps)] * worlds,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )


def test_rows_are_those_of_the_batches_in_order() -> None:
    mixed = MixedVectorEnv([pendulums(2, 50), pendulums(3, 50)])
    alone = pendulums(3, 50)
    first, _ = mixed.reset(seed=7)
    expected, _ = alone.reset(seed=8)
    np.testing.assert_array_equal(first[2:], expected)
    actions = np.linspace(-1, 1, 5, dtype=np.float32)[:, None]
    observation, reward, *_ = mixed.step(actions)
    np.testing.assert_array_equal(observation[2:], alone.step(actions[2:])[0])
    assert reward.shape == (5,)
    mixed.close()


def test_ends_in_one_batch_are_reported_for_its_worlds_only() -> None:
    mixed = MixedVectorEnv([pendulums(2, 3), pendulums(3, 5)])
    mixed.reset(seed=0)
    for _ in range(3):
        *_, truncated, info = mixed.step(np.zeros((5, 1), np.float32))
    assert truncated.tolist() == [True, True, False, False, False]
    assert info["_final_obs"].tolist() == [True, True, False, False, False]
    assert info["final_obs"][0].shape == (3,)
    mixed.close()


def test_different_spaces_are_refused() -> None:
    other = SyncVectorEnv([lambda: gymnasium.make("MountainCarContinuous-v0")])
    with pytest.raises(InputError, match="same spaces"):
        MixedVectorEnv([pendulums(1, 5), other])
