"""The frozen policy in NumPy: what the networks say, at little cost."""

import tracemalloc

import numpy as np
import pytest
import torch

from trackmania_rl.model.runs.checkpoint import frozen
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.policy import Policy


def policy(mlp: Mlp, parameters: torch.Tensor) -> Policy:
    low, high = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 3.0])
    zeros = torch.zeros(mlp.inputs)
    return frozen(mlp, parameters, version="test", mean=zeros, scale=zeros + 2.0, low=low, high=high)


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("rows", [1, 1024])
def test_it_does_what_the_network_says(layer_norm: bool, rows: int) -> None:
    """The same actions as PyTorch's, for one car and for many; observations stay as they were."""
    generator = torch.Generator().manual_seed(1)
    mlp = Mlp(83, 4, (64, 64), 1, layer_norm)
    parameters = mlp.initial(generator)
    parameters += 0.1 * torch.randn(mlp.size, generator=generator)
    observation = torch.randn(rows, 83, generator=generator) * 3.0
    mean = mlp(parameters, observation / 2.0)[0][:, :2]
    expected = torch.tensor([-1.0, 0.0]) + (torch.tanh(mean) + 1.0) * torch.tensor([1.0, 1.5])
    given = observation.numpy().copy()
    np.testing.assert_allclose(policy(mlp, parameters).act(given), expected, atol=2e-6)
    np.testing.assert_array_equal(given, observation)


def test_one_car_needs_little_memory() -> None:
    """A call leaves nothing behind but its action, and never needs more than a few rows at a time."""
    mlp = Mlp(83, 4)
    driver = policy(mlp, mlp.initial(torch.Generator().manual_seed(1)))
    observation = np.ones((1, 83), np.float32)
    driver.act(observation)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(100):
            driver.act(observation)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000
    assert peak - before < 8 * 256 * 4  # eight rows of the hidden layer
