"""The TrackMania 2020 Stadium car: what engine, gears, tyres and brakes do with the pedals.

All forces are accelerations: the car has mass 1. Sources: [measured] from recorded human drives, tables
in docs/physics.md; [TMNF] constants of the predecessor published by juanpagp/tmnf-physics, which the
measurements confirm where both exist; (guess) where neither tells.
"""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.maths import bound, flag, least, most, size, towards
from trackmania_rl.environment.simulator.parameters import (
    STEERING_RADIUS,
    STEERING_SPEED,
    Parameters,
    Table,
)

KMH = wp.constant(3.6)
"""From m/s to km/h."""
TICK = wp.constant(0.01)
"""Duration of a tick of physics [s] [TMNF, and TM2020's input tape]."""

# --- body -----------------------------------------------------------------------------------------
CENTRE_HEIGHT = wp.constant(0.4385)
"""Centre of mass above the car's origin, which rests on the road [m] [TMNF]."""
CENTRE_FORWARD = wp.constant(0.288)
"""Centre of mass ahead of the car's origin [m] [TMNF]."""
NOSE = wp.constant(2.0)
"""Nose ahead of the origin [m]: with it full throttle takes 7.707 s to the game's 7.708 s [measured]."""
TAIL = wp.constant(2.05)
"""Tail behind the origin [m]: the body is 4.1 m long [TMNF]."""
HALF_WIDTH = wp.constant(1.0)
"""Half the body's width [m]: centres reach 11.8 m on a road of 12.8 m half-width [measured]."""
AXLE = wp.constant(1.494)
"""Axles ahead of and behind the centre of mass [m] [TMNF]."""
TREAD_FRONT = wp.constant(0.863)
"""Front wheels beside the centre-line of the car [m] [TMNF]."""
TREAD_REAR = wp.constant(0.885)
"""Rear wheels beside the centre-line of the car [m] [TMNF]."""
PITCH_MOBILITY = wp.constant(0.48)
"""Inverse inertia about the left axis [1/m2] [TMNF]."""
YAW_MOBILITY = wp.constant(0.48)
"""Inverse inertia about the up axis [1/m2] [TMNF]."""
ROLL_MOBILITY = wp.constant(1.2)
"""Inverse inertia about the forward axis [1/m2] [TMNF]."""

# --- air and gravity ------------------------------------------------------------------------------
GRAVITY_AIR = wp.constant(25.0)
"""[m/s2] [measured, 162 flights]."""
AIR_DRAG = wp.constant(0.03)
"""Share of the velocity lost per second in the air [1/s] [measured]."""

# --- suspension -----------------------------------------------------------------------------------
SAG = wp.constant(0.1875)
"""Compression at rest [m]: ground gravity over the four springs; TMNF's rest length is 0.2."""
SINK_MAX = wp.constant(2.0)
"""A wheel deeper than this under the road is not on it [m] (guess)."""

# --- engine ---------------------------------------------------------------------------------------
SPEED_MAX = wp.constant(1000.0)
"""Engine's speed limit [km/h] [TMNF]."""
SHIFT_PAUSE = wp.constant(0.295)
"""Time without engine force at each shift up [s] [measured]."""
PEDAL_THRESHOLD = wp.constant(0.0)
"""Pedals are switches, pressed above this: every recorded drive has gas and brake of 0 or 1 only, even
those steered with an analogue stick, and the game's input tape has one bit for each [measured]."""
STEER_RATE = wp.constant(0.2)
"""Largest change of the steering per tick, of 1 [TMNF, trackmania.wiki]."""
WALL_CUT = wp.constant(0.5)
"""The engine stays away so long after the last touch of a wall [s] [measured: three touches in the drives of
tmrl-test's and tmrl-train's authors, gas pressed throughout]."""
WALL_CUT_COAST = wp.constant(100.0)
"""Above this speed a car whose engine is cut slows down as at lift-off, below it rolls freely [km/h]
[measured: the same three touches]."""
TURBO_TIME = wp.constant(0.25)
"""A turbo pushes on after the pad [s] [measured]."""

UPSHIFTS = (102.4, 162.2, 235.1, 341.7)
"""Speeds at which gears 1 to 4 shift up [km/h] [measured]."""

