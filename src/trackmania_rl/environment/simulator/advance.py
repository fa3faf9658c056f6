"""One tick of a car, and the two kernels that drive it: by blocks of cars on the CPU, by cars on the GPU."""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.contact import stance
from trackmania_rl.environment.simulator.maths import (
    bound,
    either,
    flag,
    forward_axis,
    least,
    left_axis,
    most,
    rotated,
    side,
    size,
    unit,
    up_axis,
)
from trackmania_rl.environment.simulator.ribbon import (
    COLUMNS,
    PATCH_ROWS,
    Ground,
    Patch,
    departed,
    patch_of,
    road_at,
    segment_step,
)
from trackmania_rl.environment.simulator.state import BLOCK, FIELDS, Car, Field, Row, pack, unpack
from trackmania_rl.environment.simulator.vehicle import (
    AIR_DRAG,
    CENTRE_FORWARD,
    GRAVITY_AIR,
    HALF_WIDTH,
    NOSE,
    PEDAL_THRESHOLD,
    PITCH_MOBILITY,
    ROLL_MOBILITY,
    TAIL,
    TICK,
    TURBO_TIME,
    WALL_CUT,
    YAW_MOBILITY,
    Parameters,
    drive,
    lateral_grip,
    slides,
    steered,
    surface_grip,
    surface_power,
    yaw_rate,
)
from trackmania_rl.environment.simulator.walls import Body, collide

wp.set_module_options(
    {
        "enable_backward": False,
        # Loops over the numbers of a car are unrolled, those over the cars of a block are not.
        "max_unroll": BLOCK - 1,
        # Vectorised over cars by inlining everything; contraction off, so that the same arithmetic gives
        # the same bits in both kernels and on every processor of a kind.
        "cpu_compiler_flags": "-march=native -ffp-contract=off -fno-slp-vectorize "
        "-mllvm=-inline-threshold=90000 -mllvm=-inline-cold-callsite-threshold=30000",
    }
)

FALL_DEPTH = wp.constant(4.0)
"""A car further below the road has fallen off [m] (guess)."""
STRAY = wp.constant(30.0)
"""So has one this far beyond the border [m] (guess)."""
SEARCH_STEPS = wp.constant(64)
"""Segments that a car can pass in one tick: 3 m at 1000 km/h, or a teleport's error."""

DEPARTED = wp.constant(FIELDS + PATCH_ROWS)
"""Row of the scratch that says whether a car has left its segment."""
Scratch = wp.types.vector((FIELDS + PATCH_ROWS + 1) * BLOCK, float)
"""A block of cars: rows of their states, of the patches under them, and DEPARTED."""


@wp.struct
class Course:
    """What the clock must know of the track."""

    race: float
    """Distance from the spawn point to the finish [m]."""
    start: float
    """Arc length of the spawn point [m]."""
    lap: float
    """Length of a circuit's lap, 0 where the road has two ends [m]."""


