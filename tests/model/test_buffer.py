"""The ring and its n-step returns against a slow, plain account of the same steps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.model.buffer import ReplayBuffer

GAMMA = 0.9
ZERO, ONE = torch.zeros(1), torch.ones(1)


def fill(buffer: ReplayBuffer, steps: int, seed: int = 0) -> list[list[tuple[float, bool, bool]]]:
    """Put in steps whose observation is (world, time) and whose next one is (world, time + 0.5)."""
    random = np.random.default_rng(seed)
    story = []
    for time in range(steps):
        reward = random.normal(size=buffer.worlds).astype(np.float32)
        terminated, truncated = random.random((2, buffer.worlds)) < 0.15
        world = torch.arange(buffer.worlds, dtype=torch.float32)
        now = torch.stack([world, torch.full_like(world, time)], 1)
        after = now + torch.tensor([0.0, 0.5])
        buffer.add(
            now, now[:, 1:], torch.from_numpy(reward), after, *map(torch.from_numpy, (terminated, truncated))
        )
        story.append(list(zip(reward.tolist(), terminated.tolist(), truncated.tolist(), strict=True)))
    return story


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), steps=st.integers(1, 40), capacity=st.integers(1, 60), seed=st.integers(0, 1000))
def test_samples_equal_the_plain_account(n: int, steps: int, capacity: int, seed: int) -> None:
    """Return, discount and bootstrap state of every sample, across ends and the ring's edge."""
    buffer = ReplayBuffer(capacity, 3, 2, 1, n_step=n, gamma=GAMMA, seed=seed)
    story = fill(buffer, steps, seed)
    batch = buffer.sample(64, torch.zeros(2), torch.ones(2))
    oldest = max(0, steps - buffer.length)
    for row in range(64):
        world, time = (int(value) for value in batch.observation[row])
        assert oldest <= time < steps
        expected, weight, terminated = 0.0, 1.0, False
        for last in range(time, min(time + n, steps)):
            reward, terminated, truncated = story[last][world]
            expected += weight * reward
            weight *= GAMMA
            if terminated or truncated:
                break
        assert batch.reward[row].item() == pytest.approx(expected, abs=1e-5)
        assert batch.discount[row].item() == pytest.approx(0.0 if terminated else weight, abs=1e-6)
        assert batch.next_observation[row].tolist() == [world, last + 0.5]


def test_every_kept_step_is_drawn() -> None:
    """A full ring gives all of its steps and none that it has overwritten."""
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA)
    fill(buffer, 37)
    drawn = {int(time) for time in buffer.sample(2000, torch.zeros(2), torch.ones(2)).observation[:, 1]}
    assert len(buffer) == 20
    assert drawn == set(range(27, 37))


@pytest.mark.parametrize("steps", [4, 37])
def test_saved_buffer_draws_the_same(steps: int) -> None:
    """Restored from its state, partly filled or wrapped, the buffer gives the same batches."""
    first = ReplayBuffer(20, 2, 2, 1, n_step=3, gamma=GAMMA)
    fill(first, steps)
    second = ReplayBuffer(20, 2, 2, 1, n_step=3, gamma=GAMMA, seed=5)
    second.load_state_dict(first.state_dict())
    for a, b in zip(first.sample(50, ZERO, ONE), second.sample(50, ZERO, ONE), strict=True):
        assert torch.equal(a, b)


def test_a_cut_ends_the_window() -> None:
    """Steps before an interruption never bootstrap from steps after it."""
    buffer = ReplayBuffer(100, 1, 2, 1, n_step=5, gamma=GAMMA)
    no = torch.zeros(1, dtype=torch.bool)
    for time in range(6):
        if time == 3:
            buffer.cut()
        now = torch.tensor([[0.0, float(time)]])
        buffer.add(now, now[:, 1:], torch.ones(1), now, no, no)
    batch = buffer.sample(200, ZERO, ONE)
    before = batch.observation[:, 1] < 3
    assert (batch.next_observation[before, 1] <= 2).all()
    assert (batch.discount[before] > 0).all()


def test_a_foreign_state_is_refused() -> None:
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA)
    other = ReplayBuffer(20, 4, 2, 1, n_step=2, gamma=GAMMA)
    with pytest.raises(ValueError, match="the settings ask for"):
        buffer.load_state_dict(other.state_dict())
