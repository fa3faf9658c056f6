"""Metric LIDAR: exact distances from a car to the borders of its road and to the other cars of its world.

The walk starts from the segment that the car remembers, so bridges and loops cannot confuse it and the
cost does not depend on the track's length. The beams lie in the car's own plane (forward, left) and
start at its centre of mass; a beam ends where it crosses a border in that plane's plan view.
Other cars are seen as rectangles in that plane (see `rectangle`), through no border.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import warp as wp
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.launches import Chain, Sensor
from trackmania_rl.environment.simulator.maths import least, most, unit
from trackmania_rl.environment.simulator.occlusion import occlude
from trackmania_rl.environment.simulator.portals import GROUP, ROWS, portals
from trackmania_rl.environment.simulator.state import Field, Frame, frame_of, tangible
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, HALF_WIDTH, NOSE, TAIL

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.simulator import Simulator

wp.set_module_options(
    {
        "enable_backward": False,
        "max_unroll": 4,  # the portals of a group are unrolled, loops over lanes are not: they vectorise
        "cpu_compiler_flags": "-march=native -ffp-contract=off -fno-slp-vectorize "
        "-mllvm=-inline-threshold=90000 -mllvm=-inline-cold-callsite-threshold=30000",
    }
)

SAME_LEVEL = wp.constant(1.2)
"""Other cars are seen if their centres are less than this above or below the plane [m] (guess)."""

FAN = wp.constant(16)
"""Beams that are followed together, one in each lane of a vector."""
CHUNK = wp.constant(28)
"""Portals that a fan can pass before the next ones are brought in: whole groups."""

Lanes = wp.types.vector(16, float)
Flags = wp.types.vector(64, int)  # of up to four fans
Ratios = wp.types.vector(64, float)
Rows = wp.types.vector(33, float)  # the first is not used, so that loops have ROWS turns


def sensor(simulator: Simulator) -> Sensor:
    """What scans with a simulator's beams: distances (cars, beams) [m], from right over ahead to left."""
    reach, beams = simulator.lidar_range, simulator.beams
    on_device = {"device": simulator.device}
    lines = portals(simulator.track, simulator.ribbon)
    road = [
        wp.array(lines.table.ravel(), dtype=float, **on_device),
        lines.lead,
        lines.count,
        wp.array(lines.of_segment, dtype=int, **on_device),
        int(simulator.ribbon.closed),
    ]
    directions, order = fans(beams)
    company = simulator.cars_per_world if simulator.contact else 1
    fan = [wp.array(directions, dtype=Lanes, **on_device), wp.array(order, dtype=int, **on_device)]
    flat = [*road, *fan, reach, company, simulator.solid_array]
    hilly = [*road, wp.array(beam_directions(beams), dtype=wp.vec2, **on_device), reach]
    distances = wp.zeros((simulator.cars, beams), dtype=float, **on_device)

    def prepare(first: int, number: int, cars: wp.array) -> Chain:
        served = [first, cars, simulator.state_array, distances]
        launch = simulator.launcher.prepare
        passes = [launch(scan, number, [*flat, *served])]
        if simulator.occlusion:
            passes.append(launch(occlude, (number, beams), [*hilly, *served]))
        return Chain(passes)

    return Sensor(simulator.launcher, prepare, distances)


def beam_angles(beams: int) -> NDArray[np.float64]:
    """Angles of the beams over 180 degrees, leftwards from straight ahead, from right to left [rad]."""
    return np.linspace(-np.pi / 2, np.pi / 2, beams) if beams > 1 else np.zeros(1)