@wp.func
def tick(p: Parameters, car: Car, patch: Patch, course: Course) -> Car:
    """Advance a car by one tick: semi-implicit Euler, velocities first."""
    left = left_axis(car.rotation)
    up = up_axis(car.rotation)
    forward = forward_axis(car.rotation)
    spin = left * car.spin[0] + up * car.spin[1] + forward * car.spin[2]
    road = road_at(patch, car.position)
    wheels = stance(p, road, left, up, forward, car.velocity, spin)
    contact = wheels.grounded * 0.25
    grounded = flag(wheels.grounded > 0.5)

    gas = flag(car.gas > PEDAL_THRESHOLD)
    brake = flag(car.brake > PEDAL_THRESHOLD)
    steer = steered(car.steer, car.wheel)

    # Turbo pads lie across the whole road.
    padded = (
        grounded
        * flag(patch.boost_factor > 0.0)
        * flag(road.arc >= patch.boost_begin)
        * flag(road.arc < patch.boost_end)
    )
    turbo = wp.where(padded > 0.5, TURBO_TIME, most(car.turbo - TICK, 0.0))
    turbo_factor = either(padded, patch.boost_factor, car.turbo_factor)

    # Motion in the road's plane.
    normal = unit(road.up)
    ahead = unit(forward - normal * wp.dot(forward, normal))
    aside = wp.cross(normal, ahead)
    speed = wp.dot(car.velocity, ahead)
    sideways = wp.dot(car.velocity, aside)
    surface = wp.where(wheels.verge > 1.5, 2.0, road.surface)
    grip = car.grip * surface_grip(p, surface)
    sliding = grounded * slides(p, speed, sideways, brake, wp.dot(spin, normal), car.sliding)
    push = turbo_factor * flag(turbo > 0.0)
    # Tyres on a wet road brake less too; what each surface does to the brake was never recorded.
    power = car.power * surface_power(p, surface)
    braking = car.braking * least(car.grip, 1.0)
    cut = flag(car.cut > 0.0)
    pedals = drive(p, speed, gas, brake, steer, car.gear, car.shift, cut, push, sliding, power, braking)

    # Gravity, air and springs.
    gravity = GRAVITY_AIR + (p.gravity_ground - GRAVITY_AIR) * contact
    # On the ground the measured accelerations contain the drag in still air: the wind comes on top (guess).
    force = wheels.force - car.velocity * (AIR_DRAG * (1.0 - contact)) + car.wind * AIR_DRAG
    velocity = car.velocity + (force - wp.vec3(0.0, gravity, 0.0)) * TICK

    # Tyres: they push along, hold back without reversing, and stop what they can of the sideways motion.
    pushed = wp.dot(velocity, ahead) + pedals.push * contact * TICK
    held = side(pushed) * most(size(pushed) - pedals.drag * contact * TICK, 0.0)
    along = held - wp.dot(velocity, ahead)
    reach = lateral_grip(p, speed, sideways, grip, brake, sliding) * contact * TICK
    across = bound(-wp.dot(velocity, aside), -reach, reach)
    tyres = ahead * along + aside * across
    velocity = velocity + tyres

    # Turning: springs and the lean of the body; then the steering about the road's normal.
    torque = wheels.torque + wp.cross(up * (-p.lean_height), tyres) * (1.0 / TICK)
    drag = 1.0 - p.spin_drag * (1.0 - contact) * TICK
    # Euler's equations with equal inertia about the left and the up axis.
    gyro = 1.0 - PITCH_MOBILITY / ROLL_MOBILITY
    body_spin = wp.vec3(
        (car.spin[0] + TICK * (PITCH_MOBILITY * wp.dot(torque, left) + gyro * car.spin[1] * car.spin[2]))
        * drag,
        (car.spin[1] + TICK * (YAW_MOBILITY * wp.dot(torque, up) - gyro * car.spin[0] * car.spin[2])) * drag,
        (car.spin[2] + TICK * ROLL_MOBILITY * wp.dot(torque, forward)) * drag,
    )
    turning = left * body_spin[0] + up * body_spin[1] + forward * body_spin[2]
    error = car.steering * yaw_rate(p, speed, steer) - wp.dot(turning, normal)
    turn = contact * TICK * bound(p.yaw_response * error, -p.yaw_acceleration, p.yaw_acceleration)
    body_spin = body_spin + wp.vec3(wp.dot(normal, left), wp.dot(normal, up), wp.dot(normal, forward)) * turn

    # Walls act on the corners of the body.
    body = Body()
    body.velocity = velocity
    body.yaw = body_spin[1]
    body.shift = wp.vec3(0.0, 0.0, 0.0)
    body.impact = car.wall_impact
    body.touch = 0.0
    nose = forward * (NOSE - CENTRE_FORWARD)
    tail = forward * (-(TAIL + CENTRE_FORWARD))
    flank = left * HALF_WIDTH
    body = collide(body, road, nose + flank, up)
    body = collide(body, road, nose - flank, up)
    body = collide(body, road, tail + flank, up)
    body = collide(body, road, tail - flank, up)
    body_spin = wp.vec3(body_spin[0], body.yaw, body_spin[2])

    # Progress is the origin's; the nose stops the clock, between the ticks.
    before = road.arc - CENTRE_FORWARD * wp.dot(forward, road.tangent)
    travelled = car.lap * course.lap - course.start + before
    advance = wp.dot(body.velocity, road.tangent) * TICK
    to_finish = course.race - (travelled + NOSE * wp.dot(forward, road.tangent))
    running = flag(car.finish_time <= 0.0)
    crossing = running * flag(advance >= to_finish)
    share = bound(to_finish / most(advance, 1.0e-6), 0.0, 1.0)

    result = Car()
    result.position = car.position + body.velocity * TICK + body.shift
    result.rotation = rotated(car.rotation, body_spin, TICK)
    result.velocity = body.velocity
    result.spin = body_spin
    result.steer = steer
    result.gear = wp.where(contact > 0.1, pedals.gear, car.gear)
    result.shift = pedals.shift
    result.turbo = turbo
    result.turbo_factor = turbo_factor
    result.sliding = sliding
    result.progress = travelled + advance
    result.furthest = most(car.furthest, result.progress)
    result.clock = car.clock + running
    result.finish_time = wp.where(crossing > 0.5, (car.clock + share) * TICK, car.finish_time)
    result.lateral = wp.dot(road.offset, road.left)
    result.height = wp.dot(road.offset, road.up)
    result.contacts = wheels.grounded
    outside = most(result.lateral - road.width_left, -result.lateral - road.width_right)
    fallen = most(flag(result.height < -FALL_DEPTH), flag(outside > STRAY))
    result.off_road = most(wheels.verge, 4.0 * fallen)
    result.wall_impact = body.impact
    result.cut = wp.where(body.touch > 0.5, WALL_CUT, most(car.cut - TICK, 0.0))
    result.suspension = wheels.compression
    return result


