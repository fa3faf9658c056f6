"""The ring and its n-step returns against a slow, plain account of the same steps."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.model.experience.buffer import ReplayBuffer, saved_file
from trackmania_rl.model.experience.ring import Ring
from trackmania_rl.protocol.errors import InputError

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
        ended = torch.from_numpy(terminated | truncated)
        buffer.add((now, now[:, 1:], after), torch.from_numpy(reward), torch.from_numpy(terminated), ended)
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


def test_steps_at_once_are_as_steps_one_by_one() -> None:
    single, whole = (ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA) for _ in range(2))
    fill(single, 7)
    fill(whole, 3)
    later = Ring.empty(4, 2, 5, torch.device("cpu"))
    single.ring.copy(3, 7, later, 0)
    whole.extend(later)
    assert (len(whole), whole.written) == (len(single), single.written) == (14, 7)
    for mine, its in zip(whole.ring.columns, single.ring.columns, strict=True):
        assert torch.equal(mine[:7], its[:7])


def test_a_cut_after_a_save_is_in_the_file_too(tmp_path: Path) -> None:
    """What a resumed run adds does not follow what came before it, for whoever resumes it again either."""
    first = ReplayBuffer(40, 2, 2, 1, n_step=3, gamma=GAMMA, folder=tmp_path)
    fill(first, 5)
    first.save()
    first.cut()
    fill(first, 4)
    second = ReplayBuffer(40, 2, 2, 1, n_step=3, gamma=GAMMA, folder=tmp_path)
    second.load(first.save())
    assert torch.equal(second.ring.ended[:8], first.ring.ended[:8])
    assert second.ring.ended[4].all()


def test_what_is_drawn_is_normalised() -> None:
    mean, scale = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 4.0])
    plain, scaled = (ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA, seed=3) for _ in range(2))
    fill(plain, 9)
    fill(scaled, 9)
    before = plain.sample(30, torch.zeros(2), torch.ones(2))
    after = scaled.sample(30, mean, scale)
    assert torch.equal(after.observation, (before.observation - mean) / scale)
    assert torch.equal(after.next_observation, (before.next_observation - mean) / scale)
    assert torch.equal(after.reward, before.reward)


def test_every_kept_step_is_drawn() -> None:
    """A full ring gives all of its steps and none that it has overwritten."""
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA)
    fill(buffer, 37)
    drawn = {int(time) for time in buffer.sample(2000, torch.zeros(2), torch.ones(2)).observation[:, 1]}
    assert len(buffer) == 20
    assert drawn == set(range(27, 37))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, {0: [0, 1, 2], 1: [3, 4, 0]}),  # the last world is filled up from the beginning
        (6, {0: [0, 1, 2], 1: [3, 4, 5]}),
        (11, {0: [3, 4, 5, 6], 1: [7, 8, 9, 10]}),  # room for eight: the first three are left out
    ],
)
def test_experience_of_elsewhere_lies_in_runs_of_neighbours(given: int, kept: dict[int, list[int]]) -> None:
    buffer = ReplayBuffer(8, 2, 2, 1, n_step=1, gamma=GAMMA)
    number = torch.arange(given, dtype=torch.float32)
    never = torch.zeros(given, dtype=torch.bool)
    buffer.fill(number[:, None].repeat(1, 5), 10.0 * number, never, never)
    assert len(buffer) == sum(map(len, kept.values()))
    for world, numbers in kept.items():
        assert buffer.ring.rows[: len(numbers), world, 0].tolist() == numbers
        assert buffer.ring.reward[: len(numbers), world].tolist() == [10.0 * row for row in numbers]


@pytest.mark.parametrize("place", ["memory", "file"])
@pytest.mark.parametrize("steps", [4, 37])
def test_saved_buffer_draws_the_same(steps: int, place: Literal["memory", "file"], tmp_path: Path) -> None:
    """Restored from its file, partly filled or wrapped, the buffer gives the same batches."""
    first = ReplayBuffer(20, 2, 2, 1, n_step=3, gamma=GAMMA, folder=tmp_path, place=place)
    fill(first, steps)
    second = ReplayBuffer(20, 2, 2, 1, n_step=3, gamma=GAMMA, seed=5, folder=tmp_path, place=place)
    second.load(first.save())
    first.cut()
    for a, b in zip(first.sample(50, ZERO, ONE), second.sample(50, ZERO, ONE), strict=True):
        assert torch.equal(a, b)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), place=st.sampled_from(["memory", "file"]))
def test_any_saved_state_survives_what_comes_after_it(
    data: st.DataObject, place: Literal["memory", "file"]
) -> None:
    """Saves, losses of what came after, and further steps: the buffer holds the newest steps, each once."""
    with TemporaryDirectory() as folder:

        def make() -> ReplayBuffer:
            return ReplayBuffer(24, 2, 2, 1, n_step=2, gamma=GAMMA, folder=Path(folder), place=place)

        buffer, told, kept = make(), [0], [0]
        state = buffer.save()
        for number in range(1, 1 + data.draw(st.integers(1, 12))):
            for _ in range(data.draw(st.integers(0, 30))):
                if buffer.full:
                    state, kept = buffer.save(), list(told)
                    buffer.forget_older()
                told.append(len(told) + 1000 * number)
                value = torch.full((2, 1), float(told[-1]))
                no = torch.zeros(2, dtype=torch.bool)
                pair = value.expand(2, 2)
                buffer.add((pair, value, pair), value[:, 0], no, no)
            if data.draw(st.booleans()):
                state, kept = buffer.save(), list(told)
                buffer.forget_older()
            if data.draw(st.booleans()):  # killed: only the file is left
                buffer, told = make(), list(kept)
                buffer.load(state)
            order = torch.arange(buffer.written - buffer.filled, buffer.written) % buffer.ring.places
            assert buffer.ring.reward[order, 1].tolist() == told[1:][-buffer.length :]


def test_saving_again_writes_only_what_is_new(tmp_path: Path) -> None:
    """What is in the file stays as it is, whatever became of it in memory."""
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    fill(buffer, 5)
    buffer.save()
    buffer.ring.reward[:5] = 7.0
    fill(buffer, 2)
    file = saved_file(tmp_path, buffer.save())
    assert not (file.ring.reward[:5] == 7.0).any()
    assert torch.equal(file.ring.rows[5:7], buffer.ring.rows[5:7])


def test_another_capacity_takes_the_newest_steps(tmp_path: Path) -> None:
    first = ReplayBuffer(40, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    fill(first, 33)
    second = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path, place="file")
    second.load(first.save())
    assert set(second.ring.rows[: second.filled, 0, 1].tolist()) == set(range(23, 33))
    third = ReplayBuffer(40, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    third.load(second.save())
    third.forget_older()
    assert third.save()["filled"] == 10
    assert third.save()["wrapped"]


def test_a_cut_ends_the_window() -> None:
    """Steps before an interruption never bootstrap from steps after it."""
    buffer = ReplayBuffer(100, 1, 2, 1, n_step=5, gamma=GAMMA)
    no = torch.zeros(1, dtype=torch.bool)
    for time in range(6):
        if time == 3:
            buffer.cut()
        now = torch.tensor([[0.0, float(time)]])
        buffer.add((now, now[:, 1:], now), torch.ones(1), no, no)
    batch = buffer.sample(200, ZERO, ONE)
    before = batch.observation[:, 1] < 3
    assert (batch.next_observation[before, 1] <= 2).all()
    assert (batch.discount[before] > 0).all()


def test_a_foreign_state_is_refused(tmp_path: Path) -> None:
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    other = ReplayBuffer(20, 4, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    with pytest.raises(ValueError, match="the settings ask for"):
        buffer.load(other.save())


@pytest.mark.parametrize("content", [b"", b"no ring", b"TMRLRING" + bytes(8000)])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    buffer = ReplayBuffer(20, 2, 2, 1, n_step=2, gamma=GAMMA, folder=tmp_path)
    state = buffer.save()
    (tmp_path / state["file"]).write_bytes(content)
    with pytest.raises(InputError, match="is no ring of experience"):
        buffer.load(state)
