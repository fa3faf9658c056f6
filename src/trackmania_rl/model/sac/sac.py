"""Soft Actor-Critic with twin critics and automatic entropy, from top to bottom.

Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications", arXiv 1812.05905. Equation
numbers are of that paper. Three additions: n-step returns; a running average of the actor, which is the
policy that drives (Polyak & Juditsky 1992); and one flat parameter vector per network, so that a whole
update is one function that `torch.compile` turns into one graph.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from trackmania_rl.model.sac.encoder import FEATURES, Encoder, Network, Seeing
from trackmania_rl.model.sac.networks import Mlp

log = logging.getLogger(__name__)

LOG_STD_MIN, LOG_STD_MAX = -5.0, 2.0
"""Bounds of the policy's log standard deviation, as in CleanRL's sac_continuous_action."""
AVERAGE_YOUNG = 10.0
"""The average looks back over about a tenth of the updates so far, until that is 1 / `average` (guess)."""
ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
"""Kingma & Ba 2015, arXiv 1412.6980, section 2."""


@dataclass(frozen=True)
class SacConfig:
    """What a person sets of the algorithm; the defaults are the best found (docs/sac.md)."""

    hidden: tuple[int, ...] = (128, 128)
    """Widths of the hidden layers of actor and critics."""
    layer_norm: bool = True
    batch: int = 512
    """Transitions in an update."""
    learning_rate: float = 1e-3
    """Adam's step for actor, critics and entropy."""
    gamma: float = 0.98
    """Discount per step."""
    tau: float = 0.01
    """Share of the critics that flows into their targets at each update."""
    n_step: int = 8
    """Rewards summed before the critics' estimate takes over."""
    entropy_start: float = 0.01
    """Initial weight of the entropy, alpha."""
    entropy_target: float | None = None
    """Entropy that alpha is adjusted to [nats]; if None minus the number of actions (section 6), or a
    share of the greatest possible for discrete ones (discrete_sac.py)."""
    average: float = 0.0005
    """Share of the actor that flows at each update into the average that drives; 1 lets the actor drive."""
    precision: str = "auto"
    """"float32", "bfloat16", or "auto": bfloat16 where the processor multiplies it natively."""
    compile: bool = True
    """Compile the update if the machine can; eager otherwise."""


class Batch(NamedTuple):
    """Transitions to learn from; rows of B."""

    observation: Tensor
    """(B, o), normalised."""
    action: Tensor
    """(B, a) in -1..1; one-hot where they are discrete."""
    reward: Tensor
    """(B,) discounted sum over the next n steps."""
    next_observation: Tensor
    """(B, o), normalised, n steps later."""
    discount: Tensor
    """(B,) gamma**n, and 0 where the episode terminated: only that cuts the future off, not a time limit."""


class State(NamedTuple):
    """Everything that an update changes in place. Moments are Adam's (mean, square)."""

    actor: Tensor
    critic: Tensor
    target: Tensor
    average: Tensor
    log_alpha: Tensor
    actor_moments: Tensor
    critic_moments: Tensor
    alpha_moments: Tensor
    updates: Tensor


# --- policy and losses ----------------------------------------------------------------------------


