"""What a car senses of the course of the road ahead, and of itself.

The walk along the road starts from the segment that the car remembers, so bridges and loops cannot confuse
it and the cost does not depend on the track's length.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import warp as wp

from trackmania_rl.environment.simulator.maths import bound
from trackmania_rl.environment.simulator.ribbon import COLUMNS, Node, node_vector
from trackmania_rl.environment.simulator.state import Field, frame_of

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.launches import Sensor
    from trackmania_rl.environment.simulator.simulator import Simulator

wp.set_module_options(
    {"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"},
)

BODY = 17
"""Numbers that `body` senses of each car."""
SURFACE_GRIP = np.array([1.0, 0.65, 0.45, 0.28, 1.0, 1.0], np.float32)
"""What a car feels of the grip of each surface, 1 where there is none to slide on: guesses that policies have
learnt with, and which later fits of the physics have left behind."""


def horizon(simulator: Simulator, distances: Sequence[float]) -> Sensor:
    """What senses the road at some distances ahead [m], ascending, as of `look_ahead`."""
    ahead = wp.array(np.asarray(distances, np.float32), dtype=float, device=simulator.device)
    points = wp.zeros((simulator.cars, 5 * len(distances)), dtype=float, device=simulator.device)
    ribbon = simulator.ribbon
    model = [simulator.node_array, ribbon.segments, int(ribbon.closed), ahead]
    return simulator.sensor(look_ahead, model, points)


def body(simulator: Simulator) -> Sensor:
    """What senses the cars themselves, as of `feel`."""
    grip = wp.array(SURFACE_GRIP, dtype=float, device=simulator.device)
    numbers = wp.zeros((simulator.cars, BODY), dtype=float, device=simulator.device)
    return simulator.sensor(feel, [simulator.node_array, grip], numbers)


@wp.kernel
def look_ahead(
    # Model:
    nodes: wp.array(dtype=float),
    segments: int,
    closed: int,
    distances: wp.array(dtype=float),  # (points,) ascending [m]
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),  # which cars to serve
    state: wp.array2d(dtype=float),
    # Out:
    horizon: wp.array2d(dtype=float),  # (cars, 5 * points)
):
    """Points of the centre-line ahead, in the car's frame, and the widths of the road there.

    Five numbers a point: left, up, forward [m], then half-width to the left and to the right [m]. Past
    the end of an open road its last point repeats.
    """
    i = cars[first + wp.tid()]
    car = frame_of(state, i)
    node = int(state[Field.SEGMENT, i])
    tangent = node_vector(nodes, node, int(Node.TX))
    begun = wp.dot(car.origin - node_vector(nodes, node, int(Node.PX)), tangent)
    covered = -begun  # distance from the car to `node` along the road
    for k in range(distances.shape[0]):
        ending = int(0)
        while ending == 0 and covered + nodes[node * COLUMNS + Node.LENGTH] < distances[k]:
            if node + 1 < segments:
                covered += nodes[node * COLUMNS + Node.LENGTH]
                node += 1
            elif closed > 0:
                covered += nodes[node * COLUMNS + Node.LENGTH]
                node = 0
            else:
                ending = 1
        share = bound((distances[k] - covered) / nodes[node * COLUMNS + Node.LENGTH], 0.0, 1.0)
        here = node_vector(nodes, node, int(Node.PX))
        there = node_vector(nodes, node + 1, int(Node.PX))
        point = here + (there - here) * share - car.origin
        horizon[i, 5 * k] = wp.dot(point, car.left)
        horizon[i, 5 * k + 1] = wp.dot(point, car.up)
        horizon[i, 5 * k + 2] = wp.dot(point, car.forward)
        for n in range(2):
            column = wp.where(n == 0, int(Node.WIDTH_LEFT), int(Node.WIDTH_RIGHT))
            width = nodes[node * COLUMNS + column]
            horizon[i, 5 * k + 3 + n] = width + (nodes[(node + 1) * COLUMNS + column] - width) * share


@wp.kernel
def feel(
    # Model:
    nodes: wp.array(dtype=float),
    surface_grip: wp.array(dtype=float),  # (surfaces,)
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),  # which cars to serve
    state: wp.array2d(dtype=float),
    # Out:
    body: wp.array2d(dtype=float),  # (cars, BODY)
):
    """How a car moves, what its driver feels and how much room it has, all of order 1.

    Velocity forward, left and up; rates; the slope and the bank of its own frame; steering, gear, shift,
    turbo, sliding, contacts; room to the left and to the right; grip of the surface.
    """
    i = cars[first + wp.tid()]
    car = frame_of(state, i)
    velocity = wp.vec3(state[Field.VX, i], state[Field.VY, i], state[Field.VZ, i])
    road = int(state[Field.SEGMENT, i]) * COLUMNS
    body[i, 0] = wp.dot(velocity, car.forward) / 50.0
    body[i, 1] = wp.dot(velocity, car.left) / 10.0
    body[i, 2] = wp.dot(velocity, car.up) / 10.0
    body[i, 3] = state[Field.WX, i] / 2.0
    body[i, 4] = state[Field.WY, i] / 2.0
    body[i, 5] = state[Field.WZ, i] / 2.0
    body[i, 6] = car.left[1]
    body[i, 7] = car.forward[1]
    body[i, 8] = state[Field.STEER, i]
    body[i, 9] = state[Field.GEAR, i] / 5.0
    body[i, 10] = wp.max(state[Field.SHIFT, i], state[Field.CUT, i]) / 0.3
    body[i, 11] = state[Field.TURBO, i] / 0.25
    body[i, 12] = state[Field.SLIDING, i]
    body[i, 13] = state[Field.CONTACTS, i] / 4.0
    body[i, 14] = (nodes[road + Node.WIDTH_LEFT] - state[Field.LATERAL, i]) / 12.8
    body[i, 15] = (nodes[road + Node.WIDTH_RIGHT] + state[Field.LATERAL, i]) / 12.8
    body[i, 16] = surface_grip[int(nodes[road + Node.SURFACE])]
