"""What hills do to the LIDAR: rising ground stops a beam, and behind a crest it flies over the borders.

A second pass over the distances of `lidar.scan`, which takes the world to be the plan view of the car's
plane. Here the ground has a height in that plane: at a portal it lies on the straight line between the
portal's ends, and along a beam it goes on straight from one portal to the next, and to the border at which
the beam ends. It begins as far below the beam as the car's centre of mass is above the road.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.state import Field, Frame, frame_of
from trackmania_rl.environment.simulator.walls import WALL_HEIGHT

wp.set_module_options(
    {"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"},
)

BORDER_SLACK = wp.constant(1.0e-3)
"""A distance is a border's if it falls short of it by no more than this share of it."""


@wp.func
def seen(table: wp.array(dtype=float), row: int, column: int, car: Frame) -> wp.vec3:
    """An end of a portal in the car's frame: forward, left, up [m]."""
    columns = table.shape[0] / 12
    k = row * columns + column
    apart = wp.vec3(table[k], table[k + columns], table[k + 2 * columns]) - car.origin
    return wp.vec3(wp.dot(apart, car.forward), wp.dot(apart, car.left), wp.dot(apart, car.up))


@wp.func
def aside(beam: wp.vec2, point: wp.vec3) -> float:
    """How far a point lies to the left of a beam, in plan view."""
    return beam[0] * point[1] - beam[1] * point[0]


@wp.func
def crossing(beam: wp.vec2, a: wp.vec3, b: wp.vec3) -> wp.vec2:
    """Where a beam crosses the line through a and b: the distance along it, and the height there [m]."""
    share = wp.clamp(aside(beam, a) / (aside(beam, a) - aside(beam, b)), 0.0, 1.0)
    point = a + (b - a) * share
    return wp.vec2(beam[0] * point[0] + beam[1] * point[1], point[2])


@wp.kernel
def occlude(
    # Model:
    table: wp.array(dtype=float),  # the table of Portals, row by row [m]
    lead: int,
    count: int,  # segments between portals
    of_segment: wp.array(dtype=int),
    closed: int,
    directions: wp.array(dtype=wp.vec2),  # (beams,) unit vectors (forward, left), from right to left
    reach: float,  # [m]
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),  # which cars to serve
    state: wp.array2d(dtype=float),
    # In, out:
    lidar: wp.array2d(dtype=float),  # (cars, beams) [m]
):
    """Shorten beams that rising ground stops; lengthen to `reach` those that pass over their border."""
    n, k = wp.tid()
    i = cars[first + n]
    beam = directions[k]
    car = frame_of(state, i)
    segment = of_segment[int(state[Field.SEGMENT, i])]

    # Forwards or backwards, as the scan went: rows of the table, the first column, portals to pass.
    row = int(0)
    column = lead + segment
    remaining = wp.where(closed > 0, count, count - 1 - segment)
    near_left = seen(table, 0, column, car)
    near_right = seen(table, 3, column, car)
    far_left = seen(table, 0, column + 1, car)
    far_right = seen(table, 3, column + 1, car)
    onward = aside(beam, far_right) < 0.0 and aside(beam, far_left) >= 0.0
    back = aside(beam, near_left) < 0.0 and aside(beam, near_right) >= 0.0
    if back and not onward:
        row = 6
        column = lead + count - 1 - segment
        remaining = wp.where(closed > 0, count, segment)
    at_left = seen(table, row, column, car)
    at_right = seen(table, row + 3, column, car)
    to_left = beam[0] * (near_left[0] - near_right[0]) + beam[1] * (near_left[1] - near_right[1]) > 0.0

    distance = lidar[i, k]
    before = wp.vec2(0.0, -state[Field.HEIGHT, i])
    flying = int(1)
    passed = int(0)
    while flying > 0 and before[0] < distance and passed <= remaining:
        column += 1
        left = seen(table, row, column, car)
        right = seen(table, row + 3, column, car)
        ends_right = aside(beam, right) >= 0.0
        ends_left = aside(beam, left) < 0.0
        if passed == 0 and not onward and not back:  # in its own segment
            ends_left = to_left
            ends_right = not to_left
        after = crossing(beam, left, right)
        if ends_right:
            after = crossing(beam, at_right, right)
        elif ends_left:
            after = crossing(beam, at_left, left)
        if after[1] >= 0.0:
            # The ground meets the beam on the way there.
            share = -before[1] / (after[1] - before[1])
            distance = wp.min(distance, before[0] + (after[0] - before[0]) * wp.clamp(share, 0.0, 1.0))
            flying = int(0)
        elif ends_right or ends_left:
            if after[1] < -WALL_HEIGHT and distance >= after[0] * (1.0 - BORDER_SLACK):
                distance = reach
            flying = int(0)
        before = after
        at_left = left
        at_right = right
        passed += 1
    lidar[i, k] = distance
