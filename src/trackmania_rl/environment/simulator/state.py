"""The state of a car: one row of numbers per field, one column per car (struct of arrays)."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from enum import IntEnum

import warp as wp

from trackmania_rl.environment.simulator.maths import forward_axis, left_axis, up_axis

BLOCK = 64
"""Cars that one CPU kernel invocation advances together, so that the compiler vectorises over them."""


class Field(IntEnum):
    """Rows of the state array. Whole numbers are stored exactly as float32 too."""

    X = 0  # centre of mass [m], world
    Y = 1
    Z = 2
    QX = 3  # attitude: world_from_body
    QY = 4
    QZ = 5
    QW = 6
    VX = 7  # velocity of the centre of mass [m/s], world
    VY = 8
    VZ = 9
    WX = 10  # angular velocity [rad/s], body: left, up, forward
    WY = 11
    WZ = 12
    STEER = 13  # steering as driven, -1 left .. 1 right
    GEAR = 14  # 1..5, 0 in reverse
    SHIFT = 15  # time left of the shift pause [s]
    TURBO = 16  # time left of the turbo's push [s]
    TURBO_FACTOR = 17  # multiple of the engine's acceleration that the turbo adds
    SLIDING = 18  # 1 while the tyres slide
    PROGRESS = 19  # distance of the car's origin along the track from the spawn point [m]
    FURTHEST = 20  # largest progress so far [m]
    CLOCK = 21  # ticks driven since the spawn
    FINISH_TIME = 22  # race clock at the finish [s], 0 before
    SEGMENT = 23  # index of the track's segment under the car
    LAP = 24  # laps completed, counted by passing the closing segment
    LATERAL = 25  # distance of the centre of mass to the left of the centre-line [m]
    HEIGHT = 26  # distance of the centre of mass above the road [m]
    CONTACTS = 27  # wheels on the ground
    OFF_ROAD = 28  # wheels on a grass verge, or 4 when fallen off
    WALL_IMPACT = 29  # hardest impact with a wall in the last step [m/s]
    SUSPENSION_FL = 30  # compression beyond free droop [m]
    SUSPENSION_FR = 31
    SUSPENSION_RL = 32
    SUSPENSION_RR = 33
    GAS = 34  # the held action: pedals 0..1, steering wheel -1..1
    BRAKE = 35
    WHEEL = 36
    GRIP = 37  # the conditions that the car drives in: multiple of the tyres' grip
    POWER = 38  # multiple of the engine's and the turbo's acceleration
    BRAKING = 39  # multiple of the brake's deceleration
    STEERING = 40  # multiple of the yaw rate that the steering asks for
    WIND_X = 41  # velocity of the air [m/s], world
    WIND_Z = 42
    CUT = 43  # time left of the engine's cut after touching a wall [s]


FIELDS = len(Field)

CONDITIONS = {
    Field.GRIP: 1.0,
    Field.POWER: 1.0,
    Field.BRAKING: 1.0,
    Field.STEERING: 1.0,
    Field.WIND_X: 0.0,
    Field.WIND_Z: 0.0,
}
"""Rows that stand for weather and for a car's difference from others, and their values on a dry, still day.

