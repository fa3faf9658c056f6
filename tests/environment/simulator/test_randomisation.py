"""Worlds that differ: within their ranges, from episode to episode, and the same again from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.environment.simulator.conftest import esses, straight

from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.randomisation import PRESETS
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.protocol.errors import InputError

STRENGTHS = [Field.GRIP, Field.POWER, Field.BRAKING, Field.STEERING]
FORWARDS = np.float32([1.0, -1.0, 0.0])


def test_each_episode_draws_within_its_ranges() -> None:
    """All worlds differ from one another and from their last episode; the mean is the ranges' middle."""
    env = TrackVectorEnv(400, track=straight(), randomise="strong")
    env.reset(seed=1)
    first = env.simulator.full_state()[STRENGTHS]
    env.reset()
    second = env.simulator.full_state()[STRENGTHS]
    strong = PRESETS["strong"]
    for row, (low, high) in zip(
        first, [strong.grip, strong.power, strong.braking, strong.steering], strict=True
    ):
        assert low <= row.min() < row.max() <= high
        assert row.mean() == pytest.approx((low + high) / 2, abs=0.05)
    assert not (first == second).any(axis=1).all()


@pytest.mark.parametrize("observation", ["lidar", "camera"])
def test_a_seed_repeats_the_draws(observation: str) -> None:
    """The same bytes for the same seed, others for another."""

    def drive(seed: int) -> bytes:
        env = TrackVectorEnv(4, track=esses(), observation=observation, randomise="strong", weather="rain")
        seen = [env.reset(seed=seed)[0]]
        seen += [env.step(np.tile(FORWARDS, (4, 1)))[0] for _ in range(6)]
        return np.stack(seen).tobytes()

    assert drive(3) == drive(3) != drive(4)


def test_a_stronger_engine_is_felt() -> None:
    """Half the power is slower; grip in the rain is the product of both."""
    env = TrackVectorEnv(
        2, track=straight(), randomise={"power": (0.5, 1.0), "grip": (0.5, 0.5)}, weather="rain"
    )
    env.reset(seed=2)
    for _ in range(30):
        env.step(np.tile(FORWARDS, (2, 1)))
    state = env.simulator.full_state()
    power = state[Field.POWER]
    assert power[0] != power[1]
    assert (env.simulator.speed[0] > env.simulator.speed[1]) == (power[0] > power[1])
    assert (state[Field.GRIP] < 0.5).all() and (state[Field.GRIP] > 0.3).all()


def test_each_world_has_its_own_delay() -> None:
    """A car moves in the step after as many as were drawn for it, and not before."""
    env = TrackVectorEnv(60, track=straight(), randomise={"delay": (0, 3)})
    env.reset(seed=5)
    begun = np.full(60, -1)
    for step in range(5):
        env.step(np.tile(FORWARDS, (60, 1)))
        begun[(begun < 0) & (env.simulator.speed > 0.1)] = step
    assert sorted(set(begun.tolist())) == [0, 1, 2, 3]


@pytest.mark.parametrize("lidar", ["metric", "screen"])
def test_noise_and_cameras_of_their_own_blur_what_cars_at_one_place_see(lidar: Any) -> None:
    """Without it all scans are equal; with it they scatter and stay in the space."""
    plain = TrackVectorEnv(50, track=esses(), lidar=lidar)
    noisy = TrackVectorEnv(
        50, track=esses(), lidar=lidar, randomise={"lidar_noise": (0.05, 0.05), "camera": (1, 1)}
    )
    same, scattered = plain.reset(seed=0)[0], noisy.reset(seed=0)[0]
    assert (same == same[0]).all()
    assert noisy.observation_space.contains(scattered)
    spread = scattered[:, 1:20].std(axis=0) / scattered[:, 1:20].mean(axis=0)
    assert 0.02 < np.median(spread) < 0.2


@pytest.mark.parametrize(
    "wrong",
    ["wild", {"speed": (1, 2)}, {"grip": (2, 1)}, {"grip": 1.0}, {"delay": (0, 99)}, {"grip": ("a", 1)}],
)
def test_what_is_no_range_is_refused_in_words(wrong: Any) -> None:
    """The message names it."""
    with pytest.raises(InputError, match="randomise"):
        TrackVectorEnv(1, track=straight(), randomise=wrong)
