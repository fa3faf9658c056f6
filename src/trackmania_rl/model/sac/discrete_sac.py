"""SAC that chooses among a few actions: the critics say one Q for each, the actor a probability for each.

Christodoulou 2019, "Soft Actor-Critic for Discrete Action Settings", arXiv 1910.07207; equation numbers are
of that paper. What sac.py estimates from one sampled action is here the exact mean over all of them, so an
update needs no noise. Actions are one-hot rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from trackmania_rl.model.sac.encoder import Network
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.sac import Batch, Sac, State

ENTROPY_SHARE = 0.3
"""Entropy that alpha is adjusted to, as a share of that of choosing uniformly (guess; with the 0.98 of the
paper's code alpha grew without end on LunarLander-v3, docs/sac.md)."""


def log_policy(actor: Network, parameters: Tensor, observation: Tensor, precision: torch.dtype) -> Tensor:
    """log pi(a|s) of each action, (B, n)."""
    return functional.log_softmax(actor(parameters, observation, precision)[0], dim=-1)


def critic_loss(
    parameters: Tensor, critic: Network, batch: Batch, target: Tensor, precision: torch.dtype
) -> Tensor:
    """Soft Bellman error of the twin critics at the actions taken (Eq. 4, without its factor 1/2).

    J_Q = sum_i mean((Q_i(s)[a] - y)^2)
    """
    q = (critic(parameters, batch.observation, precision) * batch.action).sum(-1)
    return (q - target).square().mean(dim=1).sum()


def bellman_target(
    actor: Network, critic: Network, state: State, batch: Batch, noise: Tensor, precision: torch.dtype
) -> Tensor:
    """What the critics should have said (Eqs. 3 and 10, with n-step returns).

    y = r + discount * pi(s')^T (min_i Q'_i(s') - alpha * log pi(s'))
    """
    log_pi = log_policy(actor, state.actor, batch.next_observation, precision)
    q = critic(state.target, batch.next_observation, precision).amin(dim=0)
    return batch.reward + batch.discount * (log_pi.exp() * (q - state.log_alpha.exp() * log_pi)).sum(-1)


def actor_loss(
    parameters: Tensor,
    actor: Network,
    critic: Network,
    state: State,
    batch: Batch,
    noise: Tensor,
    precision: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Policy improvement (Eq. 12, with the lesser of the two critics).

        J_pi = mean(pi(s)^T (alpha * log pi(s) - min_i Q_i(s)))

    Returns:
        The loss, and the mean log-probability for the entropy's adjustment (Eq. 11).
    """
    log_pi = log_policy(actor, parameters, batch.observation, precision)
    q = critic(state.critic, batch.observation, precision).amin(dim=0)
    loss = (log_pi.exp() * (state.log_alpha.exp() * log_pi - q)).sum(-1).mean()
    return loss, (log_pi.exp() * log_pi).sum(-1).mean()


class DiscreteSac(Sac):
    """A learner's networks and their update, for `actions` actions to choose from."""

    bellman_target = staticmethod(bellman_target)
    critic_loss = staticmethod(critic_loss)
    actor_loss = staticmethod(actor_loss)

    @torch.no_grad()
    def act(self, observation: Tensor, deterministic: bool = False) -> Tensor:
        """One-hot actions (B, n) for normalised observations (B, o): the likeliest, or a sample."""
        logits = self.actor(self.state.actor, observation)[0]
        if deterministic:
            return self._one_hot(logits.argmax(dim=-1))
        return self._one_hot(torch.multinomial(logits.softmax(-1), 1, generator=self.generator).squeeze(-1))

    def random(self, rows: int) -> Tensor:
        """Uniformly random one-hot actions (rows, n)."""
        chosen = torch.randint(self.actions, (rows,), generator=self.generator, device=self.device)
        return self._one_hot(chosen)

    def _one_hot(self, chosen: Tensor) -> Tensor:
        return functional.one_hot(chosen, self.actions).float()

    def _networks(self, observations: int) -> tuple[Mlp, Mlp]:
        hidden, layer_norm = self.config.hidden, self.config.layer_norm
        actor = Mlp(observations, self.actions, hidden, 1, layer_norm)
        return actor, Mlp(observations, self.actions, hidden, 2, layer_norm)

    def _usual_entropy(self) -> float:
        return ENTROPY_SHARE * math.log(self.actions)