The tick obeys and never changes them; a spawn leaves them as they are."""


@wp.struct
class Car:
    """One car in registers; see Field for the meaning of each member."""

    position: wp.vec3
    rotation: wp.quat
    velocity: wp.vec3
    spin: wp.vec3
    steer: float
    gear: float
    shift: float
    turbo: float
    turbo_factor: float
    sliding: float
    progress: float
    furthest: float
    clock: float
    finish_time: float
    lap: float
    lateral: float
    height: float
    contacts: float
    off_road: float
    wall_impact: float
    suspension: wp.vec4
    gas: float
    brake: float
    wheel: float
    grip: float
    power: float
    braking: float
    steering: float
    wind: wp.vec3
    cut: float


Row = wp.types.vector(FIELDS, float)
"""One column of the state array. Kernels copy it number by number, which keeps their loops vectorisable."""


@wp.func
def unpack(row: Row) -> Car:
    """The car in a row of numbers."""
    car = Car()
    car.position = wp.vec3(row[Field.X], row[Field.Y], row[Field.Z])
    car.rotation = wp.quat(row[Field.QX], row[Field.QY], row[Field.QZ], row[Field.QW])
    car.velocity = wp.vec3(row[Field.VX], row[Field.VY], row[Field.VZ])
    car.spin = wp.vec3(row[Field.WX], row[Field.WY], row[Field.WZ])
    car.steer = row[Field.STEER]
    car.gear = row[Field.GEAR]
    car.shift = row[Field.SHIFT]
    car.turbo = row[Field.TURBO]
    car.turbo_factor = row[Field.TURBO_FACTOR]
    car.sliding = row[Field.SLIDING]
    car.progress = row[Field.PROGRESS]
    car.furthest = row[Field.FURTHEST]
    car.clock = row[Field.CLOCK]
    car.finish_time = row[Field.FINISH_TIME]
    car.lap = row[Field.LAP]
    car.wall_impact = row[Field.WALL_IMPACT]
    car.gas = row[Field.GAS]
    car.brake = row[Field.BRAKE]
    car.wheel = row[Field.WHEEL]
    car.grip = row[Field.GRIP]
    car.power = row[Field.POWER]
    car.braking = row[Field.BRAKING]
    car.steering = row[Field.STEERING]
    car.wind = wp.vec3(row[Field.WIND_X], 0.0, row[Field.WIND_Z])
    car.cut = row[Field.CUT]
    return car


@wp.func
def pack(row: Row, car: Car) -> Row:
    """The row with the car written into it; segment, action and conditions are not the car's to change."""
    result = row
    result[Field.X] = car.position[0]
    result[Field.Y] = car.position[1]
    result[Field.Z] = car.position[2]
    result[Field.QX] = car.rotation[0]
    result[Field.QY] = car.rotation[1]
    result[Field.QZ] = car.rotation[2]
    result[Field.QW] = car.rotation[3]
    result[Field.VX] = car.velocity[0]
    result[Field.VY] = car.velocity[1]
    result[Field.VZ] = car.velocity[2]
    result[Field.WX] = car.spin[0]
    result[Field.WY] = car.spin[1]
    result[Field.WZ] = car.spin[2]
    result[Field.STEER] = car.steer
    result[Field.GEAR] = car.gear
    result[Field.SHIFT] = car.shift
    result[Field.TURBO] = car.turbo
    result[Field.TURBO_FACTOR] = car.turbo_factor
    result[Field.SLIDING] = car.sliding
    result[Field.PROGRESS] = car.progress
    result[Field.FURTHEST] = car.furthest
    result[Field.CLOCK] = car.clock
    result[Field.FINISH_TIME] = car.finish_time
    result[Field.LATERAL] = car.lateral
    result[Field.HEIGHT] = car.height
    result[Field.CONTACTS] = car.contacts
    result[Field.OFF_ROAD] = car.off_road
    result[Field.WALL_IMPACT] = car.wall_impact
    result[Field.SUSPENSION_FL] = car.suspension[0]
    result[Field.SUSPENSION_FR] = car.suspension[1]
    result[Field.SUSPENSION_RL] = car.suspension[2]
    result[Field.SUSPENSION_RR] = car.suspension[3]
    result[Field.CUT] = car.cut
    return result


@wp.struct
class Frame:
    """A car's own frame in the world."""

    origin: wp.vec3
    """Centre of mass [m]."""
    left: wp.vec3
    up: wp.vec3
    forward: wp.vec3


@wp.func
def frame_of(state: wp.array2d(dtype=float), i: int) -> Frame:
    """The frame of car i."""
    rotation = wp.quat(state[Field.QX, i], state[Field.QY, i], state[Field.QZ, i], state[Field.QW, i])
    frame = Frame()
    frame.origin = wp.vec3(state[Field.X, i], state[Field.Y, i], state[Field.Z, i])
    frame.left = left_axis(rotation)
    frame.up = up_axis(rotation)
    frame.forward = forward_axis(rotation)
    return frame


@wp.func
def tangible(solid: wp.array(dtype=int), state: wp.array2d(dtype=float), i: int) -> bool:
    """Whether others meet a car: it was not taken out, and has neither finished nor fallen off."""
    return solid[i] == 1 and state[Field.FINISH_TIME, i] <= 0.0 and state[Field.OFF_ROAD, i] < 4.0
