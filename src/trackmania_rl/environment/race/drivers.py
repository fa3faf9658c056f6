"""Drivers that need no learning: to test tracks, to warm up, to race against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.sensors import SURFACE_GRIP
from trackmania_rl.environment.simulator.simulator import HORIZON, Simulator
from trackmania_rl.environment.simulator.vehicle import cornering_speed, steering_radius
from trackmania_rl.environment.tracks.track import Track

Floats = NDArray[np.float32]

GRIP = 0.75
"""Share of the car's cornering that the pursuit driver uses (guess)."""
LOOK_SECONDS = 0.55
"""The pursuit driver aims at the centre-line this far ahead in time (guess)."""
LOOK_NEAREST = 8.0
"""... but no nearer than this [m] (guess)."""
SLOWEST = 6.0
"""It takes any curve at this speed at least, a hairpin on ice too [m/s] (guess)."""
DECELERATION = 20.0
"""Deceleration by braking that it counts on [m/s2]; the car manages 30 and more."""


def full_throttle(simulator: Simulator) -> Floats:
    """Gas, no brake, straight on: actions (cars, 3)."""
    return np.tile(np.array([1.0, 0.0, 0.0], np.float32), (simulator.cars, 1))


def pursuit(simulator: Simulator) -> Floats:
    """Follow the centre-line by pure pursuit, at speeds that the coming curves allow: actions (cars, 3).

    Steering is the curvature of the circle through the aim point [Coulter 1992, CMU-RI-TR-92-01], as a
    share of the curvature that full steering drives at this speed. The simulator must have its default
    horizon.
    """
    points = simulator.horizon().reshape(simulator.cars, -1, 5)
    left, up, forward = points[:, :, 0], points[:, :, 1], points[:, :, 2]
    speed = simulator.speed
    look = np.maximum(LOOK_NEAREST, speed * LOOK_SECONDS)
    aim_left = _at(look, left)
    # In a loop the aim lies above the car more than ahead of it.
    aim_ahead = np.maximum(np.hypot(_at(look, forward), _at(look, up)), 1.0)
    curvature = 2 * aim_left / (aim_left**2 + aim_ahead**2)
    steer = np.clip(-curvature * steering_radius(speed), -1.0, 1.0)

    limit = _speed_limit(simulator)
    gas = speed < limit
    brake = (speed > limit + 3.0) & (speed > 5.0)
    return np.stack([gas, brake, steer], axis=1).astype(np.float32)


def _at(distance: Floats, values: Floats) -> Floats:
    """Interpolate values (cars, points) of the horizon at one distance per car."""
    knots = np.array(HORIZON, np.float32)
    k = np.clip(np.searchsorted(knots, distance) - 1, 0, len(knots) - 2)
    share = np.clip((distance - knots[k]) / (knots[k + 1] - knots[k]), 0.0, 1.0)
    rows = np.arange(len(distance))
    return np.asarray(values[rows, k] * (1 - share) + values[rows, k + 1] * share, np.float32)


def _speed_limit(simulator: Simulator) -> Floats:
    """Speed now from which every coming curve can be reached at a speed it can be driven at [m/s]."""
    track = simulator.track
    ahead = np.array(HORIZON, np.float32)
    arc = track.start + simulator.progress[:, None] + ahead
    if track.closed:
        arc %= track.centreline_length
    nodes = np.minimum(np.searchsorted(track.arc, arc), len(track.arc) - 1)
    middle = arc + np.diff(ahead, append=ahead[-1]) / 2
    curvature = np.abs(_turned(track, middle[:, :-2], middle[:, 1:-1])) * 2 / (ahead[2:] - ahead[:-2])
    grip = SURFACE_GRIP[track.surface[nodes[:, 1:-1]]]
    corner = np.maximum(cornering_speed(GRIP * grip / np.maximum(curvature, 1e-4)), SLOWEST)
    room = np.maximum(ahead[:-2] - 5.0, 0.0)
    return np.asarray(np.sqrt(corner**2 + 2 * DECELERATION * room).min(axis=1), np.float32)


def _turned(track: Track, begin: NDArray[Any], end: NDArray[Any]) -> Floats:
    """How far the road turns to its left between two arc lengths [rad]: what a car must steer, on banked
    roads and in loops too."""
    steps = np.einsum("ni,ni->n", np.diff(track.tangent, axis=0), track.left[:-1])
    turned = np.concatenate([[0.0], np.cumsum(steps)])
    around = np.interp(end, track.arc, turned) - np.interp(begin, track.arc, turned)
    return np.asarray(around + np.where(end < begin, turned[-1], 0.0), np.float32)