# --- steering -------------------------------------------------------------------------------------
RADIUS_LINES = wp.constant(len(STEERING_SPEED) - 1)
"""Loops over the lines unroll only when their count is a constant of its own."""
RADIUS_FROM = wp.constant(Table(*STEERING_SPEED))
RADIUS_PER_KMH = wp.constant(Table(*(1.0 / np.diff(STEERING_SPEED)), 0.0))


def steering_radius(speed: NDArray[Any]) -> NDArray[np.float32]:
    """full_steer_radius on the host: radius [m] of each forward speed [m/s]."""
    return np.interp(np.abs(speed) * KMH, STEERING_SPEED, STEERING_RADIUS).astype(np.float32)


def cornering_speed(radius: NDArray[Any]) -> NDArray[np.float32]:
    """Highest speed [m/s] at which full steering drives a curve of each radius [m]."""
    return (np.interp(radius, STEERING_RADIUS, STEERING_SPEED) / KMH).astype(np.float32)


def gear_at(speed: NDArray[Any]) -> NDArray[np.intp]:
    """Gear in which a car has come to each forward speed [m/s] that is not in reverse."""
    return 1 + np.searchsorted(UPSHIFTS, speed * KMH)


@wp.func
def staircase(speed: float) -> float:
    """Full throttle's acceleration [m/s2] at a speed [km/h]: steps, not a curve [measured; the last TMNF]."""
    return wp.where(
        speed < 100.0,
        15.79,
        wp.where(
            speed < 200.0,
            10.88,
            wp.where(speed < 400.0, 6.9, wp.where(speed < 801.0, 5.1, wp.where(speed < SPEED_MAX, 1.0, 0.0))),
        ),
    )


@wp.func
def reverse_staircase(speed: float) -> float:
    """Acceleration in reverse [m/s2] at a speed backwards [km/h] [TMNF]."""
    return wp.where(speed < 35.0, 12.0, wp.where(speed < 80.0, 6.0, wp.where(speed < 102.0, 2.0, 0.0)))


@wp.func
def upshift_speed(gear: float) -> float:
    """Speed at which a gear shifts up [km/h]."""
    return wp.where(
        gear < 1.5,
        wp.static(UPSHIFTS[0]),
        wp.where(
            gear < 2.5,
            wp.static(UPSHIFTS[1]),
            wp.where(gear < 3.5, wp.static(UPSHIFTS[2]), wp.where(gear < 4.5, wp.static(UPSHIFTS[3]), 1.0e9)),
        ),
    )


@wp.func
def downshift_speed(gear: float) -> float:
    """Speed below which a gear shifts down [km/h] [measured]."""
    return wp.where(
        gear < 1.5,
        -1.0e9,
        wp.where(gear < 2.5, 88.0, wp.where(gear < 3.5, 138.0, wp.where(gear < 4.5, 194.0, 276.0))),
    )


@wp.func
def full_steer_radius(p: Parameters, speed: float) -> float:
    """Radius of the curve that full steering drives [m] at a speed [km/h], gripping: lines in the table."""
    radius = float(p.radius[0])
    for k in range(RADIUS_LINES):
        share = bound((speed - RADIUS_FROM[k]) * RADIUS_PER_KMH[k], 0.0, 1.0)
        radius += share * (p.radius[k + 1] - p.radius[k])
    return radius


@wp.func
def surface_grip(p: Parameters, surface: float) -> float:
    """Lateral grip of a surface, of asphalt's."""
    return wp.where(
        surface < 0.5,
        1.0,
        wp.where(
            surface < 1.5,
            p.dirt_grip,
            wp.where(surface < 2.5, p.grass_grip, wp.where(surface < 3.5, p.ice_grip, p.plastic_grip)),
        ),
    )


@wp.func
def surface_power(p: Parameters, surface: float) -> float:
    """The engine's acceleration on a surface, of asphalt's."""
    return wp.where(surface < 0.5, 1.0, wp.where(surface < 2.5, p.loose_power, 1.0))


@wp.struct
class Drive:
    """What the pedals do in one tick."""

    gear: float
    shift: float
    push: float
    """Acceleration forward by engine and turbo [m/s2]."""
    drag: float
    """Deceleration that stops at standstill [m/s2]."""


