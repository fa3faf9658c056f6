"""Checkpoints: a policy with everything it was trained with, as plain tensors, numbers and strings."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from trackmania_rl.model.sac.encoder import FEATURES, LAYERS, Encoder, Network, Seeing
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.policy import Convolution, Layer, Policy, Sight
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import whole

FORMAT = "trackmania-rl checkpoint 1"
"""First field of every checkpoint; the number is raised when older readers cannot read it."""
FOLDER = "checkpoints"
LEARNER = "learner.pt"
"""In a run's folder: the newest checkpoint with counters and generators, from which the run goes on; it
names the file that the buffer lies in."""
BEST = "best.pt"
"""In the folder of checkpoints: the policy with the best frozen evaluation."""
AGE = "age-{steps:012d}.pt"
"""In the folder of checkpoints: the policy as it was after so many steps; it can only drive."""
AGES_MAX = 12
"""Ages kept of a run."""


def now() -> str:
    """The time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Result:
    """A frozen policy's evaluation: of all episodes the share that finished, return, lap times [s]."""

    episodes: int
    finish_rate: float | None
    """None where the environment does not say whether an episode finished."""
    return_mean: float
    completion: float | None = None
    """Mean share of the track, 0..1."""
    lap_time_best: float | None = None
    lap_time_median: float | None = None

    @property
    def rank(self) -> tuple[float, float, float]:
        """Greater is better: finishing counts first, then the median lap, then the return."""
        lap = -self.lap_time_median if self.lap_time_median is not None else -np.inf
        return self.finish_rate or 0.0, lap, self.return_mean


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        agent_id: Whose it is.
        env: Environment that it was trained on.
        env_options: Options of that environment, which may shape the observation.
        track: Its track, and `track_hash` that track's content.
        low: Least action, (a,), and `high` the greatest; of discrete actions 0 and 1 for each.
        config: The learner's settings by name.
        steps: Environment steps, over all worlds, that it has learned from.
        updates: Updates of its networks.
        sac: State of the networks and optimisers.
        normaliser: Mean and spread of the observations.
        result: Its frozen evaluation, if it had one.
        saved: When, ISO 8601.
        learner: Counters, the buffer's generator and where its steps lie; only in learner.pt.
        env_version: What the environment said of its version, e.g. of its physics.
        first_choice: Number of the first of discrete actions; None: actions are continuous.
        image: Shape of its observations if they are images.
    """

    agent_id: str
    env: str
    env_options: dict[str, Any]
    track: str
    track_hash: str
    low: Tensor
    high: Tensor
    config: dict[str, Any]
    steps: int
    updates: int
    sac: dict[str, Tensor]
    normaliser: dict[str, Tensor]
    result: Result | None = None
    saved: str = field(default_factory=now)
    learner: dict[str, Any] | None = None
    env_version: str = ""
    first_choice: int | None = None
    image: tuple[int, ...] | None = None

    @property
    def observations(self) -> int:
        """Length of an observation."""
        return len(self.normaliser["mean"])

    @property
    def actor(self) -> Tensor:
        """Parameters of the actor that drives: the average over updates, where the file has one."""
        return self.sac.get("average", self.sac["actor"])

    def policy(self) -> Policy:
        """The actor that drives, frozen."""
        encoder = Encoder(tuple(self.image)) if self.image is not None else None
        mlp = Mlp(
            inputs=self.observations if encoder is None else FEATURES,
            outputs=len(self.low) * (2 if self.first_choice is None else 1),
            hidden=tuple(self.config["hidden"]),
            layer_norm=self.config["layer_norm"],
        )
        return frozen(
            mlp if encoder is None else Seeing(encoder, mlp),
            self.actor,
            version=f"{self.agent_id}:{self.steps}",
            mean=self.normaliser["mean"],
            scale=self.normaliser["scale"],
            low=self.low,
            high=self.high,
            first_choice=self.first_choice,
        )

    def slim(self) -> Checkpoint:
        """The same without what only learning needs: a tenth of the size, it can only drive."""
        return dataclasses.replace(self, sac={"actor": self.actor.clone()}, learner=None)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        content = {"format": FORMAT, **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)}}
        content["result"] = dataclasses.asdict(self.result) if self.result else None
        with whole(path) as file:
            torch.save(content, file)


def ages(folder: Path) -> list[Path]:
    """The ages of the run in `folder`, youngest policy first."""
    return sorted((folder / FOLDER).glob(AGE.partition("{")[0] + "*.pt"))


def keep_age(checkpoint: Checkpoint, folder: Path) -> None:
    """Keep a policy as an age of the run in `folder`; of too many, the one between the closest two goes.

    So the ages stay spread over the training, with the first and the newest among them.
    """
    checkpoint.slim().save(folder / FOLDER / AGE.format(steps=checkpoint.steps))
    kept = ages(folder)
    if len(kept) > AGES_MAX:
        steps = [_age(path) for path in kept]
        gaps = [after - before for before, after in zip(steps, steps[2:], strict=False)]
        kept[1 + gaps.index(min(gaps))].unlink()


def forget_ages_after(folder: Path, steps: int) -> None:
    """Drop the ages after a step: the run goes on from its checkpoint there."""
    for path in ages(folder):
        if _age(path) > steps:
            path.unlink()


def _age(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def frozen(
    network: Network,
    parameters: Tensor,
    *,
    version: str,
    first_choice: int | None = None,
    **arrays: Tensor,
) -> Policy:
    """An actor's parameters as a policy in NumPy; `arrays` are mean, scale, low and high."""
    parameters = parameters.detach().cpu().clone()
    if isinstance(network, Seeing):
        deciding, seeing = torch.split(parameters, [network.mlp.size, network.encoder.size])
        blind = frozen(network.mlp, deciding, version=version, first_choice=first_choice, **arrays)
        return dataclasses.replace(blind, sight=_sight(network.encoder, seeing))
    views = iter(view[0].numpy() for view in network.views(parameters))
    layers = []
    for layer in range(len(network.hidden) + 1):
        normed = network.layer_norm and layer < len(network.hidden)
        layers.append(Layer(*(next(views) for _ in range(4 if normed else 2))))
    copies = {name: array.detach().cpu().numpy().copy() for name, array in arrays.items()}
    return Policy(version=version, layers=layers, first_choice=first_choice, sight=None, **copies)