def policy(
    actor: Network, parameters: Tensor, observation: Tensor, precision: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Mean and log standard deviation (B, a) of the Gaussian before it is squashed."""
    mean, log_std = actor(parameters, observation, precision)[0].chunk(2, dim=-1)
    return mean, log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)


def squash(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Sample an action and its log-probability (Appendix C, Eq. 26).

        u = mean + std * noise,   a = tanh(u)
        log pi(a|s) = log N(u; mean, std) - sum log(1 - tanh(u)^2)

    The last term is written as 2 (log 2 - u - softplus(-2 u)), which does not lose its digits at large u.

    Returns:
        Action (B, a) in -1..1 and log-probability (B,).
    """
    u = mean + log_std.exp() * noise
    gaussian = -0.5 * noise.square() - log_std - 0.5 * math.log(2.0 * math.pi)
    jacobian = 2.0 * (math.log(2.0) - u - functional.softplus(-2.0 * u))
    return torch.tanh(u), (gaussian - jacobian).sum(-1)


def values(
    critic: Network, parameters: Tensor, observation: Tensor, action: Tensor, precision: torch.dtype
) -> Tensor:
    """Both critics' Q(s, a), (2, B), as one batched product."""
    return critic(parameters, torch.cat([observation, action], dim=-1), precision).squeeze(-1)


def critic_loss(
    parameters: Tensor, critic: Network, batch: Batch, target: Tensor, precision: torch.dtype
) -> Tensor:
    """Soft Bellman error of the twin critics (Eq. 5; the factor 1/2 is dropped, Adam does not see it).

    J_Q = sum_i mean((Q_i(s, a) - y)^2)
    """
    q = values(critic, parameters, batch.observation, batch.action, precision)
    return (q - target).square().mean(dim=1).sum()


def bellman_target(
    actor: Network, critic: Network, state: State, batch: Batch, noise: Tensor, precision: torch.dtype
) -> Tensor:
    """What the critics should have said (Eqs. 3 and 6, with n-step returns: Sutton & Barto 2018, ch. 7).

    y = r + discount * (min_i Q'_i(s', a') - alpha * log pi(a'|s')),   a' ~ pi(.|s')
    """
    mean, log_std = policy(actor, state.actor, batch.next_observation, precision)
    action, log_prob = squash(mean, log_std, noise)
    q = values(critic, state.target, batch.next_observation, action, precision).amin(dim=0)
    return batch.reward + batch.discount * (q - state.log_alpha.exp() * log_prob)


def actor_loss(
    parameters: Tensor,
    actor: Network,
    critic: Network,
    state: State,
    batch: Batch,
    noise: Tensor,
    precision: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Policy improvement (Eq. 9, with the lesser of the two critics).

        J_pi = mean(alpha * log pi(a|s) - min_i Q_i(s, a)),   a ~ pi(.|s)

    Returns:
        The loss, and the mean log-probability for the entropy's adjustment.
    """
    mean, log_std = policy(actor, parameters, batch.observation, precision)
    action, log_prob = squash(mean, log_std, noise)
    q = values(critic, state.critic, batch.observation, action, precision).amin(dim=0)
    return (state.log_alpha.exp() * log_prob - q).mean(), log_prob.mean()


def entropy_gradient(log_prob: Tensor, entropy_target: float) -> Tensor:
    """Derivative of the entropy's loss (Eq. 18, taken in log alpha so that alpha stays positive).

    J_alpha = -log(alpha) * (mean log pi + H)
    """
    return -(log_prob + entropy_target).reshape(1)


# --- one update -----------------------------------------------------------------------------------


def adam(parameters: Tensor, gradient: Tensor, moments: Tensor, updates: Tensor, rate: float) -> None:
    """Adam's step in place (Kingma & Ba 2015, algorithm 1)."""
    first, second = ADAM_BETAS
    mean, square = moments
    mean.lerp_(gradient, 1.0 - first)
    square.lerp_(gradient.square(), 1.0 - second)
    mean_hat = mean / (1.0 - first**updates)
    square_hat = square / (1.0 - second**updates)
    parameters.sub_(rate * mean_hat / (square_hat.sqrt() + ADAM_EPSILON))


class Sac:
    """A learner's networks and their update. DiscreteSac replaces its losses and what an action is.

    Args:
        observations: Length of an observation.
        actions: Length of an action.
        config: The algorithm's settings.
        image: Shape of the observations where they are images. Their encoder learns from the critics'
            loss alone, and the actor decides on what it sees (Yarats et al. 2021, arXiv 1910.01741).
        seed: Of the initial weights and of all noise.
        device: Where it learns.
        reduce: Makes one gradient of those of several learners that update together; None: this one is alone.
    """

    bellman_target = staticmethod(bellman_target)
    critic_loss = staticmethod(critic_loss)
    actor_loss = staticmethod(actor_loss)

    def __init__(
        self,
        observations: int,
        actions: int,
        config: SacConfig | None = None,
        *,
        image: tuple[int, ...] | None = None,
        seed: int = 0,
        device: torch.device | str = "cpu",
        reduce: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.config = config or SacConfig()
        self.reduce = reduce
        self.device = torch.device(device)
        self.actions = actions
        self.actor: Network
        self.critic: Network
        self.encoder = Encoder(image) if image is not None else None
        if self.encoder is None:
            self.actor, self.critic = self._networks(observations)
        else:
            actor, critic = self._networks(FEATURES)
            self.actor, self.critic = Seeing(self.encoder, actor), Seeing(self.encoder, critic, learns=True)
        self.precision = choose_precision(self.config.precision, self.device)
        target = self.config.entropy_target
        self.entropy_target = self._usual_entropy() if target is None else target
        initial = torch.Generator().manual_seed(seed)
        first_actor, first_critic = self.actor.initial(initial), self.critic.initial(initial)
        self._see_alike(first_actor, first_critic)
        state = State(
            actor=first_actor,
            critic=first_critic,
            target=first_critic.clone(),
            average=first_actor.clone(),
            log_alpha=torch.full((1,), math.log(self.config.entropy_start)),
            actor_moments=torch.zeros(2, first_actor.numel()),
            critic_moments=torch.zeros(2, first_critic.numel()),
            alpha_moments=torch.zeros(2, 1),
            updates=torch.zeros(()),
        )
        self.state = State(*(tensor.to(self.device) for tensor in state))
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._step = self._compiled_step() if self.config.compile else self.step

    @torch.no_grad()
    def update(self, batch: Batch) -> Tensor:
        """Learn from one batch: critics, actor, entropy, targets.

        Returns:
            (4,) critic loss, actor loss, policy's entropy, mean Q; left on the device, nothing waits for it.
        """
        noise = torch.randn(2, len(batch.reward), self.actions, generator=self.generator, device=self.device)
        return self._step(self.state, batch, noise)

    @torch.no_grad()
    def act(self, observation: Tensor, deterministic: bool = False) -> Tensor:
        """Actions (B, a) in -1..1 for normalised observations (B, o): the mode, or a sample."""
        mean, log_std = policy(self.actor, self.state.actor, observation, torch.float32)
        if deterministic:
            return torch.tanh(mean)
        noise = torch.randn(mean.shape, generator=self.generator, device=self.device)
        return torch.tanh(mean + log_std.exp() * noise)

    def random(self, rows: int) -> Tensor:
        """Uniformly random actions (rows, a) in -1..1."""
        shape = (rows, self.actions)
        return torch.rand(shape, generator=self.generator, device=self.device) * 2.0 - 1.0

    def step(self, state: State, batch: Batch, noise: Tensor) -> Tensor:
        """The update as a function of tensors alone; changes `state` in place."""
        config, precision = self.config, self.precision
        state.updates.add_(1.0)

        target = self.bellman_target(self.actor, self.critic, state, batch, noise[0], precision)
        gradient, loss_critic = torch.func.grad_and_value(self.critic_loss)(
            state.critic, self.critic, batch, target, precision
        )
        adam(state.critic, self._common(gradient), state.critic_moments, state.updates, config.learning_rate)
        self._see_alike(state.actor, state.critic)

        gradient, (loss_actor, log_prob) = torch.func.grad_and_value(self.actor_loss, has_aux=True)(
            state.actor, self.actor, self.critic, state, batch, noise[1], precision
        )
        adam(state.actor, self._common(gradient), state.actor_moments, state.updates, config.learning_rate)

        gradient = entropy_gradient(log_prob, self.entropy_target)
        adam(
            state.log_alpha, self._common(gradient), state.alpha_moments, state.updates, config.learning_rate
        )

        state.target.lerp_(state.critic, config.tau)
        young = AVERAGE_YOUNG / (AVERAGE_YOUNG + state.updates)
        state.average.lerp_(state.actor, young.clamp(min=config.average))
        return torch.stack([loss_critic, loss_actor, -log_prob, target.mean()])

    def _common(self, gradient: Tensor) -> Tensor:
        return gradient if self.reduce is None else self.reduce(gradient)

    def state_dict(self) -> dict[str, Tensor]:
        """Everything that learning goes on from: parameters, moments and the noise's generator."""
        return {**self.state._asdict(), "generator": self.generator.get_state()}

    def load_state_dict(self, saved: dict[str, Tensor]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: A tensor is missing or has another shape.
        """
        saved = {"average": saved["actor"], **saved}  # files of before it was kept
        for name, tensor in self.state._asdict().items():
            if name not in saved:
                raise ValueError(f"{name} is missing, the checkpoint can only drive")
            if saved[name].shape != tensor.shape:
                raise ValueError(
                    f"{name} has shape {tuple(saved[name].shape)}, expected {tuple(tensor.shape)}"
                )
            tensor.copy_(saved[name])
        self.generator.set_state(saved["generator"].cpu())

    def _see_alike(self, actor: Tensor, critic: Tensor) -> None:
        """The actor takes over the critics' encoder."""
        if self.encoder is not None:
            actor[-self.encoder.size :] = critic[-self.encoder.size :]

    def _networks(self, observations: int) -> tuple[Mlp, Mlp]:
        """The shapes of actor and critics."""
        hidden, layer_norm = self.config.hidden, self.config.layer_norm
        actor = Mlp(observations, 2 * self.actions, hidden, 1, layer_norm)
        return actor, Mlp(observations + self.actions, 1, hidden, 2, layer_norm)

    def _usual_entropy(self) -> float:
        """Entropy that alpha is adjusted to, if nobody says [nats] (section 6)."""
        return -float(self.actions)

    def _compiled_step(self) -> Step:
        """`step` as one compiled graph, tried out on copies; `step` itself where that does not work."""
        if self.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            log.warning("No C++ compiler found: the learner runs uncompiled, at about half the speed.")
            return self.step
        compiled: Step = torch.compile(self.step, fullgraph=self.reduce is None, dynamic=False)
        observations, actions, rows = self.actor.inputs, self.actions, self.config.batch
        lengths = (observations, actions, None, observations, None)
        zeros = (torch.zeros((rows, k) if k else (rows,), device=self.device) for k in lengths)
        try:
            with torch.no_grad():
                noise = torch.zeros(2, rows, actions, device=self.device)
                compiled(State(*(tensor.clone() for tensor in self.state)), Batch(*zeros), noise)
        except Exception as error:  # the compiler's failures have no common type
            log.warning("The update did not compile (%s): the learner runs uncompiled.", type(error).__name__)
            return self.step
        return compiled


class Step(Protocol):
    """An update as a function of tensors alone; see `Sac.step`."""

    def __call__(self, state: State, batch: Batch, noise: Tensor) -> Tensor:
        """Change `state` in place; return the four figures."""


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The type of the matrix products: bfloat16 where it is native, unless one is named."""
    named = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    if name in named:
        return named[name]
    if name != "auto":
        raise ValueError(f"precision is {name!r}, expected float32, bfloat16 or auto")
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    features = Path("/proc/cpuinfo")
    native = features.exists() and any(flag in features.read_text() for flag in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if native else torch.float32