@wp.func
def drive(
    p: Parameters,
    speed: float,
    gas: float,
    brake: float,
    steer: float,
    gear: float,
    shift: float,
    cut: float,
    turbo: float,
    sliding: float,
    power: float,
    braking: float,
) -> Drive:
    """Engine, gearbox, brake and lift-off.

    Args:
        speed: Forward speed [m/s].
        gas: 1 while pressed.
        brake: 1 while pressed; wins over the gas.
        steer: Steering as driven, -1..1.
        gear: Current gear.
        shift: Time left of the shift pause [s].
        cut: 1 while the engine is cut after touching a wall.
        turbo: Multiple of the engine's acceleration that a turbo adds now.
        sliding: 1 while the tyres slide.
        power: Multiple of the engine's acceleration.
        braking: Multiple of the brake's deceleration.
    """
    kmh = speed * KMH
    engaged = most(gear, 1.0)
    up = flag(kmh > upshift_speed(engaged))
    down = flag(kmh < downshift_speed(engaged))
    reversing = brake * (1.0 - gas) * flag(speed < 0.1)

    result = Drive()
    result.gear = wp.where(speed < -0.5, 0.0, engaged + up - down)
    result.shift = wp.where(up > 0.5, SHIFT_PAUSE, most(shift - TICK, 0.0))
    engine = power * staircase(most(kmh, 0.0))
    throttle = gas * (1.0 - brake)
    result.push = engine * (throttle * flag(result.shift <= 0.0) + turbo) * (1.0 - cut)
    result.push -= reversing * power * reverse_staircase(most(-kmh, 0.0))

    pace = size(speed)
    reverse_braking = throttle * flag(speed < -0.5)
    slowing = most(brake * (1.0 - reversing), reverse_braking)
    coasting = (1.0 - throttle) * (1.0 - reversing) + throttle * cut * flag(kmh > WALL_CUT_COAST)
    lift_off = p.coast + p.coast_slope * pace
    straight = least(p.brake_base + p.brake_slope * pace, p.brake_max)
    curved = p.brake_base + p.brake_steer_slope * pace
    gripping = (
        coasting * lift_off
        + slowing * braking * (straight + size(steer) * (least(straight, curved) - straight))
        + p.steer_cost * size(steer) * least(pace * 0.2, 1.0)
    )
    sliding_coast = (1.0 - brake) * p.slide_coast * lift_off
    drifting = throttle * p.slide_drag + brake * braking * p.slide_brake + (1.0 - throttle) * sliding_coast
    result.drag = wp.where(sliding > 0.5, drifting, gripping)
    return result


@wp.func
def yaw_rate(p: Parameters, speed: float, steer: float) -> float:
    """Yaw rate that the steering asks for [rad/s], positive to the left.

    The same on every surface and while sliding [measured on dirt and grass]: where grip is missing, the car
    points into the curve and drifts out of it.
    """
    return -steer * speed / full_steer_radius(p, size(speed) * KMH)


@wp.func
def lateral_grip(
    p: Parameters, speed: float, sideways: float, grip: float, brake: float, sliding: float
) -> float:
    """Largest lateral acceleration of the tyres [m/s2]."""
    pace = most(size(speed), 20.0)
    gripping = p.grip_reserve * pace * pace / full_steer_radius(p, pace * KMH)
    braking = p.slide_brake_grip + p.slide_brake_slope * size(sideways)
    drifting = wp.where(brake > 0.5, least(braking, p.slide_grip * gripping), p.slide_grip * gripping)
    return grip * wp.where(sliding > 0.5, drifting, gripping)


@wp.func
def slides(
    p: Parameters, speed: float, sideways: float, brake: float, turning: float, sliding: float
) -> float:
    """1 if the tyres slide from now on: a sideways speed too high, or the brake in a curve too fast.

    Args:
        p: The car's numbers.
        speed: Forward speed [m/s].
        sideways: Sideways speed [m/s].
        brake: 1 while pressed.
        turning: Yaw rate [rad/s].
        sliding: 1 if they slide already.
    """
    drift = brake * flag(size(speed * turning) > p.slide_lateral)
    slip = flag(size(sideways) > wp.where(sliding > 0.5, p.slide_end, p.slide_begin))
    return most(drift, slip)


@wp.func
def steered(steer: float, wheel: float) -> float:
    """The steering after one tick of following the wheel."""
    return towards(steer, bound(wheel, -1.0, 1.0), STEER_RATE)
