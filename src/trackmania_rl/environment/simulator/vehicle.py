"""The TrackMania 2020 Stadium car: its numbers and what engine, gears, tyres and brakes do with the pedals.

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
GRAVITY_GROUND = wp.constant(30.0)
"""With all wheels on the ground [m/s2] [TMNF]."""
AIR_DRAG = wp.constant(0.03)
"""Share of the velocity lost per second in the air [1/s] [measured]."""
SPIN_DRAG = wp.constant(0.3)
"""Share of the angular velocity lost per second in the air [1/s] (guess)."""

# --- suspension -----------------------------------------------------------------------------------
STIFFNESS = wp.constant(40.0)
"""Of each wheel [1/s2] [TMNF]."""
DAMPING = wp.constant(2.5)
"""Of each wheel [1/s] (guess: 0.4 of critical; TMNF's 1.0 alone leaves the car bouncing for seconds)."""
SAG = wp.constant(0.1875)
"""Compression at rest [m]: ground gravity over the four springs; TMNF's rest length is 0.2."""
BUMP_TRAVEL = wp.constant(0.4)
"""Compression at which the bump stop begins [m] (guess)."""
BUMP_STIFFNESS = wp.constant(500.0)
"""Of the bump stop of each wheel [1/s2] (guess: stiff, yet stable at 10 ms)."""
BUMP_DAMPING = wp.constant(18.0)
"""Of the bump stop of each wheel [1/s] (guess: a landing is inelastic)."""
SINK_MAX = wp.constant(2.0)
"""A wheel deeper than this under the road is not on it [m] (guess)."""
LEAN_HEIGHT = wp.constant(0.08)
"""Lever with which tyre forces tilt the body [m] (guess: the car leans little and never rolls over)."""

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
TURBO_TIME = wp.constant(0.25)
"""A turbo pushes on after the pad [s] [measured]."""

# --- resistance -----------------------------------------------------------------------------------
COAST = wp.constant(2.4)
"""Deceleration without gas at rest [m/s2] [measured: 3.5 with full steering, which costs 1.1]."""
COAST_SLOPE = wp.constant(0.285)
"""More deceleration without gas per speed [1/s] [measured]."""
STEER_COST = wp.constant(0.5)
"""Deceleration by full steering [m/s2]; following the curve costs more: 1.1 in all [measured, fitted]."""
BRAKE_BASE = wp.constant(1.0)
"""Brake at rest [m/s2] [TMNF]."""
BRAKE_SLOPE = wp.constant(1.75)
"""More brake per speed [1/s] [TMNF]."""
BRAKE_MAX = wp.constant(30.0)
"""Strongest brake [m/s2] [TMNF]; with the lift-off it gives TMNF's recorded 39.8 m/s2."""

# --- tyres ----------------------------------------------------------------------------------------
YAW_RESPONSE = wp.constant(5.5)
"""Rate at which the yaw rate follows the steering [1/s] [fitted to recorded drives, docs/physics.md]."""
YAW_ACCELERATION = wp.constant(8.0)
"""Largest change of yaw rate [rad/s2] [fitted likewise]."""
GRIP_RESERVE = wp.constant(1.2)
"""Lateral grip over what full steering needs (guess)."""
SLIDE_GRIP = wp.constant(0.9)
"""Lateral grip while sliding, of the gripping one [fitted to one drive that drifts; few samples]."""
SLIDE_COAST = wp.constant(2.0)
"""Lift-off deceleration while sliding, of the gripping one [measured: about twice]."""
SLIDE_DRAG = wp.constant(8.0)
"""What sliding costs while the gas or the brake is pressed, instead of the brake's force [m/s2] [measured in
one drive that drifts at 300 km/h: tyres that slide sideways have little left to brake with]."""
SLIDE_BEGIN = wp.constant(6.0)
"""Sideways speed at which tyres begin to slide [m/s] (guess)."""
SLIDE_END = wp.constant(2.0)
"""Sideways speed below which they grip again [m/s] (guess)."""
SLIDE_SPEED = wp.constant(25.0)
"""Braking while steering above this speed makes the tyres slide [m/s] (guess)."""
SLIDE_WHEEL = wp.constant(0.3)
"""Steering beyond which braking makes them slide (guess)."""

STEERING_SPEED = np.array([0.0, 70.0, 90.0, 110.0, 190.0, 230.0, 290.0, 350.0, 410.0, 1000.0])
"""Speeds of the steering table [km/h]."""
STEERING_RADIUS = np.array([5.2, 11.7, 14.3, 18.2, 45.0, 65.7, 96.0, 114.0, 139.6, 310.7])
"""Radius of the curve that full steering drives [m]: medians of recorded drives from 70 to 450 km/h
[measured], between them lines; at rest TMNF's wheel angle of 30 degrees, above 450 the last slope (guess)."""

_Lines = wp.types.vector(len(STEERING_SPEED) - 1, float)
RADIUS_LINES = wp.constant(len(STEERING_SPEED) - 1)
RADIUS_AT_REST = wp.constant(float(STEERING_RADIUS[0]))
RADIUS_FROM = wp.constant(_Lines(*STEERING_SPEED[:-1]))
RADIUS_SPAN = wp.constant(_Lines(*np.diff(STEERING_SPEED)))
RADIUS_SLOPE = wp.constant(_Lines(*(np.diff(STEERING_RADIUS) / np.diff(STEERING_SPEED))))


def steering_radius(speed: NDArray[Any]) -> NDArray[np.float32]:
    """full_steer_radius on the host: radius [m] of each forward speed [m/s]."""
    return np.interp(np.abs(speed) * KMH, STEERING_SPEED, STEERING_RADIUS).astype(np.float32)


def cornering_speed(radius: NDArray[Any]) -> NDArray[np.float32]:
    """Highest speed [m/s] at which full steering drives a curve of each radius [m]."""
    return (np.interp(radius, STEERING_RADIUS, STEERING_SPEED) / KMH).astype(np.float32)


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
    """Speed at which a gear shifts up [km/h] [measured]."""
    return wp.where(
        gear < 1.5,
        102.4,
        wp.where(gear < 2.5, 162.2, wp.where(gear < 3.5, 235.1, wp.where(gear < 4.5, 341.7, 1.0e9))),
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
def full_steer_radius(speed: float) -> float:
    """Radius of the curve that full steering drives [m] at a speed [km/h], gripping: lines in the table."""
    radius = float(RADIUS_AT_REST)
    for k in range(RADIUS_LINES):
        radius += bound(speed - RADIUS_FROM[k], 0.0, RADIUS_SPAN[k]) * RADIUS_SLOPE[k]
    return radius


@wp.func
def surface_grip(surface: float) -> float:
    """Lateral grip of a surface, of asphalt's [measured: ice 17-27, grass 27-44, dirt 38-65 m/s2 of 43-100].

    Plastic was seen too rarely to measure: as asphalt (guess).
    """
    return wp.where(
        surface < 0.5,
        1.0,
        wp.where(surface < 1.5, 0.65, wp.where(surface < 2.5, 0.45, wp.where(surface < 3.5, 0.28, 1.0))),
    )


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
    speed: float,
    gas: float,
    brake: float,
    steer: float,
    gear: float,
    shift: float,
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
    result.push = engine * (throttle * flag(result.shift <= 0.0) + turbo)
    result.push -= reversing * power * reverse_staircase(most(-kmh, 0.0))

    pace = size(speed)
    reverse_braking = throttle * flag(speed < -0.5)
    slowing = most(brake * (1.0 - reversing), reverse_braking)
    coasting = (1.0 - throttle) * (1.0 - reversing)
    gripping = (
        coasting * (COAST + COAST_SLOPE * pace)
        + slowing * braking * least(BRAKE_BASE + BRAKE_SLOPE * pace, BRAKE_MAX)
        + STEER_COST * size(steer) * least(pace * 0.2, 1.0)
    )
    pressed = most(gas, brake)
    drifting = pressed * SLIDE_DRAG + (1.0 - pressed) * SLIDE_COAST * (COAST + COAST_SLOPE * pace)
    result.drag = wp.where(sliding > 0.5, drifting, gripping)
    return result


@wp.func
def yaw_rate(speed: float, steer: float, grip: float) -> float:
    """Yaw rate that the steering asks for [rad/s], positive to the left."""
    asked = -steer * speed / full_steer_radius(size(speed) * KMH)
    return asked * least(grip * 1.3, 1.0)


@wp.func
def lateral_grip(speed: float, grip: float, sliding: float) -> float:
    """Largest lateral acceleration of the tyres [m/s2]."""
    pace = most(size(speed), 20.0)
    need = pace * pace / full_steer_radius(pace * KMH)
    return GRIP_RESERVE * need * grip * wp.where(sliding > 0.5, SLIDE_GRIP, 1.0)


@wp.func
def slides(speed: float, sideways: float, brake: float, steer: float, sliding: float) -> float:
    """1 if the tyres slide from now on: a sideways speed too high, or the brake while steering fast."""
    drift = brake * flag(size(steer) > SLIDE_WHEEL) * flag(speed > SLIDE_SPEED)
    slip = flag(size(sideways) > wp.where(sliding > 0.5, SLIDE_END, SLIDE_BEGIN))
    return most(drift, slip)


@wp.func
def steered(steer: float, wheel: float) -> float:
    """The steering after one tick of following the wheel."""
    return towards(steer, bound(wheel, -1.0, 1.0), STEER_RATE)
