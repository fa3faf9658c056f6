"""The state of a car: one row of numbers per field, one column per car (struct of arrays)."""

from __future__ import annotations

from enum import IntEnum

import warp as wp

BLOCK = 32
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


FIELDS = len(Field)


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


@wp.func
def load(cells: wp.array(dtype=float), stride: int, i: int) -> Car:
    """Read car i of a flat struct of arrays whose rows are `stride` apart."""
    car = Car()
    car.position = wp.vec3(
        cells[Field.X * stride + i], cells[Field.Y * stride + i], cells[Field.Z * stride + i]
    )
    car.rotation = wp.quat(
        cells[Field.QX * stride + i],
        cells[Field.QY * stride + i],
        cells[Field.QZ * stride + i],
        cells[Field.QW * stride + i],
    )
    car.velocity = wp.vec3(
        cells[Field.VX * stride + i], cells[Field.VY * stride + i], cells[Field.VZ * stride + i]
    )
    car.spin = wp.vec3(
        cells[Field.WX * stride + i], cells[Field.WY * stride + i], cells[Field.WZ * stride + i]
    )
    car.steer = cells[Field.STEER * stride + i]
    car.gear = cells[Field.GEAR * stride + i]
    car.shift = cells[Field.SHIFT * stride + i]
    car.turbo = cells[Field.TURBO * stride + i]
    car.turbo_factor = cells[Field.TURBO_FACTOR * stride + i]
    car.sliding = cells[Field.SLIDING * stride + i]
    car.progress = cells[Field.PROGRESS * stride + i]
    car.furthest = cells[Field.FURTHEST * stride + i]
    car.clock = cells[Field.CLOCK * stride + i]
    car.finish_time = cells[Field.FINISH_TIME * stride + i]
    car.lap = cells[Field.LAP * stride + i]
    car.wall_impact = cells[Field.WALL_IMPACT * stride + i]
    car.gas = cells[Field.GAS * stride + i]
    car.brake = cells[Field.BRAKE * stride + i]
    car.wheel = cells[Field.WHEEL * stride + i]
    return car


@wp.func
def save(cells: wp.array(dtype=float), stride: int, i: int, car: Car):  # type: ignore[no-untyped-def]
    """Write car i back; the segment and the held action are not the car's to change."""
    cells[Field.X * stride + i] = car.position[0]
    cells[Field.Y * stride + i] = car.position[1]
    cells[Field.Z * stride + i] = car.position[2]
    cells[Field.QX * stride + i] = car.rotation[0]
    cells[Field.QY * stride + i] = car.rotation[1]
    cells[Field.QZ * stride + i] = car.rotation[2]
    cells[Field.QW * stride + i] = car.rotation[3]
    cells[Field.VX * stride + i] = car.velocity[0]
    cells[Field.VY * stride + i] = car.velocity[1]
    cells[Field.VZ * stride + i] = car.velocity[2]
    cells[Field.WX * stride + i] = car.spin[0]
    cells[Field.WY * stride + i] = car.spin[1]
    cells[Field.WZ * stride + i] = car.spin[2]
    cells[Field.STEER * stride + i] = car.steer
    cells[Field.GEAR * stride + i] = car.gear
    cells[Field.SHIFT * stride + i] = car.shift
    cells[Field.TURBO * stride + i] = car.turbo
    cells[Field.TURBO_FACTOR * stride + i] = car.turbo_factor
    cells[Field.SLIDING * stride + i] = car.sliding
    cells[Field.PROGRESS * stride + i] = car.progress
    cells[Field.FURTHEST * stride + i] = car.furthest
    cells[Field.CLOCK * stride + i] = car.clock
    cells[Field.FINISH_TIME * stride + i] = car.finish_time
    cells[Field.LATERAL * stride + i] = car.lateral
    cells[Field.HEIGHT * stride + i] = car.height
    cells[Field.CONTACTS * stride + i] = car.contacts
    cells[Field.OFF_ROAD * stride + i] = car.off_road
    cells[Field.WALL_IMPACT * stride + i] = car.wall_impact
    cells[Field.SUSPENSION_FL * stride + i] = car.suspension[0]
    cells[Field.SUSPENSION_FR * stride + i] = car.suspension[1]
    cells[Field.SUSPENSION_RL * stride + i] = car.suspension[2]
    cells[Field.SUSPENSION_RR * stride + i] = car.suspension[3]