@wp.kernel
def step_blocks(
    # Model:
    parameters: Parameters,
    nodes: wp.array(dtype=float),
    segments: int,
    course: Course,
    ticks: int,
    first: int,  # block
    # In, out:
    state: wp.array2d(dtype=float),
):
    """CPU: each invocation advances BLOCK cars, tick by tick, in a scratch that stays in the cache.

    Walking the track is a loop of its own, for the few cars that have left their segment in the tick
    before; the loop of the physics has no branches, so it vectorises.
    """
    begin = (first + wp.tid()) * BLOCK
    # Views whose neighbours are known to lie side by side, so that copies are not gathered number by number.
    columns = wp.array(ptr=state.ptr, shape=(FIELDS, state.shape[1]), dtype=float)
    road = wp.array(ptr=nodes.ptr, shape=(nodes.shape[0],), dtype=float)
    cells = Scratch()
    row = int(0)
    while row < FIELDS:  # not unrolled: the compiler must still see the scratch's origin after it
        for i in range(BLOCK):
            cells[row * BLOCK + i] = columns[row, begin + i]
        row += 1
    for i in range(BLOCK):
        cells[Field.WALL_IMPACT * BLOCK + i] = 0.0
        cells[DEPARTED * BLOCK + i] = 1.0  # whoever put the car there may not have named its segment
    for _ in range(ticks):
        for i in range(BLOCK):
            if cells[DEPARTED * BLOCK + i] > 0.5:
                at = wp.vec3(
                    cells[Field.X * BLOCK + i], cells[Field.Y * BLOCK + i], cells[Field.Z * BLOCK + i]
                )
                found = walk(road, segments, course, at, int(cells[Field.SEGMENT * BLOCK + i]))
                cells[Field.SEGMENT * BLOCK + i] = float(found[0])
                cells[Field.LAP * BLOCK + i] += float(found[1])
                near = found[0] * COLUMNS
                for k in range(PATCH_ROWS):
                    cells[(FIELDS + k) * BLOCK + i] = road[near + k]
        for i in range(BLOCK):
            numbers = Row()
            for k in range(FIELDS):
                numbers[k] = cells[k * BLOCK + i]
            ground = Ground()
            for k in range(PATCH_ROWS):
                ground[k] = cells[(FIELDS + k) * BLOCK + i]
            # Each in a variable of its own: nested calls keep the compiler from vectorising the loop.
            car = unpack(numbers)
            patch = patch_of(ground)
            car = tick(parameters, car, patch, course)
            numbers = pack(numbers, car)
            for k in range(FIELDS):
                cells[k * BLOCK + i] = numbers[k]
            cells[DEPARTED * BLOCK + i] = departed(patch, car.position)
    for i in range(BLOCK):
        if cells[DEPARTED * BLOCK + i] > 0.5:
            at = wp.vec3(cells[Field.X * BLOCK + i], cells[Field.Y * BLOCK + i], cells[Field.Z * BLOCK + i])
            found = walk(road, segments, course, at, int(cells[Field.SEGMENT * BLOCK + i]))
            cells[Field.SEGMENT * BLOCK + i] = float(found[0])
            cells[Field.LAP * BLOCK + i] += float(found[1])
    row = int(0)
    while row < FIELDS:
        for i in range(BLOCK):
            columns[row, begin + i] = cells[row * BLOCK + i]
        row += 1


@wp.kernel
def step_cars(
    # Model:
    parameters: Parameters,
    nodes: wp.array(dtype=float),
    segments: int,
    course: Course,
    ticks: int,
    # In, out:
    state: wp.array2d(dtype=float),
):
    """GPU: each thread advances one car, which stays in its registers."""
    i = wp.tid()
    car = Row()
    for k in range(FIELDS):
        car[k] = state[k, i]
    car[Field.WALL_IMPACT] = 0.0
    for _ in range(ticks):
        at = wp.vec3(car[Field.X], car[Field.Y], car[Field.Z])
        found = walk(nodes, segments, course, at, int(car[Field.SEGMENT]))
        car[Field.SEGMENT] = float(found[0])
        car[Field.LAP] = car[Field.LAP] + float(found[1])
        ground = Ground()
        for k in range(PATCH_ROWS):
            ground[k] = nodes[found[0] * COLUMNS + k]
        car = pack(car, tick(parameters, unpack(car), patch_of(ground), course))
    at = wp.vec3(car[Field.X], car[Field.Y], car[Field.Z])
    found = walk(nodes, segments, course, at, int(car[Field.SEGMENT]))
    car[Field.SEGMENT] = float(found[0])
    car[Field.LAP] = car[Field.LAP] + float(found[1])
    for k in range(FIELDS):
        state[k, i] = car[k]


@wp.func
def walk(
    nodes: wp.array(dtype=float), segments: int, course: Course, position: wp.vec3, start: int
) -> wp.vec2i:
    """From a remembered segment to the one that a point is on now.

    Returns:
        The segment, and the laps completed (or undone) on the way.
    """
    segment = start
    lap = int(0)
    way = segment_step(nodes, position, segment)
    moving = way
    count = int(0)
    while moving != 0 and moving == way and count < SEARCH_STEPS:
        segment += way
        count += 1
        if segment < 0 or segment >= segments:
            if course.lap > 0.0:
                segment -= way * segments
                lap += way
            else:
                segment -= way
                count = SEARCH_STEPS
        moving = segment_step(nodes, position, segment)
    return wp.vec2i(segment, lap)
