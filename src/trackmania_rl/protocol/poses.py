"""The columns of a pose: what a viewer needs to draw a car and what a replay keeps of it."""

from __future__ import annotations

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
