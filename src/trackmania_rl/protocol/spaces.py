"""Spaces of Gymnasium as messages, and back."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol import messages
from trackmania_rl.protocol.errors import InputError

INFINITE = 3.4e38
"""Bounds of a space from here on mean infinity, which JSON has not."""


def space(description: messages.Space) -> gymnasium.Space[Any]:
    """A Gymnasium space from its description."""
    if description.kind == "discrete":
        return gymnasium.spaces.Discrete(description.n, start=description.start)
    dtype = np.dtype(description.dtype)
    low, high = (
        _bound(bound, description.shape).astype(dtype) for bound in (description.low, description.high)
    )
    return gymnasium.spaces.Box(low, high, dtype=dtype.type)


def describe(space: gymnasium.Space[Any]) -> messages.Space:
    """The description of a Gymnasium space.

    Raises:
        InputError: It is neither Box nor Discrete.
    """
    if isinstance(space, gymnasium.spaces.Discrete):
        return messages.Space(
            kind="discrete", shape=[], dtype=str(space.dtype), n=int(space.n), start=int(space.start)
        )
    if not isinstance(space, gymnasium.spaces.Box):
        raise InputError(f"the space {space} does not travel over the wire, expected a Box or a Discrete")
    low, high = (
        np.clip(bound.astype(np.float64).ravel(), -INFINITE, INFINITE).tolist()
        for bound in (space.low, space.high)
    )
    return messages.Space(
        kind="box",
        shape=list(space.shape),
        dtype=str(space.dtype),
        low=low[0] if len(set(low)) == 1 else low,
        high=high[0] if len(set(high)) == 1 else high,
    )


def _bound(bound: list[float] | float, shape: list[int]) -> NDArray[np.float64]:
    values = np.broadcast_to(np.asarray(bound, np.float64), (int(np.prod(shape)),)).reshape(shape)
    return np.where(np.abs(values) < INFINITE, values, np.copysign(np.inf, values))
