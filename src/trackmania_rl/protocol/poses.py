"""The columns of a pose: what a viewer needs to draw a car and what a replay keeps of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ACTION_STEP = 1 / 1024
"""Actions are driven, and stored, in steps of this: finer than a gamepad's stick, and exact in float32."""

POSE_FIELDS: tuple[str, ...] = (
    "x", "y", "z",  # car's origin [m]
    "qx", "qy", "qz", "qw",  # attitude: world_from_car, the body's +z is forward, +x left, +y up
    "vx", "vy", "vz",  # velocity [m/s]
    "steer",  # steering wheel as driven, -1 left .. 1 right
    "gas", "brake",  # pedals 0..1
    "gear",  # 1..5, 0 in reverse
    "rpm",  # engine speed, 0..1 of the red line
    "progress",  # distance along the track from the start [m]
    "lap_time",  # race clock of this car, held after its finish [s]
    "state",  # bit 0 on the ground, 1 sliding, 2 touching a wall, 3 turbo, 4 finished, 5 out of the heat
    "suspension_fl", "suspension_fr", "suspension_rl", "suspension_rr",  # compression [m]
    "wheel_angle",  # front wheels, positive to the right [rad]
)  # fmt: skip

STATE_GROUNDED, STATE_SLIDING, STATE_WALL, STATE_TURBO, STATE_FINISHED, STATE_OUT = (1 << k for k in range(6))


def lidar_fields(beams: int) -> tuple[str, ...]:
    """Names of the LIDAR columns that may follow the pose: distances right to left [m]."""
    return tuple(f"lidar_{k}" for k in range(beams))


def on_grid(action: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest action that a race drives and a tape stores."""
    return np.round(action / np.float32(ACTION_STEP)) * np.float32(ACTION_STEP)
