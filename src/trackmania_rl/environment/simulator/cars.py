"""Contact between the cars of a world: boxes that meet in the course of a tick, an impulse with friction.

After every tick each pair is tested for the whole tick that it has just driven: the first moment at which
the boxes touched and the axis along which they did come from the separating axis theorem for boxes that
move on straight lines (Gottschalk 1996; Eberly, "Dynamic Collision Detection Using Oriented Bounding
Boxes"). So nothing tunnels, however fast. From that moment on the cars go on with their new velocities.

The impulse acts at one point, the middle of the area in which the boxes touch, first along the axis, then
against the sliding across it (Coulomb). Each of the two only ever takes kinetic energy, and what one car
gains in momentum the other one loses.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.advance import Course, walk
from trackmania_rl.environment.simulator.maths import bound, unit
from trackmania_rl.environment.simulator.state import Field, frame_of, tangible
from trackmania_rl.environment.simulator.vehicle import (
    CENTRE_FORWARD,
    CENTRE_HEIGHT,
    HALF_WIDTH,
    NOSE,
    PITCH_MOBILITY,
    ROLL_MOBILITY,
    TAIL,
    TICK,
    YAW_MOBILITY,
)

wp.set_module_options(
    {"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"},
)

BODY_HEIGHT = 1.1
"""Of the body, from the road up [m] (guess: the model of the Stadium car is about that high)."""
HALF = wp.constant(wp.vec3(HALF_WIDTH, BODY_HEIGHT / 2.0, (NOSE + TAIL) / 2.0))
"""Half the body's size along left, up and forward [m]."""
MIDDLE = wp.constant(wp.vec3(0.0, BODY_HEIGHT / 2.0 - CENTRE_HEIGHT, (NOSE - TAIL) / 2.0 - CENTRE_FORWARD))
"""The body's middle, from the centre of mass [m], body."""
REACH = wp.constant(12.0)
"""Cars further apart than this cannot meet within a tick [m]: two diagonals, and 2 x 1000 km/h."""
DIAGONAL = wp.constant(5.4)
"""Nor those further apart than this and their way [m]: two half diagonals, and twice `MIDDLE`'s length."""

RESTITUTION = wp.constant(0.25)
"""Share of the closing speed with which two bodies part (guess: crash tests at low speed give 0.2 to 0.3)."""
RESTITUTION_SPEED = wp.constant(1.0)
"""Below this closing speed they do not bounce [m/s] (guess)."""
FRICTION = wp.constant(0.3)
"""Of body along body (guess: sheet metal and plastic on each other)."""
SEPARATION = wp.constant(0.5)
"""Share of an overlap that is undone per tick (guess)."""
SEPARATION_MAX = wp.constant(0.2)
"""At most so much of it per tick [m] (guess)."""
ALLOWED = wp.constant(0.005)
"""Overlap that stays, so that touching bodies do not tremble [m] (guess)."""
LEVEL = wp.constant(0.5)
"""Overlapping bodies whose heights differ by less than this share of a body's part sideways (guess)."""
EDGE_ALLOWANCE = wp.constant(0.01)
"""Edges count so much less than faces: nearly parallel, both give nearly the same axis [m] (guess)."""
FLAT = wp.constant(0.05)
"""Sine of the angle below which a face lies flat against the other body (guess)."""


@wp.struct
class Body:
    """One car, as others hit it."""

    position: wp.vec3
    """Of the centre of mass [m], world."""
    velocity: wp.vec3
    spin: wp.vec3
    """Angular velocity [rad/s], world."""
    axes: wp.mat33
    """Rows: left, up, forward."""
    middle: wp.vec3
    """From the centre of mass to the middle of the box [m], world."""


@wp.struct
class Touch:
    """Where and when two boxes touch."""

    hit: int
    axis: wp.vec3
    """From the first to the second."""
    moment: float
    """Seconds from now, not positive: 0 for boxes that already overlapped a tick ago."""
    depth: float
    """Overlap along the axis now, of boxes that already overlapped a tick ago [m]."""


