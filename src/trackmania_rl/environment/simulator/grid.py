"""The start grid: where the cars of one world stand before a race."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.vehicle import TAIL
from trackmania_rl.environment.tracks.track import Track

Floats = NDArray[np.float64]

LANE = 3.0
"""Distance between two cars side by side [m]: a car is 2 m wide (guess)."""
ROW = 6.0
"""Distance between two rows [m]: a car is 4.05 m long (guess)."""
MARGIN = 1.5
"""Least distance of a car's middle to the border [m] (guess)."""


def start_grid(track: Track, count: int) -> tuple[Floats, Floats]:
    """Places of `count` cars at the start: arc lengths and distances to the left of the centre-line [m].

    The front row stands at the spawn point, side by side about the middle; whom the road's width does not
    take stands in the rows behind, every other row in the gaps of the one before it. Where an open road
    begins too close behind the spawn point for all rows, the whole grid moves forward, at most to the
    middle of the race. One car stands exactly at the spawn point.
    """
    front = track.start
    arc, lateral = _rows(track, front, count)
    while not track.closed and arc[-1] < TAIL and front + ROW <= track.start + track.length / 2:
        front += ROW
        arc, lateral = _rows(track, front, count)
    return arc, lateral


def _rows(track: Track, front: float, count: int) -> tuple[Floats, Floats]:
    """The grid whose front row stands at the arc length `front`."""
    arcs: list[float] = []
    laterals: list[float] = []
    row = 0
    while len(arcs) < count:
        arc = front - row * ROW
        right, left = _room(track, arc)
        abreast = min(max(1, int((left + right) / LANE) + 1 - row % 2), count - len(arcs))
        half = (abreast - 1) / 2 * LANE
        middle = min(max(0.0, half - right), left - half)
        arcs += [arc] * abreast
        laterals += np.linspace(middle - half, middle + half, abreast).tolist()
        row += 1
    return np.array(arcs), np.array(laterals)


def _room(track: Track, arc: float) -> tuple[float, float]:
    """How far a car's middle may stand to the right and to the left of the centre-line [m]."""
    within = arc % track.centreline_length if track.closed else arc
    node = int(np.searchsorted(track.arc, within).clip(0, len(track.arc) - 1))
    right = max(0.0, float(track.half_width_right[node]) - MARGIN)
    left = max(0.0, float(track.half_width_left[node]) - MARGIN)
    return right, left
