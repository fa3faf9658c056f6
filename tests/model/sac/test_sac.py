"""The losses and updates against plain autograd modules written from the paper."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.sac import Batch, Sac, SacConfig, squash

OBSERVATIONS, ACTIONS, ROWS = 5, 2, 32
CONFIG = SacConfig(hidden=(16, 16), batch=ROWS, compile=False, precision="float32", entropy_start=0.2)


def module(mlp: Mlp, parameters: Tensor, copy_index: int) -> nn.Sequential:
    """One copy of a network as torch modules."""
    views = iter(view[copy_index] for view in mlp.views(parameters))
    sizes = [mlp.inputs, *mlp.hidden, mlp.outputs]
    layers: list[nn.Module] = []
    for k in range(len(sizes) - 1):
        linear = nn.Linear(sizes[k], sizes[k + 1])
        linear.weight.data, linear.bias.data = next(views).T.clone(), next(views)[0].clone()
        layers.append(linear)
        if k < len(mlp.hidden):
            if mlp.layer_norm:
                norm = nn.LayerNorm(sizes[k + 1])
                norm.weight.data, norm.bias.data = next(views)[0].clone(), next(views)[0].clone()
                layers.append(norm)
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    return Batch(
        observation=torch.randn(ROWS, OBSERVATIONS, generator=generator),
        action=torch.rand(ROWS, ACTIONS, generator=generator) * 2 - 1,
        reward=torch.randn(ROWS, generator=generator),
        next_observation=torch.randn(ROWS, OBSERVATIONS, generator=generator),
        discount=0.9 * (torch.rand(ROWS, generator=generator) > 0.2),
    )


def sample(actor: nn.Module, observation: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """A squashed Gaussian by torch.distributions."""
    mean, log_std = actor(observation).chunk(2, dim=-1)
    std = log_std.clamp(-5.0, 2.0).exp()
    action = torch.tanh(mean + std * noise)
    squashed = TransformedDistribution(Normal(mean, std), TanhTransform())
    return action, squashed.log_prob(action.clamp(-1 + 1e-7, 1 - 1e-7)).sum(-1)


@pytest.mark.parametrize("layer_norm", [True, False])
def test_three_updates_equal_the_reference(layer_norm: bool) -> None:
    """Three whole updates give the parameters of an independent implementation with torch.optim.Adam."""
    sac = Sac(OBSERVATIONS, ACTIONS, SacConfig(**{**vars(CONFIG), "layer_norm": layer_norm}), seed=3)
    actor = module(sac.actor, sac.state.actor, 0)
    critics = nn.ModuleList(module(sac.critic, sac.state.critic, k) for k in range(2))
    targets = copy.deepcopy(critics)
    log_alpha = torch.full((1,), math.log(0.2), requires_grad=True)
    rate = CONFIG.learning_rate
    optimisers = [torch.optim.Adam(p, rate) for p in (critics.parameters(), actor.parameters(), [log_alpha])]
    noises = torch.Generator().manual_seed(3)
    data = batch()
    for _ in range(3):
        noise = torch.randn(2, ROWS, ACTIONS, generator=noises)
        sac.update(data)

        with torch.no_grad():
            action, log_prob = sample(actor, data.next_observation, noise[0])
            pair = torch.cat([data.next_observation, action], 1)
            value = torch.min(*(target(pair).squeeze(1) for target in targets)) - log_alpha.exp() * log_prob
            y = data.reward + data.discount * value
        pair = torch.cat([data.observation, data.action], 1)
        loss_critic = sum(
            (((critic(pair).squeeze(1) - y) ** 2).mean() for critic in critics), torch.zeros(())
        )
        optimisers[0].zero_grad()
        loss_critic.backward()
        optimisers[0].step()

        action, log_prob = sample(actor, data.observation, noise[1])
        pair = torch.cat([data.observation, action], 1)
        value = torch.min(*(critic(pair).squeeze(1) for critic in critics))
        loss_actor = (log_alpha.exp().detach() * log_prob - value).mean()
        optimisers[1].zero_grad()
        loss_actor.backward()
        optimisers[1].step()

        loss_alpha = -(log_alpha * (log_prob.detach().mean() - ACTIONS)).sum()
        optimisers[2].zero_grad()
        loss_alpha.backward()
        optimisers[2].step()
        with torch.no_grad():
            for old, new in zip(targets.parameters(), critics.parameters(), strict=True):
                old.lerp_(new, CONFIG.tau)

    close = {"atol": 2e-5, "rtol": 1e-4}
    for k in range(2):
        ours = module(sac.critic, sac.state.critic, k).state_dict()
        torch.testing.assert_close(ours, critics[k].state_dict(), **close)
        ours = module(sac.critic, sac.state.target, k).state_dict()
        torch.testing.assert_close(ours, targets[k].state_dict(), **close)
    torch.testing.assert_close(
        module(sac.actor, sac.state.actor, 0).state_dict(), actor.state_dict(), **close
    )
    torch.testing.assert_close(sac.state.log_alpha, log_alpha.detach(), **close)


def test_log_probability_stays_finite_at_the_edge() -> None:
    """At actions that float32 rounds to 1 the density is still that of the paper's formula in float64."""
    mean, log_std, noise = (torch.full((1, 1), value) for value in (12.0, 0.5, 1.0))
    action, log_prob = squash(mean, log_std, noise)
    u = 12.0 + math.exp(0.5)
    exact = -0.5 - 0.5 - 0.5 * math.log(2 * math.pi) - math.log(1.0 / math.cosh(u) ** 2)
    assert action.item() == 1.0
    assert log_prob.item() == pytest.approx(exact, rel=1e-5)