@wp.func
def body_of(state: wp.array2d(dtype=float), i: int) -> Body:
    """Car i out of the state."""
    car = frame_of(state, i)
    body = Body()
    body.position = car.origin
    body.velocity = wp.vec3(state[Field.VX, i], state[Field.VY, i], state[Field.VZ, i])
    body.spin = car.left * state[Field.WX, i] + car.up * state[Field.WY, i] + car.forward * state[Field.WZ, i]
    body.axes = wp.matrix_from_rows(car.left, car.up, car.forward)
    body.middle = car.left * MIDDLE[0] + car.up * MIDDLE[1] + car.forward * MIDDLE[2]
    return body


@wp.func
def write(state: wp.array2d(dtype=float), i: int, body: Body):
    """Car i back into the state."""
    spin = body.axes * body.spin
    for k in range(3):
        state[Field.X + k, i] = body.position[k]
        state[Field.VX + k, i] = body.velocity[k]
        state[Field.WX + k, i] = spin[k]


@wp.func
def radius(body: Body, axis: wp.vec3) -> float:
    """How far the box reaches from its middle along an axis [m]."""
    along = body.axes * axis
    return HALF[0] * wp.abs(along[0]) + HALF[1] * wp.abs(along[1]) + HALF[2] * wp.abs(along[2])


