"""The state of cars that are put on the road."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.attitude import quaternions
from trackmania_rl.environment.simulator.ribbon import Node, Ribbon
from trackmania_rl.environment.simulator.state import FIELDS, Field
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, CENTRE_HEIGHT, HALF_WIDTH, gear_at

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def spawned(ribbon: Ribbon, start: float, arc: Doubles, lateral: Doubles, speed: Floats) -> Floats:
    """States (FIELDS, n) of n cars that point along the road with all wheels on it.

    Args:
        ribbon: The road.
        start: Arc length of the spawn point, from which progress counts [m].
        arc: Arc lengths of the cars' origins [m].
        lateral: Distances to the left of the centre-line [m]; a car beyond a border stands beside it.
        speed: Forward speeds [m/s].
    """
    nodes = ribbon.nodes
    centre = arc + CENTRE_FORWARD
    lap = np.floor(centre / ribbon.length) if ribbon.closed else np.zeros_like(centre)
    within = centre - lap * ribbon.length
    knots = nodes[:, Node.ARC]
    segment = np.clip(np.searchsorted(knots, within, side="right") - 1, 0, ribbon.segments - 1)
    share = ((within - knots[segment]) / nodes[segment, Node.LENGTH])[:, None]

    def at(column: int, size: int = 3) -> Doubles:
        values = nodes[:, column : column + size].astype(np.float64)
        return np.asarray(values[segment] * (1 - share) + values[segment + 1] * share)

    position, left, up = at(Node.PX), at(Node.LX), at(Node.UX)
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    up -= left * np.sum(left * up, axis=1, keepdims=True)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    forward = np.cross(left, up)
    room_left = at(Node.WIDTH_LEFT, 1)[:, 0] - HALF_WIDTH
    room_right = at(Node.WIDTH_RIGHT, 1)[:, 0] - HALF_WIDTH
    lateral = np.clip(lateral, -np.maximum(room_right, 0), np.maximum(room_left, 0))

    state = np.zeros((FIELDS, len(arc)), np.float32)
    state[Field.X : Field.Z + 1] = (position + left * lateral[:, None] + up * CENTRE_HEIGHT).T
    state[Field.QX : Field.QW + 1] = quaternions(left, up, forward).T
    state[Field.VX : Field.VZ + 1] = (forward * speed[:, None]).T
    state[Field.GEAR] = gear_at(speed)
    state[Field.PROGRESS] = state[Field.FURTHEST] = arc - start
    state[Field.SEGMENT] = segment
    state[Field.LAP] = lap
    state[Field.LATERAL] = lateral
    state[Field.HEIGHT] = CENTRE_HEIGHT
    state[Field.CONTACTS] = 4
    return state
