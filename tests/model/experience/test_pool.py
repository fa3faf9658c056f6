"""Experience that agents share: whole, complete and once, while several write and others read."""

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from trackmania_rl.model.experience.pool import Pool, PoolConfig
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import train
from trackmania_rl.protocol.errors import InputError

WORLDS, WIDTHS = 3, [5, 2, 5]


def pool(run: str, **changes: Any) -> Pool:
    settings: dict[str, Any] = {
        "widths": WIDTHS,
        "worlds": WORLDS,
        "length": 40,
        "kind": {"env": "points:make"},
        "version": "",
        "n_step": 3,
        "gamma": 1.0,
        "seed": 0,
    }
    config = PoolConfig("p", write=changes.pop("write", True))
    return Pool(config, run, **{**settings, **changes})


def write(to: Pool, writer: int, step: int) -> None:
    """A step whose numbers all follow from who wrote it, when, and in which world."""
    mark = 100.0 * step + 10.0 * writer + torch.arange(WORLDS, dtype=torch.float32)
    rows = tuple(mark[:, None].expand(WORLDS, width) for width in WIDTHS)
    never = torch.zeros(WORLDS, dtype=torch.bool)
    to.add((rows[0], rows[1], rows[2]), mark, never, never)


def _write_for(folder: str, writer: int, steps: int, length: int) -> None:
    os.environ["TRACKMANIA_RL_DATA"] = folder
    mine = pool(f"writer-{writer}", length=length)
    enough = Path(folder) / "enough"
    for step in range(steps):
        write(mine, writer, step)
        if step % 100 == 0 and enough.exists():
            return


def _processes(data: Path, steps: int, length: int) -> list[Any]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["trackmania_rl.model.experience.pool"])
    processes = [context.Process(target=_write_for, args=(str(data), k, steps, length)) for k in range(2)]
    for process in processes:
        process.start()
    return processes


def test_nothing_is_lost_and_nothing_twice(data: Path) -> None:
    """Two processes write 2,000 steps each; a third finds every transition of both, each once."""
    for process in _processes(data, 2000, 2000):
        process.join()
    reader = pool("reader", write=False)
    found = [
        int(mark) for _, file in reader._known.values() if file for mark in file.ring.reward[:2000].view(-1)
    ]
    expected = {
        100 * step + 10 * k + world for step in range(2000) for k in range(2) for world in range(WORLDS)
    }
    assert len(found) == len(expected)
    assert set(found) == expected
    assert not list((data / "pools/p").glob("reader*"))


def test_no_step_is_torn(data: Path) -> None:
    """Rings of 51 places are overwritten again and again while they are read: every row is one writer's."""
    processes = _processes(data, 160_000, 40)  # more would not be exact as float32
    reader = pool("reader", write=False)
    drawn: set[int] = set()
    draws = 0
    while draws < 300:
        batch = reader.sample(256)
        if batch is None:
            time.sleep(0.01)
            reader._look()
            continue
        draws += 1
        mark, after = batch.observation[:, :1], batch.next_observation[:, :1]
        assert (batch.observation == mark).all()
        assert (batch.action == mark).all()
        assert (batch.next_observation == after).all()
        steps = (after - mark) / 100.0
        assert set(steps.view(-1).tolist()) <= {0.0, 1.0, 2.0}
        # A window of m neighbours sums to m times its middle.
        middle = ((steps + 1.0) * (mark + after) / 2.0)[:, 0]
        torch.testing.assert_close(batch.reward, middle, rtol=1e-6, atol=1.0)
        drawn |= set((mark // 100).view(-1).int().tolist())
    (data / "enough").touch()
    for process in processes:
        process.join()
    assert len(drawn) > 80  # the rings hold 40 at a time


def test_a_writer_that_comes_back_goes_on() -> None:
    """What was written before stays; no window reaches over the interruption."""
    first = pool("a")
    for step in range(5):
        write(first, 0, step)
    again = pool("a")
    for step in range(5, 10):
        write(again, 0, step)
    batch = pool("b", n_step=5).sample(500)
    assert batch is not None
    before = batch.observation[:, 0] < 500
    assert before.any() and not before.all()
    assert (batch.next_observation[before, 0] < 500).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": [4, 2, 4]}, r"'a' with widths \[5, 2, 5\], expected \[4, 2, 4\]"),
        ({"kind": {"env": "points:other"}}, "env points:make, expected points:other"),
    ],
)
def test_another_shape_is_refused(changes: dict[str, Any], words: str) -> None:
    pool("a")
    with pytest.raises(InputError, match=words):
        pool("b", **changes)


def test_a_later_writer_of_another_shape_is_left_out(data: Path) -> None:
    said: list[str] = []
    mine = pool("a", note=said.append)
    good = pool("b")
    write(good, 1, 1)
    (data / "pools/p/c.ring").write_bytes(b"no ring")
    mine._look()
    mine._look()
    assert len(said) == 1 and "c.ring is no ring of experience" in said[0]
    batch = mine.sample(10)
    assert batch is not None and len(batch.reward) == 10


SMALL: dict[str, Any] = {
    "env": "points:make",
    "worlds": 4,
    "hidden": [16, 16],
    "batch": 32,
    "warmup_steps": 100,
    "compile": False,
    "device": "cpu",
    "steps": 400,
    "evaluation_episodes": 1,
}


def test_a_learner_learns_from_anothers_experience(data: Path) -> None:
    """Half of the batch is the other's; a pool of another shape is told, and the training goes on."""
    train(LearnerConfig.of({**SMALL, "run": "giver", "pool": {"name": "team", "share": 0.0}}))
    taker = Learner(
        LearnerConfig.of({**SMALL, "run": "taker", "pool": {"name": "team", "write": False, "share": 0.5}})
    )
    for _ in range(30):
        taker.advance()
    batch = taker._batch()
    assert taker.pool is not None and len(batch.reward) == 32
    own = {tuple(row) for row in taker.buffer.ring.rows[: taker.buffer.filled, :, :2].reshape(-1, 2).tolist()}
    raw = batch.observation * taker.normaliser.scale + taker.normaliser.mean
    ours = sum(any(abs(a - x) + abs(b - y) < 1e-4 for x, y in own) for a, b in raw.tolist())
    assert 16 <= ours < 32
    taker.close()
    stranger = {"run": "stranger", "env": "gymnasium:Pendulum-v1", "pool": {"name": "team"}}
    progress = train(LearnerConfig.of({**SMALL, **stranger}))
    assert progress.steps == 400
    assert (
        "learns from its own experience alone: pool 'team' holds experience of 'giver'" in progress.notes[0]
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "../x"}, "pool.name"),
        ({"name": "p", "share": 1.0}, "pool.share"),
        ({"nam": "p"}, "pool.nam"),
    ],
)
def test_wrong_parts_in_a_pool_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        LearnerConfig.of({**SMALL, "pool": given})
