"""A policy in the form of TMRL (0.7), whose own program then drives it in the game.

A .tmod file is `torch.save` of the plain state dict of TMRL's SquashedGaussianMLPActor (custom_models.py),
which TMRL loads with `weights_only`. Its network is fixed: raw observations, two hidden layers of 256 with
ReLU, heads for mean and log standard deviation, tanh. Normalisation is folded into the first layer; a
network of another shape, or with layer norm, teaches one of that shape first.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor

from trackmania_rl.model.runs.checkpoint import Checkpoint
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.policy import Array
from trackmania_rl.model.sac.sac import LOG_STD_MAX, LOG_STD_MIN, adam
from trackmania_rl.protocol.errors import InputError

HIDDEN = (256, 256)
"""Hidden layers of TMRL's actor."""
INTERFACES = {"TrackMania/Lidar-v0": ("TM20LIDAR", 83), "TrackMania/Progress-v0": ("TM20LIDARPROGRESS", 84)}
"""TMRL's interface and the length of its observation, by environment of ours with the same observation."""
BATCH = 256
RATES = 1e-3, 1e-5
"""Adam's step when distilling, at the beginning and at the end of a cosine (guess)."""
LOG_STD_WEIGHT = 0.01
"""Weight of the log standard deviation's error: TMRL tests without noise (guess)."""
HELD_OUT = 10
"""Every so many-th observation is kept from the pupil and tells its error."""
SAMPLES = 256
"""Observations that the folded network is compared on."""


def check(saved: Checkpoint, *, force: bool = False) -> str:
    """Whether TMRL's actor can drive by what this policy drives by.

    Args:
        saved: The policy.
        force: Let distances in metres pass.

    Returns:
        TMRL's name of the interface, for its config.json.

    Raises:
        InputError: The policy observes or does something else.
    """
    if saved.env not in INTERFACES:
        raise InputError(
            f"the policy drives {saved.env}, expected one of {', '.join(INTERFACES)}: TMRL's actor "
            "observes nothing else"
        )
    interface, observations = INTERFACES[saved.env]
    if saved.observations != observations:
        raise InputError(
            f"the policy observes {saved.observations} numbers, {interface} gives {observations}: train it "
            "with 19 beams and without weather_observation"
        )
    if not (len(saved.low) == 3 and bool((saved.low == -1).all()) and bool((saved.high == 1).all())):
        raise InputError("the policy's actions are not gas, brake and steering of -1..1, as TMRL's are")
    if saved.env_options.get("lidar", "metric") != "screen" and not force:
        raise InputError(
            "the policy was trained on a LIDAR in metres, TMRL's counts pixels on the screen: train with "
            """--set 'env_options={"lidar": "screen"}', or pass --force for a file that cannot drive there"""
        )
    return interface


def foldable(saved: Checkpoint) -> bool:
    """Whether the network has TMRL's shape, so that the file is exact."""
    return tuple(saved.config["hidden"]) == HIDDEN and not saved.config["layer_norm"]


def fold(saved: Checkpoint) -> dict[str, Tensor]:
    """The state dict of TMRL's actor: normalisation in the first layer, weights as (outputs, inputs).

        W' = W / scale,   b' = b - mean / scale . W

    Args:
        saved: A policy of TMRL's shape, see `foldable`.
    """
    views = _shape(saved).views(saved.actor.detach().cpu().double())
    weights, biases = [view[0].T for view in views[0::2]], [view[0, 0] for view in views[1::2]]
    mean, scale = saved.normaliser["mean"].cpu().double(), saved.normaliser["scale"].cpu().double()
    weights[0] = weights[0] / scale
    biases[0] = biases[0] - weights[0] @ mean
    actions = len(saved.low)
    tensors = {
        "net.0": (weights[0], biases[0]),
        "net.2": (weights[1], biases[1]),
        "mu_layer": (weights[2][:actions], biases[2][:actions]),
        "log_std_layer": (weights[2][actions:], biases[2][actions:]),
    }
    return {
        f"{layer}.{name}": tensor.float().contiguous().clone()
        for layer, pair in tensors.items()
        for name, tensor in zip(("weight", "bias"), pair, strict=True)
    }


def act(state: dict[str, Tensor], observation: Array) -> Array:
    """What TMRL's actor does in test mode: actions (n, 3) for raw observations (n, o)."""
    x = torch.from_numpy(observation)
    for layer in ("net.0", "net.2"):
        x = torch.relu(torch.nn.functional.linear(x, state[f"{layer}.weight"], state[f"{layer}.bias"]))
    mean = torch.nn.functional.linear(x, state["mu_layer.weight"], state["mu_layer.bias"])
    action: Array = torch.tanh(mean).numpy()
    return action