def _sight(encoder: Encoder, parameters: Tensor) -> Sight:
    """An encoder's parameters in NumPy."""
    *kernels, weight, bias, gain, shift = (view.numpy() for view in encoder.views(parameters))
    return Sight(
        shape=encoder.shape,
        channels_first=encoder.channels_first,
        convolutions=[
            Convolution(kernel, bias, stride)
            for (_, _, stride), kernel, bias in zip(LAYERS, kernels[::2], kernels[1::2], strict=True)
        ],
        features=Layer(weight, bias[None], gain[None], shift[None]),
    )


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        InputError: There is no such file, or it is no checkpoint of ours.
    """
    if not path.is_file():
        raise InputError(f"checkpoint {path} does not exist: expected a .pt file that training wrote")
    foreign = f"{path} is no checkpoint of TrackMania RL: expected a .pt file that training wrote"
    try:
        content: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(foreign) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(foreign)
    fields = {name: value for name, value in content.items() if name != "format"}
    try:
        if fields["result"] is not None:
            fields["result"] = msgspec.convert(fields["result"], Result)
        return Checkpoint(**fields)
    except (TypeError, KeyError, msgspec.ValidationError) as error:
        raise InputError(foreign) from error


SENSES = ("observation", "lidar", "beams", "lidar_range", "weather_observation")
"""Options of our environments that change what the numbers of an observation mean."""


def senses(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an environment's options that say what its observations mean."""
    return {name: options[name] for name in SENSES if options.get(name) is not None}


def differing_environment(saved: Checkpoint, env: str, options: Mapping[str, Any]) -> str | None:
    """Why a policy does not fit an environment, though it may observe as many numbers; None if it does."""
    if saved.env != env:
        return (
            f"was trained on {saved.env} and does not know what {env} observes: use {saved.env}, or a policy "
            f"of {env}"
        )
    here, there = senses(options), senses(saved.env_options)
    for name in SENSES:
        mine, its = here.get(name), there.get(name)
        if mine != its:
            default = "the default"
            return (
                f"was trained with {name}={default if its is None else repr(its)}, "
                f"not with {name}={default if mine is None else repr(mine)}: "
                "give env_options as it was trained with"
            )
    return None


def differing_version(saved: Checkpoint, version: str) -> str | None:
    """In words: the checkpoint is of another version of its environment. None if not, or if it says none."""
    if not saved.env_version or not version or saved.env_version == version:
        return None
    return f"was made with version {saved.env_version} of {saved.env}, this is version {version}"