def beam_directions(beams: int) -> NDArray[np.float32]:
    """Unit vectors (forward, left) of the beams, from right over ahead to left, (beams, 2)."""
    angles = beam_angles(beams)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def fans(beams: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Directions of the beams over 180 degrees, laid out in fans of which the first looks ahead.

    A fan is followed until its last beam ends, so those that look far share one.

    Returns:
        Directions, (2 * fans, FAN): a row of forward and a row of left components for each fan, and the
        beam in each lane, counted from right to left, -1 in idle lanes.
    """
    angles = beam_angles(beams)
    number = -(-beams // FAN)
    order = np.full(number * FAN, -1, np.int32)
    order[:beams] = np.argsort(np.abs(angles), kind="stable")
    # An idle lane repeats the first beam of its fan, so that it ends when that does.
    used = np.where(order < 0, np.repeat(order[::FAN], FAN), order)
    lanes = angles[used].reshape(number, 1, FAN)
    directions = np.concatenate([np.cos(lanes), np.sin(lanes)], axis=1)
    return directions.reshape(-1, FAN).astype(np.float32), order


@wp.func
def clearance(a: wp.vec2, b: wp.vec2) -> float:
    """Squared distance of the beams' origin from the line piece between a and b."""
    edge = b - a
    nearest = a + edge * wp.clamp(-wp.dot(a, edge) / (wp.dot(edge, edge) + 1.0e-9), 0.0, 1.0)
    return wp.dot(nearest, nearest)


@wp.struct
class Gates:
    """Portals in the car's plane, one in each row from the second on."""

    left_x: Rows
    """Left end, forward of the car [m]."""
    left_y: Rows
    """Left end, to the left of the car [m]."""
    left_area: Rows
    """Twice the area between the car and the left border from the portal before [m2]."""
    right_x: Rows
    right_y: Rows
    right_area: Rows


@wp.struct
class Box:
    """Another car in the plane of the one that looks."""

    seen: bool
    """Whether it is on the same level and may be in reach."""
    axis: wp.vec2
    """Its length's direction (forward, left)."""
    ahead: float
    """Its middle along that direction [m]."""
    aside: float
    """Its middle to the left of that direction [m]."""


@wp.func
def rectangle(
    state: wp.array2d(dtype=float),
    other: int,
    car: Frame,
    reach: float,
) -> Box:
    """Another car as one sees it: the outline of its body, laid flat into the other's plane.

    Its length lies along the projection of its forward axis; neither length nor width is foreshortened.
    """
    it = frame_of(state, other)
    apart = it.origin - car.origin
    along = unit(wp.vec3(wp.dot(it.forward, car.forward), wp.dot(it.forward, car.left), 0.0))
    centre = wp.vec2(wp.dot(apart, car.forward), wp.dot(apart, car.left))
    box = Box()
    box.seen = wp.abs(wp.dot(apart, car.up)) < SAME_LEVEL and wp.length(centre) < reach + NOSE + TAIL
    box.axis = wp.vec2(along[0], along[1])
    box.ahead = wp.dot(centre, box.axis) + 0.5 * (NOSE - TAIL) - CENTRE_FORWARD
    box.aside = box.axis[0] * centre[1] - box.axis[1] * centre[0]
    return box


@wp.func
def part(table: wp.array(dtype=float), begin: int):
    """ROWS numbers of a table from `begin` on, as an array that is known to be contiguous."""
    return wp.array(ptr=table.ptr + wp.uint64(4) * wp.uint64(begin), shape=(32,), dtype=float)


@wp.func
def bring(table: wp.array(dtype=float), row: int, column: int, car: Frame) -> Gates:
    """The portals from a column of the table on, in the car's plane; `row` 6 is for the way back."""
    columns = table.shape[0] / 12
    begin = row * columns + column
    ax = part(table, begin)
    ay = part(table, begin + columns)
    az = part(table, begin + 2 * columns)
    bx = part(table, begin + 3 * columns)
    by = part(table, begin + 4 * columns)
    bz = part(table, begin + 5 * columns)
    # Each in a variable of its own: a member of a struct is copied whole for every number of it.
    left_x = Rows()
    left_y = Rows()
    left_area = Rows()
    right_x = Rows()
    right_y = Rows()
    right_area = Rows()
    for j in range(ROWS):
        a = wp.vec3(ax[j], ay[j], az[j]) - car.origin
        b = wp.vec3(bx[j], by[j], bz[j]) - car.origin
        left_x[j + 1] = wp.dot(a, car.forward)
        left_y[j + 1] = wp.dot(a, car.left)
        right_x[j + 1] = wp.dot(b, car.forward)
        right_y[j + 1] = wp.dot(b, car.left)
    for j in range(ROWS):
        left_area[j + 1] = left_x[j] * (left_y[j + 1] - left_y[j]) - left_y[j] * (left_x[j + 1] - left_x[j])
        right_area[j + 1] = right_x[j] * (right_y[j + 1] - right_y[j]) - right_y[j] * (
            right_x[j + 1] - right_x[j]
        )
    gates = Gates()
    gates.left_x = left_x
    gates.left_y = left_y
    gates.left_area = left_area
    gates.right_x = right_x
    gates.right_y = right_y
    gates.right_area = right_area
    return gates


@wp.func
def shortened(distances: Ratios, beams: wp.array(dtype=Lanes), box: Box) -> Ratios:
    """Distances of the beams in their lanes, where a box may be in the way."""
    result = distances
    lane = int(0)
    while lane < beams.shape[0] * (FAN / 2):
        u = beams[lane / (FAN / 2)]
        v = beams[lane / (FAN / 2) + 1]
        for k in range(FAN):
            # The beam in the frame of the box; dividing by 0 gives an infinite distance.
            ahead = 1.0 / (u[k] * box.axis[0] + v[k] * box.axis[1])
            aside = 1.0 / (v[k] * box.axis[0] - u[k] * box.axis[1])
            nose = (box.ahead + 0.5 * (NOSE + TAIL)) * ahead
            tail = (box.ahead - 0.5 * (NOSE + TAIL)) * ahead
            flank_a = (box.aside + HALF_WIDTH) * aside
            flank_b = (box.aside - HALF_WIDTH) * aside
            enters = most(most(least(nose, tail), least(flank_a, flank_b)), 0.0)
            leaves = least(most(nose, tail), most(flank_a, flank_b))
            nearer = least(enters, result[lane + k])
            result[lane + k] = wp.where(enters <= leaves, nearer, result[lane + k])
        lane += FAN
    return result


@wp.kernel
def scan(
    # Model:
    table: wp.array(dtype=float),  # the table of Portals, row by row [m]
    lead: int,
    count: int,  # segments between portals
    of_segment: wp.array(dtype=int),
    closed: int,
    beams: wp.array(dtype=Lanes),  # as in fans()
    order: wp.array(dtype=int),
    reach: float,  # [m]
    company: int,  # cars of a world that see one another; cars i, i + 1, ... of the batch
    solid: wp.array(dtype=int),  # 1 for cars that others see
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),  # which cars to serve
    state: wp.array2d(dtype=float),
    # Out:
    lidar: wp.array2d(dtype=float),  # (cars, beams) [m]
):
    """All beams of one car in one walk outwards, over the portals ahead and over those behind.

    A beam flies through a portal if it has the left end on its left and the right end on its right;
    otherwise it has ended at the border between that portal and the one before, on the side of the end
    that it missed. With portals in rows and beams in lanes this needs no branches.
    """
    i = cars[first + wp.tid()]
    car = frame_of(state, i)
    segment = of_segment[int(state[Field.SEGMENT, i])]

    # The distance of each beam's end is a ratio; most beams are given up long before it is needed.
    over = Ratios()
    under = Ratios()
    flying = Flags()
    behind = Flags()
    lanes = beams.shape[0] * (FAN / 2)

    way = int(0)
    turning_back = int(0)
    while way < 2:
        at = lead + segment
        remaining = wp.where(closed > 0, count, count - 1 - segment)
        if way == 1:
            at = lead + count - 1 - segment
            remaining = wp.where(closed > 0, count, segment)
            for k in range(64):
                flying[k] = behind[k]
        begun = int(way)
        flies = int(wp.where(way == 0, 1, turning_back))
        while flies > 0:
            gates = bring(table, 6 * way, at, car)
            left_x = gates.left_x
            left_y = gates.left_y
            left_area = gates.left_area
            right_x = gates.right_x
            right_y = gates.right_y
            right_area = gates.right_area
            if begun == 0:
                # The segment that the car is on, between the portals in rows 1 and 2.
                begun = int(1)
                flies = int(0)
                lane = int(0)
                while lane < lanes:
                    bx16 = beams[lane / (FAN / 2)]
                    by16 = beams[lane / (FAN / 2) + 1]
                    for k in range(FAN):
                        u = bx16[k]
                        v = by16[k]
                        l0 = u * left_y[1] - v * left_x[1]
                        r0 = u * right_y[1] - v * right_x[1]
                        l1 = u * left_y[2] - v * left_x[2]
                        r1 = u * right_y[2] - v * right_x[2]
                        onward = wp.where(r1 < 0.0, 1, 0) * wp.where(l1 >= 0.0, 1, 0)
                        back = (1 - onward) * wp.where(l0 < 0.0, 1, 0) * wp.where(r0 >= 0.0, 1, 0)
                        across = u * (left_x[1] - right_x[1]) + v * (left_y[1] - right_y[1])
                        over[lane + k] = wp.where(across > 0.0, left_area[2], right_area[2])
                        under[lane + k] = wp.where(across > 0.0, l1 - l0, r1 - r0)
                        flying[lane + k] = onward
                        behind[lane + k] = back
                        flies += onward
                        turning_back += back
                    lane += FAN
            lane = int(0)
            flies = int(0)
            while lane < lanes:
                bx16 = beams[lane / (FAN / 2)]
                by16 = beams[lane / (FAN / 2) + 1]
                j = int(3)
                going = int(1)
                while going > 0 and j < CHUNK + 3:
                    going = int(0)
                    for k in range(FAN):
                        u = bx16[k]
                        v = by16[k]
                        flight = flying[lane + k]
                        numerator = over[lane + k]
                        denominator = under[lane + k]
                        l0 = u * left_y[j - 1] - v * left_x[j - 1]
                        r0 = u * right_y[j - 1] - v * right_x[j - 1]
                        for p in range(GROUP):
                            l1 = u * left_y[j + p] - v * left_x[j + p]
                            r1 = u * right_y[j + p] - v * right_x[j + p]
                            area = wp.where(r1 >= 0.0, right_area[j + p], left_area[j + p])
                            slope = wp.where(r1 >= 0.0, r1 - r0, l1 - l0)
                            numerator = wp.where(flight > 0, area, numerator)
                            denominator = wp.where(flight > 0, slope, denominator)
                            flight = wp.where(r1 >= 0.0, 0, flight)
                            flight = wp.where(l1 < 0.0, 0, flight)
                            l0 = l1
                            r0 = r1
                        flying[lane + k] = flight
                        over[lane + k] = numerator
                        under[lane + k] = denominator
                        going += flight
                    j += GROUP
                flies += going
                lane += FAN
            at += CHUNK
            remaining -= CHUNK
            end_left = wp.vec2(left_x[CHUNK + 2], left_y[CHUNK + 2])
            end_right = wp.vec2(right_x[CHUNK + 2], right_y[CHUNK + 2])
            if remaining <= 0 or clearance(end_left, end_right) > reach * reach:
                flies = int(0)
        for k in range(64):
            over[k] = wp.where(flying[k] > 0, reach, over[k])
            under[k] = wp.where(flying[k] > 0, 1.0, under[k])
        way += 1
    for k in range(64):
        distance = over[k] / under[k]
        distance = wp.where(distance < reach, distance, reach)
        over[k] = wp.where(distance > 0.0, distance, 0.0)
    other = int(i / company * company)
    last = other + company
    while other < last:
        if other != i and tangible(solid, state, other):
            box = rectangle(state, other, car, reach)
            if box.seen:
                over = shortened(over, beams, box)
        other += 1
    lane = int(0)
    while lane < lanes:
        if order[lane] >= 0:
            lidar[i, order[lane]] = over[lane]
        lane += 1
