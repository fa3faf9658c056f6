"""Metric LIDAR: exact distances from a car to the borders of its road.

The walk starts from the segment that the car remembers, so bridges and loops cannot confuse it and the
cost does not depend on the track's length. The beams lie in the car's own plane (forward, left) and
start at its centre of mass; a beam ends where it crosses a border in that plane's plan view.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.maths import bound, forward_axis, left_axis
from trackmania_rl.environment.simulator.ribbon import Node, node_vector
from trackmania_rl.environment.simulator.state import Field

wp.set_module_options(
    {"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"},
)


@wp.func
def following(node: int, segments: int, closed: int) -> int:
    """The node after `node`; -1 past the end of an open road. A circuit's last node is its first."""
    return wp.where(node < segments, node + 1, wp.where(closed > 0, 1, -1))


@wp.func
def preceding(node: int, segments: int, closed: int) -> int:
    """The node before `node`; -1 past the beginning of an open road."""
    return wp.where(node > 0, node - 1, wp.where(closed > 0, segments - 1, -1))


@wp.func
def across(beam: wp.vec2, point: wp.vec2) -> float:
    """How far a point lies to the left of a beam."""
    return beam[0] * point[1] - beam[1] * point[0]


@wp.func
def crossing(beam: wp.vec2, a: wp.vec2, b: wp.vec2, reach: float) -> float:
    """Distance along a beam to the line through a and b, at most `reach`."""
    left_a = across(beam, a)
    left_b = across(beam, b)
    distance = (wp.dot(beam, a) * left_b - wp.dot(beam, b) * left_a) / (left_b - left_a)
    return wp.clamp(distance, 0.0, reach)


@wp.func
def clearance(a: wp.vec2, b: wp.vec2) -> float:
    """Squared distance of the beams' origin from the line piece between a and b."""
    edge = b - a
    nearest = a + edge * bound(-wp.dot(a, edge) / (wp.dot(edge, edge) + 1.0e-9), 0.0, 1.0)
    return wp.dot(nearest, nearest)


@wp.kernel
def scan(
    # Model:
    nodes: wp.array(dtype=float),
    left_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    right_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    segments: int,
    closed: int,
    beams: wp.array(dtype=wp.vec2),  # (beams,) unit vectors (forward, left), from right to left
    reach: float,  # [m]
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),  # which cars to serve
    state: wp.array2d(dtype=float),
    # Out:
    lidar: wp.array2d(dtype=float),  # (cars, beams) [m]
):
    """All beams of one car in one sweep outwards.

    The lines across the road at the nodes are portals. The beams that still fly are always one interval
    of the fan: at each portal those to the right of its right end hit the right border, those to the left
    of its left end the left border. The same backwards for the beams that point behind.
    """
    i = cars[first + wp.tid()]
    count = beams.shape[0]
    rotation = wp.quat(state[Field.QX, i], state[Field.QY, i], state[Field.QZ, i], state[Field.QW, i])
    forward = forward_axis(rotation)
    left = left_axis(rotation)
    origin = wp.vec3(state[Field.X, i], state[Field.Y, i], state[Field.Z, i])
    near = int(state[Field.SEGMENT, i])
    far = near + 1

    a = left_border[near] - origin
    b = right_border[near] - origin
    c = left_border[far] - origin
    d = right_border[far] - origin
    near_left = wp.vec2(wp.dot(a, forward), wp.dot(a, left))
    near_right = wp.vec2(wp.dot(b, forward), wp.dot(b, left))
    far_left = wp.vec2(wp.dot(c, forward), wp.dot(c, left))
    far_right = wp.vec2(wp.dot(d, forward), wp.dot(d, left))
    road_left = node_vector(nodes, near, int(Node.LX))
    leftwards = wp.vec2(wp.dot(road_left, forward), wp.dot(road_left, left))

    ahead_low = int(count)
    ahead_high = int(-1)
    behind_low = int(count)
    behind_high = int(-1)
    for k in range(count):
        beam = beams[k]
        if across(beam, far_right) < 0.0 and across(beam, far_left) >= 0.0:
            ahead_low = wp.min(ahead_low, k)
            ahead_high = k
        elif across(beam, near_left) < 0.0 and across(beam, near_right) >= 0.0:
            behind_low = wp.min(behind_low, k)
            behind_high = k
        elif wp.dot(beam, leftwards) > 0.0:
            lidar[i, k] = crossing(beam, near_left, far_left, reach)
        else:
            lidar[i, k] = crossing(beam, near_right, far_right, reach)

    for way in range(2):
        low = int(ahead_low)
        high = int(ahead_high)
        node = int(far)
        at_left = far_left
        at_right = far_right
        if way == 1:  # backwards, where the road's left border is on the right of the view
            low = behind_low
            high = behind_high
            node = near
            at_left = near_right
            at_right = near_left
        steps = int(0)
        while (
            low <= high and node >= 0 and steps <= segments and clearance(at_left, at_right) < reach * reach
        ):
            steps += 1
            node = wp.where(way == 0, following(node, segments, closed), preceding(node, segments, closed))
            if node >= 0:
                a = left_border[node] - origin
                b = right_border[node] - origin
                if way == 1:
                    a = right_border[node] - origin
                    b = left_border[node] - origin
                next_left = wp.vec2(wp.dot(a, forward), wp.dot(a, left))
                next_right = wp.vec2(wp.dot(b, forward), wp.dot(b, left))
                while low <= high and across(beams[low], next_right) >= 0.0:
                    lidar[i, low] = crossing(beams[low], at_right, next_right, reach)
                    low += 1
                while low <= high and across(beams[high], next_left) < 0.0:
                    lidar[i, high] = crossing(beams[high], at_left, next_left, reach)
                    high -= 1
                at_left = next_left
                at_right = next_right
        while low <= high:
            lidar[i, low] = reach
            low += 1