def test_truncated_future_counts_and_terminated_does_not() -> None:
    """A discount of zero makes the target the reward alone."""
    sac = Sac(OBSERVATIONS, ACTIONS, CONFIG)
    cut = batch()._replace(discount=torch.zeros(ROWS))
    figures = sac.update(cut)
    assert figures[3].item() == pytest.approx(cut.reward.mean().item(), abs=1e-6)


def test_random_actions_are_uniform_over_all_that_there_are() -> None:
    drawn = Sac(3, 2, SacConfig(hidden=(8,), compile=False)).random(20_000)
    assert drawn.min() >= -1.0 and drawn.max() <= 1.0
    shares = torch.histc(drawn, bins=10, min=-1.0, max=1.0) / drawn.numel()
    assert torch.allclose(shares, torch.full((10,), 0.1), atol=0.01)


def test_samples_lie_around_the_mode_on_both_sides() -> None:
    """Of the Gaussian before the tanh the mode is the median, so half of the actions are on either side."""
    sac = Sac(3, 2, SacConfig(hidden=(8,), compile=False))
    observation = torch.randn(1, 3).expand(8_000, 3)
    mode, samples = sac.act(observation, deterministic=True), sac.act(observation)
    assert torch.allclose((samples < mode).float().mean(dim=0), torch.full((2,), 0.5), atol=0.03)
    assert samples.std(dim=0).min() > 0.01


def test_state_restores_the_next_update_exactly() -> None:
    """A learner that took over a saved state continues bit for bit."""
    first, data = Sac(OBSERVATIONS, ACTIONS, CONFIG), batch()
    first.update(data)
    saved = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    second = Sac(OBSERVATIONS, ACTIONS, CONFIG, seed=99)
    second.load_state_dict(saved)
    first.update(data)
    second.update(data)
    assert torch.equal(first.state.actor, second.state.actor)
    assert torch.equal(first.state.critic, second.state.critic)


def test_bfloat16_stays_near_float32() -> None:
    """Products in bfloat16 change an update by no more than their rounding."""
    coarse = Sac(OBSERVATIONS, ACTIONS, SacConfig(**{**vars(CONFIG), "precision": "bfloat16"}))
    fine = Sac(OBSERVATIONS, ACTIONS, CONFIG)
    figures = torch.stack([coarse.update(batch()), fine.update(batch())])
    torch.testing.assert_close(figures[0], figures[1], atol=0.05, rtol=0.05)


def test_without_a_compiler_it_says_so_and_learns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    sac = Sac(OBSERVATIONS, ACTIONS, SacConfig(**{**vars(CONFIG), "compile": True}))
    before = sac.state.actor.clone()
    sac.update(batch())
    assert not torch.equal(before, sac.state.actor)
    assert [record.message for record in caplog.records if "compiler" in record.message]


def test_the_average_follows_the_actor() -> None:
    """It looks back over a tenth of the updates while they are few; a share of 1 is the actor itself."""
    sac, data = Sac(OBSERVATIONS, ACTIONS, CONFIG), batch()
    expected = sac.state.actor.clone()
    for update in range(1, 6):
        sac.update(data)
        expected += (sac.state.actor - expected) * 10.0 / (10.0 + update)
    torch.testing.assert_close(sac.state.average, expected)
    direct = Sac(OBSERVATIONS, ACTIONS, SacConfig(**{**vars(CONFIG), "average": 1.0}))
    direct.update(data)
    assert torch.equal(direct.state.average, direct.state.actor)