@wp.func
def touching(a: Body, b: Body) -> Touch:
    """Whether two boxes touched in the tick that ends now: along which axis, and when first."""
    apart = (b.position + b.middle) - (a.position + a.middle)
    closing = b.velocity - a.velocity
    begin = float(-1.0e9)
    end = float(1.0e9)
    least_depth = float(1.0e9)
    first_axis = wp.vec3(0.0, 1.0, 0.0)
    least_axis = wp.vec3(0.0, 1.0, 0.0)
    k = int(0)
    while k < 15 and begin <= wp.min(end, 0.0):  # until an axis is found along which they stay apart
        axis = wp.vec3(0.0, 0.0, 0.0)
        room = float(0.0)
        if k < 3:
            axis = a.axes[k]
        elif k < 6:
            axis = b.axes[k - 3]
        else:
            axis = wp.cross(a.axes[(k - 6) // 3], b.axes[(k - 6) % 3])
            room = EDGE_ALLOWANCE
        length = wp.length(axis)
        if length > 0.02:  # parallel edges have no axis of their own
            axis = axis / length
            offset = wp.dot(apart, axis)
            speed = wp.dot(closing, axis)
            reach = radius(a, axis) + radius(b, axis) + room
            depth = reach - wp.abs(offset)
            if wp.abs(speed) * TICK > 1.0e-6:
                reached = -(wp.sign(speed) * offset + reach) / wp.abs(speed)
                left = (reach - wp.sign(speed) * offset) / wp.abs(speed)
                end = wp.min(end, left)
                if reached > begin:
                    begin = reached
                    first_axis = axis * -wp.sign(speed)
            elif depth < 0.0:
                begin = 1.0e9
            level = wp.abs(wp.dot(axis, a.axes[1])) > 0.7 and wp.abs(offset) < LEVEL * reach
            if depth < least_depth and not level:
                least_depth = depth
                least_axis = axis * wp.where(offset < 0.0, -1.0, 1.0)
        k += 1
    touch = Touch()
    touch.hit = 0
    touch.moment = 0.0
    touch.depth = 0.0
    touch.axis = first_axis
    if begin <= wp.min(end, 0.0):
        if begin >= -TICK:
            touch.hit = 1
            touch.moment = begin
        elif end >= 0.0:
            touch.hit = 1
            touch.axis = least_axis
            touch.depth = least_depth
    return touch


@wp.func
def contact_point(a: Body, b: Body, axis: wp.vec3, apart: wp.vec3) -> wp.vec3:
    """Middle of the area in which two boxes touch, from the centre of mass of the first [m], world.

    Each box offers the corner, edge or face that it turns towards the other one; across the axis the two
    overlap in intervals, whose middles are taken.

    Args:
        a: The first.
        b: The second.
        axis: From the first to the second.
        apart: From the first's centre of mass to the second's at that moment [m].
    """
    across = wp.cross(a.axes[1] + b.axes[1], axis)
    if wp.length_sq(across) < 0.01:  # one lies on the other
        across = wp.cross(a.axes[2], axis)
    across = unit(across)
    along = wp.cross(axis, across)
    near = a.middle
    far = apart + b.middle
    spread = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(3):
        mine = bound(wp.dot(a.axes[k], axis) / FLAT, -1.0, 1.0)
        theirs = bound(wp.dot(b.axes[k], axis) / FLAT, -1.0, 1.0)
        near += a.axes[k] * (HALF[k] * mine)
        far -= b.axes[k] * (HALF[k] * theirs)
        flat = HALF[k] * (1.0 - wp.abs(mine))
        spread[0] += flat * wp.abs(wp.dot(a.axes[k], across))
        spread[1] += flat * wp.abs(wp.dot(a.axes[k], along))
        flat = HALF[k] * (1.0 - wp.abs(theirs))
        spread[2] += flat * wp.abs(wp.dot(b.axes[k], across))
        spread[3] += flat * wp.abs(wp.dot(b.axes[k], along))
    return (
        axis * (0.5 * (wp.dot(near, axis) + wp.dot(far, axis)))
        + across * shared(wp.dot(near, across), spread[0], wp.dot(far, across), spread[2])
        + along * shared(wp.dot(near, along), spread[1], wp.dot(far, along), spread[3])
    )


@wp.func
def shared(a: float, half_a: float, b: float, half_b: float) -> float:
    """Middle of what two intervals share, or of the gap between them."""
    return 0.5 * (wp.max(a - half_a, b - half_b) + wp.min(a + half_a, b + half_b))


@wp.func
def turned(body: Body, arm: wp.vec3, impulse: wp.vec3) -> wp.vec3:
    """Change of the angular velocity by an impulse at an arm [rad/s], world."""
    moment = body.axes * wp.cross(arm, impulse)
    return (
        body.axes[0] * (PITCH_MOBILITY * moment[0])
        + body.axes[1] * (YAW_MOBILITY * moment[1])
        + body.axes[2] * (ROLL_MOBILITY * moment[2])
    )


@wp.func
def mobility(a: Body, b: Body, arm_a: wp.vec3, arm_b: wp.vec3, axis: wp.vec3) -> float:
    """Change of the speed along the axis between the two at the contact, per impulse along it."""
    return (
        2.0
        + wp.dot(wp.cross(turned(a, arm_a, axis), arm_a), axis)
        + wp.dot(wp.cross(turned(b, arm_b, axis), arm_b), axis)
    )


@wp.func
def gliding(a: Body, b: Body, arm_a: wp.vec3, arm_b: wp.vec3) -> wp.vec3:
    """Velocity of the second at the contact, seen from the first [m/s], world."""
    return (b.velocity + wp.cross(b.spin, arm_b)) - (a.velocity + wp.cross(a.spin, arm_a))


@wp.func
def bump(state: wp.array2d(dtype=float), i: int, j: int) -> float:
    """Let two cars hit one another if they touch.

    Returns:
        The impulse between them, per mass [m/s]; 0 where they do not touch or already part.
    """
    a = body_of(state, i)
    b = body_of(state, j)
    touch = touching(a, b)
    impulse = float(0.0)
    if touch.hit == 1:
        axis = touch.axis
        before_a = a.velocity
        before_b = b.velocity
        apart = (b.position - a.position) + (b.velocity - a.velocity) * touch.moment
        arm_a = contact_point(a, b, axis, apart)
        arm_b = arm_a - apart
        closing = -wp.dot(gliding(a, b, arm_a, arm_b), axis)
        if closing > 0.0:
            bounce = wp.where(closing > RESTITUTION_SPEED, RESTITUTION, 0.0)
            impulse = (1.0 + bounce) * closing / mobility(a, b, arm_a, arm_b, axis)
            push = axis * impulse
            a.velocity -= push
            b.velocity += push
            a.spin -= turned(a, arm_a, push)
            b.spin += turned(b, arm_b, push)
            slip = gliding(a, b, arm_a, arm_b)
            slip -= axis * wp.dot(slip, axis)
            speed = wp.length(slip)
            if speed > 1.0e-4:
                way = slip / speed
                held = wp.min(speed / mobility(a, b, arm_a, arm_b, way), FRICTION * impulse)
                drag = way * held
                a.velocity += drag
                b.velocity -= drag
                a.spin += turned(a, arm_a, drag)
                b.spin -= turned(b, arm_b, drag)
        # Since that moment they have gone on with their new velocities.
        undone = bound(SEPARATION * (touch.depth - ALLOWED), 0.0, SEPARATION_MAX)
        a.position -= (a.velocity - before_a) * touch.moment + axis * (0.5 * undone)
        b.position -= (b.velocity - before_b) * touch.moment - axis * (0.5 * undone)
        write(state, i, a)
        write(state, j, b)
    return impulse


@wp.func
def meeting(state: wp.array2d(dtype=float), i: int, j: int) -> bool:
    """Whether the spheres about two cars came together within the tick."""
    distance = wp.vec3(
        state[Field.X, j] - state[Field.X, i],
        state[Field.Y, j] - state[Field.Y, i],
        state[Field.Z, j] - state[Field.Z, i],
    )
    closing = wp.vec3(
        state[Field.VX, j] - state[Field.VX, i],
        state[Field.VY, j] - state[Field.VY, i],
        state[Field.VZ, j] - state[Field.VZ, i],
    )
    reach = DIAGONAL + TICK * wp.length(closing)
    return wp.length_sq(distance) < reach * reach


@wp.kernel
def bump_cars(
    # Model:
    nodes: wp.array(dtype=float),
    segments: int,
    course: Course,
    cars_per_world: int,
    first: int,  # world
    fresh: int,  # 1 after the first tick of a step
    # In:
    solid: wp.array(dtype=int),
    # In, out:
    state: wp.array2d(dtype=float),
    # Out:
    bumps: wp.array2d(dtype=float),  # (cars, 3): hardest impulse of the step [m/s], whose, hardest wall [m/s]
):
    """Contacts of one world after a tick, pair by pair in the order of the cars."""
    begin = (first + wp.tid()) * cars_per_world
    end = begin + cars_per_world
    for i in range(begin, end):
        if fresh == 1:
            bumps[i, 0] = 0.0
            bumps[i, 1] = -1.0
            bumps[i, 2] = 0.0
        # A tick driven by itself knows only its own impact with a wall.
        bumps[i, 2] = wp.max(bumps[i, 2], state[Field.WALL_IMPACT, i])
        state[Field.WALL_IMPACT, i] = bumps[i, 2]
    for i in range(begin, end):
        x = state[Field.X, i]
        y = state[Field.Y, i]
        z = state[Field.Z, i]
        near = int(0)
        for j in range(i + 1, end):
            dx = state[Field.X, j] - x
            dy = state[Field.Y, j] - y
            dz = state[Field.Z, j] - z
            near += wp.where(dx * dx + dy * dy + dz * dz < REACH * REACH, 1, 0)
        if near > 0 and tangible(solid, state, i):
            for j in range(i + 1, end):
                dx = state[Field.X, j] - x
                dy = state[Field.Y, j] - y
                dz = state[Field.Z, j] - z
                near = wp.where(dx * dx + dy * dy + dz * dz < REACH * REACH, 1, 0)
                if near == 1 and meeting(state, i, j) and tangible(solid, state, j):
                    impulse = bump(state, i, j)
                    if impulse > bumps[i, 0]:
                        bumps[i, 0] = impulse
                        bumps[i, 1] = float(j)
                    if impulse > bumps[j, 0]:
                        bumps[j, 0] = impulse
                        bumps[j, 1] = float(i)
    for i in range(begin, end):
        if bumps[i, 0] > 0.0:  # it may have been pushed onto another segment
            at = wp.vec3(state[Field.X, i], state[Field.Y, i], state[Field.Z, i])
            found = walk(nodes, segments, course, at, int(state[Field.SEGMENT, i]))
            state[Field.SEGMENT, i] = float(found[0])
            state[Field.LAP, i] += float(found[1])
