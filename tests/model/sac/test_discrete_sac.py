"""Discrete actions: the losses against NumPy by hand, their gradients, and learning."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.sac.discrete_sac import DiscreteSac, actor_loss, bellman_target, critic_loss
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.sac.sac import Batch, SacConfig, State
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import train

OBSERVATIONS, CHOICES, ROWS, ALPHA = 5, 3, 8, 0.2


@pytest.fixture
def exact() -> tuple[DiscreteSac, State, Batch]:
    """A small learner, its state and a batch in float64."""
    config = SacConfig(hidden=(6, 5), batch=ROWS, precision="float32", compile=False, entropy_start=ALPHA)
    sac = DiscreteSac(OBSERVATIONS, CHOICES, config, seed=2)
    random = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64)

    state = State(*(tensor.double() for tensor in sac.state))
    shaken = {
        name: (tensor := getattr(state, name)) + 0.3 * draw(*tensor.shape)
        for name in ("actor", "critic", "target")
    }
    batch = Batch(
        observation=draw(ROWS, OBSERVATIONS),
        action=torch.eye(CHOICES, dtype=torch.float64)[torch.arange(ROWS) % CHOICES],
        reward=draw(ROWS),
        next_observation=draw(ROWS, OBSERVATIONS),
        discount=0.9 * (torch.arange(ROWS) % 4 > 0).double(),
    )
    return sac, state._replace(**shaken), batch


def test_the_losses_are_those_of_the_paper(exact: tuple[DiscreteSac, State, Batch]) -> None:
    """Sums over the actions, written out one by one, give the same three figures."""
    sac, state, batch = exact
    noise, alpha = torch.zeros(ROWS, CHOICES), float(state.log_alpha.exp())
    double, seen, later = torch.float64, batch.observation, batch.next_observation
    logits, next_logits = (sac.actor(state.actor, x, double)[0].numpy() for x in (seen, later))
    q = sac.critic(state.critic, seen, double).numpy()
    next_q = sac.critic(state.target, later, double).numpy()
    targets, critic, actor, log_prob = [], 0.0, 0.0, 0.0
    for row in range(ROWS):
        value = 0.0
        chances = np.exp(next_logits[row]) / np.exp(next_logits[row]).sum()
        for choice, chance in enumerate(chances):
            value += chance * (min(next_q[:, row, choice]) - alpha * np.log(chance))
        targets.append(float(batch.reward[row] + batch.discount[row] * value))
        for twin in q:
            critic += (twin[row, row % CHOICES] - targets[-1]) ** 2 / ROWS
        chances = np.exp(logits[row]) / np.exp(logits[row]).sum()
        for choice, chance in enumerate(chances):
            actor += chance * (alpha * np.log(chance) - min(q[:, row, choice])) / ROWS
            log_prob += chance * np.log(chance) / ROWS

    target = bellman_target(sac.actor, sac.critic, state, batch, noise, torch.float64)
    np.testing.assert_allclose(target, targets, rtol=1e-6)
    loss = critic_loss(state.critic, sac.critic, batch, target, torch.float64)
    assert float(loss) == pytest.approx(critic, rel=1e-6)
    loss, mean = actor_loss(state.actor, sac.actor, sac.critic, state, batch, noise, torch.float64)
    assert float(loss) == pytest.approx(actor, rel=1e-6)
    assert float(mean) == pytest.approx(log_prob, rel=1e-6)


def test_gradients_are_the_slopes_of_the_losses(exact: tuple[DiscreteSac, State, Batch]) -> None:
    sac, state, batch = exact
    noise = torch.zeros(ROWS, CHOICES)
    target = bellman_target(sac.actor, sac.critic, state, batch, noise, torch.float64)

    def of_critic(parameters: Tensor) -> Tensor:
        return critic_loss(parameters, sac.critic, batch, target, torch.float64)

    def of_actor(parameters: Tensor) -> Tensor:
        return actor_loss(parameters, sac.actor, sac.critic, state, batch, noise, torch.float64)[0]

    assert torch.autograd.gradcheck(of_critic, state.critic.clone().requires_grad_())
    assert torch.autograd.gradcheck(of_actor, state.actor.clone().requires_grad_())


def config(**changes: Any) -> LearnerConfig:
    small: dict[str, Any] = {
        "run": "choices", "worlds": 8, "hidden": [32, 32], "batch": 64, "n_step": 3, "warmup_steps": 400,
        "buffer": 20_000, "compile": False, "precision": "float32", "evaluate_every": 1e9,
        "checkpoint_every": 1e9, "learning_rate": 3e-3, "gamma": 0.99,
    }  # fmt: skip
    return LearnerConfig.of({**small, **changes})


def test_it_learns_to_balance_a_pole() -> None:
    """CartPole: a random policy keeps it up for about 20 steps."""
    progress = train(config(env="gymnasium:CartPole-v1", steps=7_000))
    assert progress.best is not None
    assert progress.best.return_mean > 100.0


def test_choices_keep_their_numbers(tmp_path: Path) -> None:
    """A space that begins at -1 trains; the policy from the checkpoint and its ONNX graph choose alike."""
    learner = Learner(config(env="points:make_buttons", steps=2_000))
    for _ in range(120):
        learner.advance()
    saved = checkpoints.load(learner.save())
    policy = Policy.unpack(saved.policy().pack())
    seen = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    learner.sac.state.actor.copy_(learner.sac.state.average)
    rows = learner.sac.act(learner.normaliser(torch.from_numpy(seen)), deterministic=True)
    chosen = policy.act(seen)
    np.testing.assert_array_equal(chosen, learner.actions.driven(rows))
    assert {-1, 0, 1} >= set(chosen.tolist()) and len(set(chosen.tolist())) > 1
    samples = policy.act(np.repeat(seen[:1], 4_000, axis=0), np.random.default_rng(1))
    logits = learner.sac.actor(learner.sac.state.average, learner.normaliser(torch.from_numpy(seen[:1])))
    shares = np.bincount(samples + 1, minlength=3) / 4_000
    np.testing.assert_allclose(shares, logits[0, 0].softmax(-1), atol=0.04)
    learner.close()

    onnxruntime = pytest.importorskip("onnxruntime")
    from trackmania_rl.model.export import onnx

    assert onnx.export(policy, tmp_path / "policy.onnx") == 0.0
    (action,) = onnxruntime.InferenceSession(tmp_path / "policy.onnx").run(None, {"observation": seen})
    np.testing.assert_array_equal(action, chosen)