def difference(saved: Checkpoint, state: dict[str, Tensor]) -> float:
    """Greatest difference of an action between policy and file, over random observations."""
    policy = saved.policy()
    noise = np.random.default_rng(0).standard_normal((SAMPLES, policy.observations), np.float32)
    observation = policy.mean + policy.scale * noise
    return float(np.abs(act(state, observation) - policy.act(observation)).max())


def packed(state: dict[str, Tensor]) -> bytes:
    """The file's content."""
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


# --- a pupil of TMRL's shape ----------------------------------------------------------------------


@dataclass(frozen=True)
class Pupil:
    """A policy of TMRL's shape that does what another does.

    Attributes:
        checkpoint: The policy.
        error: Root mean square of its actions' errors on observations that it was not taught.
    """

    checkpoint: Checkpoint
    error: float


def distil(
    teacher: Checkpoint,
    envs: VectorEnv[Any, Any, Any],
    *,
    samples: int,
    updates: int,
    seed: int = 0,
    on_progress: Callable[[float], None] | None = None,
) -> Pupil:
    """Teach a network of TMRL's shape in two turns (DAgger: Ross et al. 2011, arXiv 1011.0686).

    First on observations that the teacher meets, then also on those to which the pupil's own errors lead.

    Args:
        teacher: What to do.
        envs: Worlds to gather observations in.
        samples: Observations gathered in each turn.
        updates: Updates in each turn.
        seed: Of worlds, noise and weights.
        on_progress: Called with the share that is done, 0..1.
    """
    said = on_progress or (lambda share: None)
    mlp = Mlp(teacher.observations, 2 * len(teacher.low), HIDDEN, 1, layer_norm=False)
    pupil = dataclasses.replace(
        teacher,
        config={**teacher.config, "hidden": list(HIDDEN), "layer_norm": False},
        sac={"actor": mlp.initial(torch.Generator().manual_seed(seed))},
        learner=None,
    )
    observations: list[Array] = []
    for turn, driver in enumerate((teacher, pupil)):
        observations.append(_driven(driver, envs, samples, seed + turn))
        _imitate(teacher, pupil, np.concatenate(observations), updates, seed + turn)
        said((turn + 1) / 2)
    seen = np.concatenate(observations)[::HELD_OUT]
    errors = pupil.policy().act(seen) - teacher.policy().act(seen)
    return Pupil(pupil, float(np.sqrt(np.mean(np.square(errors)))))


def _driven(driver: Checkpoint, envs: VectorEnv[Any, Any, Any], samples: int, seed: int) -> Array:
    """At least `samples` observations (n, o) of a policy that drives, in half of the worlds without noise."""
    policy, generator = driver.policy(), np.random.default_rng(seed)
    observation, _ = envs.reset(seed=seed)
    seen = []
    for _ in range(-(-samples // envs.num_envs)):
        observation = np.asarray(observation, np.float32)
        seen.append(observation)
        action = policy.act(observation, generator)
        action[::2] = policy.act(observation[::2])
        observation, *_ = envs.step(action)
    return np.concatenate(seen)


def _imitate(teacher: Checkpoint, pupil: Checkpoint, observations: Array, updates: int, seed: int) -> None:
    """Fit the pupil's parameters in place to the teacher's actions and spread, by Adam.

    mean((tanh(m) - tanh(m_teacher))^2) + LOG_STD_WEIGHT * mean((s - s_teacher)^2)
    """
    x = torch.from_numpy(observations)
    x = (x - teacher.normaliser["mean"].cpu()) / teacher.normaliser["scale"].cpu()
    x = x[torch.arange(len(x)) % HELD_OUT != 0]
    mean, log_std = _shape(teacher)(teacher.actor.cpu(), x)[0].chunk(2, dim=-1)
    action, log_std = torch.tanh(mean), log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)
    mlp, parameters = _shape(pupil), pupil.actor

    def loss(parameters: Tensor, rows: Tensor) -> Tensor:
        said_mean, said_log_std = mlp(parameters, x[rows])[0].chunk(2, dim=-1)
        error = (torch.tanh(said_mean) - action[rows]).square().mean()
        return error + LOG_STD_WEIGHT * (said_log_std - log_std[rows]).square().mean()

    generator = torch.Generator().manual_seed(seed)
    moments, count = torch.zeros(2, parameters.numel()), torch.zeros(())
    first, last = RATES
    for update in range(updates):
        rows = torch.randint(len(x), (BATCH,), generator=generator)
        rate = last + (first - last) * 0.5 * (1.0 + float(np.cos(np.pi * update / updates)))
        count += 1.0
        adam(parameters, torch.func.grad(loss)(parameters, rows), moments, count, rate)


def _shape(saved: Checkpoint) -> Mlp:
    config = saved.config
    return Mlp(
        saved.observations, 2 * len(saved.low), tuple(config["hidden"]), 1, layer_norm=config["layer_norm"]
    )
