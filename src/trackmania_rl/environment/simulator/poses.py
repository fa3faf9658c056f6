"""What a state says in other words: speed, time, and the pose that a viewer draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import (
    CENTRE_FORWARD,
    CENTRE_HEIGHT,
    KMH,
    TICK,
    steering_radius,
)
from trackmania_rl.protocol.poses import (
    POSE_FIELDS,
    STATE_FINISHED,
    STATE_GROUNDED,
    STATE_OUT,
    STATE_SLIDING,
    STATE_TURBO,
    STATE_WALL,
)

Floats = NDArray[np.float32]

RPM_PER_KMH = np.array([0.864, 0.864, 0.5176, 0.3766, 0.2589, 0.2], np.float32) / 100.0
"""Engine speed per speed in gears 0 to 5, of a red line a little above the shifts [measured ratios]."""
WHEEL_BASE = 2.988
"""[m] [TMNF]"""


def forward_speed(state: Floats) -> Floats:
    """Speed along the nose [m/s], (n,), of states (FIELDS, n)."""
    x, y, z, w = state[Field.QX : Field.QW + 1]
    forward = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
    velocity = state[Field.VX : Field.VZ + 1]
    return np.asarray(forward[0] * velocity[0] + forward[1] * velocity[1] + forward[2] * velocity[2])


def lap_time(state: Floats) -> Floats:
    """Race clock since the spawn, held at the finish [s], (n,), of states (FIELDS, n)."""
    finish_time = state[Field.FINISH_TIME]
    return np.asarray(np.where(finish_time > 0, finish_time, state[Field.CLOCK] * np.float32(TICK)))


def poses(state: Floats) -> Floats:
    """What a viewer draws of states (FIELDS, n): (n, len(POSE_FIELDS)), columns as in POSE_FIELDS."""
    quaternion = state[Field.QX : Field.QW + 1]
    centre = np.array([0.0, CENTRE_HEIGHT, CENTRE_FORWARD], np.float32)
    origin = state[Field.X : Field.Z + 1] - rotate(quaternion, centre)
    gear = state[Field.GEAR]
    speed = forward_speed(state)
    flags = (
        STATE_GROUNDED * (state[Field.CONTACTS] > 0)
        + STATE_SLIDING * (state[Field.SLIDING] > 0)
        + STATE_WALL * (state[Field.WALL_IMPACT] > 0)
        + STATE_TURBO * (state[Field.TURBO] > 0)
        + STATE_FINISHED * (state[Field.FINISH_TIME] > 0)
        + STATE_OUT * (state[Field.OFF_ROAD] >= 4)
    )
    rows = dict(
        zip(("x", "y", "z", "qx", "qy", "qz", "qw"), (*origin, *quaternion), strict=True),
        vx=state[Field.VX],
        vy=state[Field.VY],
        vz=state[Field.VZ],
        steer=state[Field.STEER],
        gas=state[Field.GAS],
        brake=state[Field.BRAKE],
        gear=gear,
        rpm=np.minimum(np.abs(speed) * KMH * RPM_PER_KMH[gear.astype(np.intp)], 1.0),
        progress=state[Field.PROGRESS],
        lap_time=lap_time(state),
        state=flags,
        suspension_fl=state[Field.SUSPENSION_FL],
        suspension_fr=state[Field.SUSPENSION_FR],
        suspension_rl=state[Field.SUSPENSION_RL],
        suspension_rr=state[Field.SUSPENSION_RR],
        wheel_angle=state[Field.STEER] * np.arctan(WHEEL_BASE / steering_radius(speed)),
    )
    return np.stack([rows[name] for name in POSE_FIELDS], axis=1).astype(np.float32)
