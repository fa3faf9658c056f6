"""Running mean and spread of the observations, so that any environment's units suit the networks."""

from __future__ import annotations

import torch
from torch import Tensor

SCALE_MIN = 1e-2
"""Least spread that an observation is divided by: a constant one stays finite (guess)."""


class Normaliser:
    """Mean and standard deviation of all observations seen (Chan et al. 1979, pairwise update)."""

    def __init__(self, observations: int, device: torch.device | str = "cpu") -> None:
        self.count = torch.zeros((), device=device)
        self.mean = torch.zeros(observations, device=device)
        self.variance = torch.ones(observations, device=device)
        self.scale = torch.ones(observations, device=device)
        self._fixed = False

    def fix(self, mean: float, scale: float) -> None:
        """Hold these for good, whatever is seen."""
        self.mean.fill_(mean)
        self.scale.fill_(scale)
        self._fixed = True

    def update(self, observation: Tensor) -> None:
        """Take in observations (B, o)."""
        if self._fixed:
            return
        variance, mean = torch.var_mean(observation, dim=0, correction=0)
        self.merge(len(observation), mean, variance)

    def merge(self, rows: int, mean: Tensor, variance: Tensor) -> None:
        """Take in so many observations of this mean and variance."""
        share = rows / (self.count + rows)
        shift = mean - self.mean
        self.count += rows
        self.mean += share * shift
        self.variance += share * (variance - self.variance + (1.0 - share) * shift.square())
        self.scale = self.variance.sqrt().clamp(min=SCALE_MIN)

    def __call__(self, observation: Tensor) -> Tensor:
        """Observations (B, o) with mean 0 and spread 1."""
        return (observation - self.mean) / self.scale

    def state_dict(self) -> dict[str, Tensor]:
        """All there is to keep."""
        return {"count": self.count, "mean": self.mean, "variance": self.variance, "scale": self.scale}

    def load_state_dict(self, saved: dict[str, Tensor]) -> None:
        """Take over what `state_dict` gave."""
        for name, tensor in self.state_dict().items():
            tensor.copy_(saved[name])
