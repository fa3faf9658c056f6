"""Drivers that need no learning: to test tracks, to warm up, to race against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.observation import SURFACE_GRIP
from trackmania_rl.environment.simulator.simulator import HORIZON, Simulator
from trackmania_rl.environment.simulator.vehicle import cornering_speed, steering_radius

Floats = NDArray[np.float32]

GRIP = 0.75
"""Share of the car's cornering that the pursuit driver uses (guess)."""
LOOK_SECONDS = 0.55
"""The pursuit driver aims at the centre-line this far ahead in time (guess)."""
LOOK_NEAREST = 8.0
"""... but no nearer than this [m] (guess)."""
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
    left, forward = points[:, :, 0], points[:, :, 2]
    speed = simulator.speed
    look = np.maximum(LOOK_NEAREST, speed * LOOK_SECONDS)
    aim_left = _at(look, left)
    aim_forward = np.maximum(_at(look, forward), 1.0)
    curvature = 2 * aim_left / (aim_left**2 + aim_forward**2)
    steer = np.clip(-curvature * steering_radius(speed), -1.0, 1.0)

    limit = _speed_limit(points, _grip_ahead(simulator))
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


def _grip_ahead(simulator: Simulator) -> Floats:
    """Grip of the road, of asphalt's, at each point of the horizon, (cars, points)."""
    track = simulator.track
    arc = track.start + simulator.progress[:, None] + np.array(HORIZON, np.float32)
    if track.closed:
        arc %= track.centreline_length
    nodes = np.minimum(np.searchsorted(track.arc, arc), len(track.arc) - 1)
    return SURFACE_GRIP[track.surface[nodes]]


def _speed_limit(points: Floats, grip: Floats) -> Floats:
    """Speed now from which every coming curve can be reached at a speed it can be driven at [m/s]."""
    steps = np.diff(points[:, :, :3], axis=1)
    lengths = np.maximum(np.linalg.norm(steps, axis=2), 0.1)
    directions = steps / lengths[:, :, None]
    cosines = np.clip(np.sum(directions[:, 1:] * directions[:, :-1], axis=2), -1.0, 1.0)
    curvature = np.arccos(cosines) / (0.5 * (lengths[:, 1:] + lengths[:, :-1]))
    corner = cornering_speed(GRIP * grip[:, 1:-1] / np.maximum(curvature, 1e-4))
    room = np.maximum(np.array(HORIZON[:-2], np.float32) - 5.0, 0.0)
    return np.asarray(np.sqrt(corner**2 + 2 * DECELERATION * room).min(axis=1), np.float32)
