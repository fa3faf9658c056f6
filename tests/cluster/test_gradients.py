"""Learners that have parts of a batch learn as one that has it all."""

import multiprocessing
from typing import Any

import pytest
import torch

pytest.importorskip("ray", reason="Ray is not installed: pip install 'trackmania-rl[cluster]'")
from trackmania_rl.cluster import gradients
from trackmania_rl.model.sac.sac import Batch, Sac, SacConfig

ROWS = 64


def updated(rows: slice, reduce: Any = None) -> torch.Tensor:
    """The actor after three updates with these rows of the same batches and noise."""
    torch.set_num_threads(1)
    config = SacConfig(hidden=(16, 16), compile=False, precision="float32")
    sac = Sac(3, 1, config, seed=1, reduce=reduce)
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        shapes = ((ROWS, 3), (ROWS, 1), (ROWS,), (ROWS, 3), (ROWS,))
        batch = Batch(*(torch.rand(shape, generator=generator)[rows] for shape in shapes))
        noise = torch.randn(2, ROWS, 1, generator=generator)[:, rows]
        with torch.no_grad():
            sac.step(sac.state, batch, noise)
    return sac.state.actor


def other(port: int, answers: Any) -> None:
    gradients.join(gradients.meeting("127.0.0.1", port), 1, 2, "gloo")
    answers.put(updated(slice(ROWS // 2, None), gradients.average).numpy())
    gradients.leave()


@pytest.mark.cluster
def test_halves_of_a_batch_teach_two_learners_what_the_whole_teaches_one() -> None:
    processes = multiprocessing.get_context("spawn")
    answers = processes.Queue()
    store = gradients.meeting("127.0.0.1")
    process = processes.Process(target=other, args=(store.port, answers), daemon=True)
    process.start()
    gradients.join(store, 0, 2, "gloo")
    mine = updated(slice(0, ROWS // 2), gradients.average)
    theirs = torch.from_numpy(answers.get(timeout=50.0))
    gradients.leave()
    process.join(10.0)
    assert torch.equal(mine, theirs)
    torch.testing.assert_close(mine, updated(slice(None)), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(mine, updated(slice(0, ROWS // 2)), rtol=1e-4, atol=1e-5)


def test_nccl_only_where_each_has_a_gpu_of_its_own() -> None:
    seat = gradients.Seat
    assert gradients.backend([seat("a", "GPU-1"), seat("b", "GPU-1")]) == "nccl"
    assert gradients.backend([seat("a", "GPU-1"), seat("a", "GPU-1")]) == "gloo"
    assert gradients.backend([seat("a", "GPU-1"), seat("b", "cpu")]) == "gloo"
