"""A track: a ribbon of road along a centre-line, as the simulator drives it and the viewer draws it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

NODE_SPACING = 1.0
"""Longest distance between neighbouring nodes along the centre-line [m]."""


class Surface(IntEnum):
    """What the wheels roll on."""

    ASPHALT = 0
    DIRT = 1
    GRASS = 2
    ICE = 3
    PLASTIC = 4
    NONE = 5
    """No road: cars fly, or fall."""


class Border(IntEnum):
    """What stands at the edge of the road."""

    WALL = 0
    """A barrier: cars hit it, LIDAR sees it."""
    OPEN = 1
    """Nothing: cars fall off."""
    GRASS = 2
    """A verge of grass at road height."""


@dataclass(frozen=True)
class Booster:
    """A turbo pad across the whole road.

    Attributes:
        begin: Arc length where it begins [m].
        end: Arc length where it ends [m].
        factor: Multiple of the engine's acceleration that it adds (5 for the yellow pad).
    """

    begin: float
    end: float
    factor: float = 5.0


@dataclass(frozen=True, eq=False)
class Track:
    """A ribbon of road: n nodes at most NODE_SPACING apart, and what stands along it.

    World frame: metres, right-handed, y up, as the game records it. The frame of a node is
    orthonormal with left = up x tangent.

    Attributes:
        id: Short name used in commands and addresses, e.g. "sprint".
        name: Title for people, e.g. "First Sprint".
        closed: True for a circuit (the last node joins the first), False for start-to-finish.
        position: Centre-line on the road surface [m], (n, 3).
        tangent: Unit vector of driving direction, (n, 3).
        left: Unit vector in the road plane to the left, (n, 3).
        up: Unit normal of the road, (n, 3).
        half_width_left: Distance from the centre-line to the left border [m], (n,).
        half_width_right: Distance from the centre-line to the right border [m], (n,).
        surface: Surface at each node, (n,).
        border_left: Border on the left at each node, (n,).
        border_right: Border on the right at each node, (n,).
        start: Arc length of the spawn point, the car's origin at rest [m].
        finish: Arc length at which the nose of a car finishes [m]; for a circuit start + one lap.
        checkpoints: Arc lengths of the checkpoints between start and finish [m], ascending.
        boosters: Turbo pads.
        author: Who made it.
        author_time: The author's time for it [s], or None.
    """

    id: str
    name: str
    closed: bool
    position: Floats
    tangent: Floats
    left: Floats
    up: Floats
    half_width_left: Floats
    half_width_right: Floats
    surface: Bytes
    border_left: Bytes
    border_right: Bytes
    start: float
    finish: float
    checkpoints: tuple[float, ...] = ()
    boosters: tuple[Booster, ...] = ()
    author: str = ""
    author_time: float | None = None

    @cached_property
    def arc(self) -> Floats:
        """Arc length of each node along the centre-line, 0 at the first [m], (n,)."""
        steps = np.linalg.norm(np.diff(self.position.astype(np.float64), axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)]).astype(np.float32)

    @cached_property
    def centreline_length(self) -> float:
        """Length of the whole centre-line, the closing piece of a circuit included [m]."""
        gap = float(np.linalg.norm(self.position[0] - self.position[-1])) if self.closed else 0.0
        return float(self.arc[-1]) + gap

    @property
    def length(self) -> float:
        """Race distance from the spawn point to the finish, along the centre-line [m]."""
        return self.finish - self.start

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything that a drive depends on; names do not count."""
        digest = hashlib.sha256()
        for field in fields(self):
            if field.name in ("id", "name", "author", "author_time"):
                continue
            value = getattr(self, field.name)
            digest.update(field.name.encode())
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
        return digest.hexdigest()
