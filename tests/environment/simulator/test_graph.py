"""The captured step: the same bytes as the plain one, on memory that PyTorch shares."""

from __future__ import annotations

import numpy as np
import pytest
import warp as wp
from tests.environment.simulator.conftest import esses

from trackmania_rl.environment.simulator.graph import StepGraph
from trackmania_rl.environment.simulator.simulator import Simulator

torch = pytest.importorskip("torch")


def pair(device: str, **options: int) -> tuple[StepGraph, Simulator, np.ndarray]:
    """A captured step and a simulator like its own, with actions for both."""
    graph = StepGraph(Simulator(esses(), 40, device=device, **options))
    plain = Simulator(esses(), 40, device=device, **options)
    random = np.random.default_rng(3)
    return graph, plain, random.uniform([0, -3, -1], [1, 1, 1], (plain.cars, 3)).astype(np.float32)


@pytest.mark.parametrize("cars_per_world", [1, 3])
def test_the_captured_step_gives_the_same_bytes(cars_per_world: int) -> None:
    graph, plain, action = pair("cpu", cars_per_world=cars_per_world)
    tensors = graph.tensors()
    tensors["action"].copy_(torch.from_numpy(action))
    for _ in range(20):
        graph.step()
        plain.step(action)
    assert graph.simulator.full_state().tobytes() == plain.full_state().tobytes()
    assert tensors["lidar"].numpy().tobytes() == plain.lidar().tobytes()
    assert tensors["horizon"].numpy().tobytes() == plain.horizon().tobytes()


def test_tensors_are_the_memory_itself() -> None:
    """No copy in either direction: what the step writes appears in tensors made before it."""
    graph, _, action = pair("cpu")
    tensors = graph.tensors()
    for name, tensor in tensors.items():
        assert tensor.data_ptr() == getattr(graph, name).ptr
    tensors["action"][:] = torch.from_numpy(action)
    assert np.array_equal(graph.action.numpy(), action)
    before = tensors["horizon"].clone()
    graph.step()
    graph.step()
    assert not torch.equal(before, tensors["horizon"])


@pytest.mark.gpu
def test_the_captured_step_runs_on_cuda() -> None:
    """One second of it ends where the CPU does, within 2 cm: CUDA contracts, so only to rounding."""
    if not wp.is_cuda_available():
        pytest.skip("no CUDA device")
    graph, _, action = pair("cuda")
    _, here, _ = pair("cpu")
    tensors = graph.tensors()
    tensors["action"].copy_(torch.from_numpy(action))
    for _ in range(20):
        graph.step()
        here.step(action)
    wp.synchronize_device("cuda")
    assert graph.simulator.poses()[:, :3] == pytest.approx(here.poses()[:, :3], abs=0.02)
    close = np.abs(tensors["lidar"].cpu().numpy() - here.lidar()) < 0.1
    assert close.mean() > 0.99
