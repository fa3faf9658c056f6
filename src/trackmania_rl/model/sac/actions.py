"""What an agent may do: the learner's rows of numbers, and the actions that the environment takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Actions:
    """Bounds of an environment's actions.

    Attributes:
        low: Least action, (a,), and `high` the greatest; of discrete actions 0 and 1 for each.
        first_choice: Number of the first of discrete actions; None: actions are continuous.
    """

    low: Tensor
    high: Tensor
    first_choice: int | None = None

    @staticmethod
    def of(space: Box | Discrete) -> Actions:
        """Those of an action space."""
        if isinstance(space, Discrete):
            return Actions(torch.zeros(int(space.n)), torch.ones(int(space.n)), int(space.start))
        low, high = (torch.as_tensor(bound, dtype=torch.float32) for bound in (space.low, space.high))
        return Actions(low, high)

    def __len__(self) -> int:
        """Length of a row."""
        return len(self.low)

    def driven(self, rows: Tensor) -> NDArray[Any]:
        """Rows (B, a) as the environment takes them: -1..1 in its units, the number of a one-hot choice."""
        rows = rows.cpu()
        if self.first_choice is not None:
            chosen: NDArray[np.int64] = (self.first_choice + rows.argmax(dim=-1)).numpy()
            return chosen
        scaled: NDArray[np.float32] = (self.low + (rows + 1.0) * 0.5 * (self.high - self.low)).numpy()
        return scaled
