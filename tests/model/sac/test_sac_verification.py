"""The losses' gradients against finite differences; a whole update against Stable-Baselines3's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.sac import (
    Batch,
    Sac,
    SacConfig,
    State,
    actor_loss,
    bellman_target,
    critic_loss,
    entropy_gradient,
)

OBSERVATIONS, ACTIONS, ROWS, GAMMA, ALPHA = 4, 2, 6, 0.97, 0.2


def batch(rows: int, dtype: torch.dtype) -> Batch:
    generator = torch.Generator().manual_seed(7)
    done = torch.rand(rows, generator=generator) < 0.25
    return Batch(
        observation=torch.randn(rows, OBSERVATIONS, generator=generator).to(dtype),
        action=(torch.rand(rows, ACTIONS, generator=generator) * 2 - 1).to(dtype),
        reward=torch.randn(rows, generator=generator).to(dtype),
        next_observation=torch.randn(rows, OBSERVATIONS, generator=generator).to(dtype),
        discount=(GAMMA * ~done).to(dtype),
    )


def learner(hidden: tuple[int, ...], layer_norm: bool, rows: int) -> Sac:
    config = SacConfig(
        hidden=hidden, layer_norm=layer_norm, batch=rows, gamma=GAMMA, n_step=1, entropy_start=ALPHA,
        learning_rate=3e-4, precision="float32", compile=False,
    )  # fmt: skip
    return Sac(OBSERVATIONS, ACTIONS, config, seed=5)


@pytest.fixture(params=[True, False], ids=["layer norm", "plain"])
def exact(request: pytest.FixtureRequest) -> tuple[Sac, State, Batch, Tensor]:
    """A small learner, its state, a batch and noise in float64."""
    sac = learner((5, 4), request.param, ROWS)
    random = torch.Generator().manual_seed(1)

    def shaken(tensor: Tensor) -> Tensor:
        """Fresh biases are zero, which puts the layers behind dead units on the kink of their ReLU."""
        return tensor.double() + 0.1 * torch.randn(tensor.shape, generator=random, dtype=torch.float64)

    state = State(*(tensor.double() for tensor in sac.state))
    state = state._replace(**{name: shaken(getattr(state, name)) for name in ("actor", "critic", "target")})
    noise = torch.randn(2, ROWS, ACTIONS, generator=random, dtype=torch.float64)
    return sac, state, batch(ROWS, torch.float64), noise


def test_critic_gradient_is_the_slope_of_its_loss(exact: tuple[Sac, State, Batch, Tensor]) -> None:
    sac, state, data, noise = exact
    target = bellman_target(sac.actor, sac.critic, state, data, noise[0], torch.float64)

    def loss(parameters: Tensor) -> Tensor:
        return critic_loss(parameters, sac.critic, data, target, torch.float64)

    assert torch.autograd.gradcheck(loss, state.critic.requires_grad_())


def test_actor_gradient_is_the_slope_of_its_loss(exact: tuple[Sac, State, Batch, Tensor]) -> None:
    sac, state, data, noise = exact

    def loss(parameters: Tensor) -> Tensor:
        return actor_loss(parameters, sac.actor, sac.critic, state, data, noise[1], torch.float64)[0]

    assert torch.autograd.gradcheck(loss, state.actor.requires_grad_())


def test_entropy_gradient_is_the_slope_of_its_loss() -> None:
    """Eq. 18 in log alpha: J = -log alpha * (mean log pi + H)."""
    log_prob, target, step = torch.tensor(1.7, dtype=torch.float64), -2.0, 1e-6

    def loss(log_alpha: float) -> float:
        return -log_alpha * (float(log_prob) + target)

    slope = (loss(-1.6 + step) - loss(-1.6 - step)) / (2 * step)
    assert entropy_gradient(log_prob, target).item() == pytest.approx(slope, rel=1e-6)


def linears(network: nn.Module) -> list[nn.Linear]:
    return [part for part in network.modules() if isinstance(part, nn.Linear)]


def load(network: list[nn.Linear], mlp: Mlp, parameters: Tensor, copy: int) -> None:
    """Our parameters into a peer's layers."""
    views: Iterator[Tensor] = iter(view[copy] for view in mlp.views(parameters))
    for layer in network:
        layer.weight.data.copy_(next(views).T)
        layer.bias.data.copy_(next(views)[0])


def flat(network: list[nn.Linear]) -> Tensor:
    """A peer's layers in the order of our flat vector, one copy."""
    return torch.cat([part for layer in network for part in (layer.weight.T.reshape(-1), layer.bias)])


def ours(mlp: Mlp, parameters: Tensor, copy: int) -> Tensor:
    return torch.cat([view[copy].reshape(-1) for view in mlp.views(parameters)])


def test_losses_and_update_equal_stable_baselines3() -> None:
    """The same weights, batch and noise give Stable-Baselines3's losses and parameters."""
    sb3 = pytest.importorskip("stable_baselines3", reason="the group bench is not installed")
    import gymnasium
    import numpy as np
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.type_aliases import ReplayBufferSamples

    class Spaces(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (OBSERVATIONS,), np.float32)
        action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float32)

    rows = 64
    data, sac = batch(rows, torch.float32), learner((32, 32), layer_norm=False, rows=rows)
    peer = sb3.SAC(
        "MlpPolicy", Spaces(), policy_kwargs={"net_arch": [32, 32]}, gamma=GAMMA, device="cpu",
        ent_coef=f"auto_{ALPHA}", learning_rate=sac.config.learning_rate, tau=sac.config.tau,
    )  # fmt: skip
    actor = [*linears(peer.actor.latent_pi)]
    heads = (peer.actor.mu, peer.actor.log_std)
    joined = nn.Linear(32, 2 * ACTIONS)
    load([*actor, joined], sac.actor, sac.state.actor, 0)
    for head, weight, bias in zip(heads, joined.weight.chunk(2), joined.bias.chunk(2), strict=True):
        head.weight.data.copy_(weight)
        head.bias.data.copy_(bias)
    critics, targets = (
        [linears(q) for q in critic.q_networks] for critic in (peer.critic, peer.critic_target)
    )
    for copy in range(2):
        load(critics[copy], sac.critic, sac.state.critic, copy)
        load(targets[copy], sac.critic, sac.state.target, copy)

    samples = ReplayBufferSamples(
        observations=data.observation,
        actions=data.action,
        next_observations=data.next_observation,
        dones=(data.discount == 0).float()[:, None],
        rewards=data.reward[:, None],
    )

    class OneBatch:
        """A buffer that holds one batch."""

        def sample(self, batch_size: int, env: Any = None) -> ReplayBufferSamples:
            return samples

    peer.replay_buffer = OneBatch()
    logger = Logger(folder=None, output_formats=[])
    peer.set_logger(logger)
    # The factor 1/2 of its critics' loss halves the gradient; with half the epsilon Adam does not see it.
    peer.critic.optimizer.param_groups[0]["eps"] /= 2.0
    for _ in range(2):  # the second update also depends on the moments and the targets of the first
        torch.manual_seed(11)
        # Stable-Baselines3 draws the noise of the actor's loss before that of the Bellman target.
        noise = [torch.normal(torch.zeros(rows, ACTIONS), torch.ones(rows, ACTIONS)) for _ in range(2)]
        log_alpha = sac.state.log_alpha.item()
        figures = sac.step(sac.state, data, torch.stack(noise[::-1]))
        torch.manual_seed(11)
        peer.train(gradient_steps=1, batch_size=rows)
        said = logger.name_to_value
        # Its log-probability adds 1e-6 inside a logarithm, which ours does not need.
        assert figures[0].item() == pytest.approx(2.0 * said["train/critic_loss"], rel=1e-5, abs=1e-5)
        assert figures[1].item() == pytest.approx(said["train/actor_loss"], rel=1e-5, abs=1e-5)
        loss_alpha = -log_alpha * (-figures[2].item() + sac.entropy_target)
        assert loss_alpha == pytest.approx(said["train/ent_coef_loss"], rel=1e-5, abs=1e-5)

    close = {"atol": 1e-5, "rtol": 1e-5}
    for copy in range(2):
        torch.testing.assert_close(ours(sac.critic, sac.state.critic, copy), flat(critics[copy]), **close)
        torch.testing.assert_close(ours(sac.critic, sac.state.target, copy), flat(targets[copy]), **close)
    mean, log_std = heads
    joined.weight.data = torch.cat([mean.weight, log_std.weight])
    joined.bias.data = torch.cat([mean.bias, log_std.bias])
    torch.testing.assert_close(ours(sac.actor, sac.state.actor, 0), flat([*actor, joined]), **close)
    torch.testing.assert_close(sac.state.log_alpha, peer.log_ent_coef.detach(), **close)
    assert not math.isclose(float(sac.state.log_alpha.exp()), ALPHA, rel_tol=1e-5)
