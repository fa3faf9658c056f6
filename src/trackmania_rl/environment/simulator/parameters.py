"""The numbers of the car that a fit to recorded drives may change, and the shipped ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import warp as wp

from trackmania_rl.protocol.errors import InputError

STEERING_SPEED = np.array(
    [0.0, 70.0, 95.0, 125.0, 160.0, 195.0, 235.0, 275.0, 300.0, 330.0, 385.0, 440.0, 1000.0]
)
"""Speeds of the steering table [km/h]."""
Table = wp.types.vector(len(STEERING_SPEED), float)

PARAMETERS_FILE = Path(__file__).with_name("parameters.json")
"""The shipped fit: written by `trackmania-rl calibrate --fit`, with its source."""


@wp.struct
class Parameters:
    """The numbers that a fit to recorded drives may change; see docs/physics.md for where each comes from."""

    radius: Table  # type: ignore[valid-type]
    """Radius of the curve that full steering drives at the speeds of STEERING_SPEED [m]."""
    yaw_response: float
    """Rate at which the yaw rate follows the steering [1/s]."""
    yaw_acceleration: float
    """Largest change of yaw rate [rad/s2]."""
    coast: float
    """Deceleration without gas at rest [m/s2]."""
    coast_slope: float
    """More deceleration without gas per speed [1/s]."""
    steer_cost: float
    """Deceleration by full steering [m/s2]; following the curve costs more."""
    brake_base: float
    """Brake at rest [m/s2]."""
    brake_slope: float
    """More brake per speed [1/s]."""
    brake_max: float
    """Strongest brake [m/s2]."""
    brake_steer_slope: float
    """Strongest brake with full steering per speed [1/s]: then the front tyres hold the curve too."""
    grip_reserve: float
    """Lateral grip over what full steering needs."""
    slide_grip: float
    """Lateral grip while sliding, of the gripping one."""
    slide_brake_grip: float
    """Lateral grip while sliding with the brake pressed, at no sideways speed [m/s2]."""
    slide_brake_slope: float
    """More of it per sideways speed [1/s]."""
    slide_coast: float
    """Lift-off deceleration while sliding, of the gripping one."""
    slide_drag: float
    """What sliding costs along the car's nose while the gas is pressed [m/s2]."""
    slide_brake: float
    """The brake along the car's nose while sliding [m/s2]."""
    slide_begin: float
    """Sideways speed at which tyres begin to slide [m/s]."""
    slide_end: float
    """Sideways speed below which they grip again [m/s]."""
    slide_lateral: float
    """Braking in a curve that asks for more lateral acceleration makes the tyres slide [m/s2]."""
    dirt_grip: float
    """Lateral grip of dirt, of asphalt's."""
    grass_grip: float
    """Of grass."""
    ice_grip: float
    """Of ice."""
    plastic_grip: float
    """Of plastic."""
    loose_power: float
    """Acceleration by the engine on dirt and grass, of asphalt's."""
    gravity_ground: float
    """Gravity with all wheels on the ground [m/s2]."""
    stiffness: float
    """Of each wheel's spring [1/s2]."""
    damping: float
    """Of each wheel [1/s]."""
    bump_travel: float
    """Compression at which the bump stop begins [m]."""
    bump_stiffness: float
    """Of the bump stop of each wheel [1/s2]."""
    bump_damping: float
    """Of the bump stop of each wheel [1/s]."""
    lean_height: float
    """Lever with which tyre forces tilt the body [m]."""
    spin_drag: float
    """Share of the angular velocity lost per second in the air [1/s]."""


def parameters(**changes: Any) -> Any:
    """The shipped Parameters, with some of them changed.

    Args:
        changes: Values by their names; `radius` a sequence of as many numbers as STEERING_SPEED has.

    Raises:
        InputError: A name that is none.
    """
    values = {**SHIPPED, **changes}
    unknown = set(changes) - set(SHIPPED)
    if unknown:
        raise InputError(f"no parameters {sorted(unknown)}, expected some of {sorted(SHIPPED)}")
    result = Parameters()
    for name, value in values.items():
        setattr(result, name, Table(*value) if name == "radius" else float(value))
    return result


def read_parameters(path: Path) -> dict[str, Any]:
    """Values of Parameters by their names, from a file that a fit wrote.

    Raises:
        InputError: The file is missing, or is no such file.
    """
    try:
        return dict(json.loads(path.read_text())["parameters"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"cannot read parameters from {path}, expected a file that `calibrate --fit --write` wrote"
        ) from error


SHIPPED: dict[str, Any] = read_parameters(PARAMETERS_FILE)
"""Values of the shipped Parameters by their names."""
STEERING_RADIUS = np.array(SHIPPED["radius"])
"""Radius of the curve that full steering drives [m] at the speeds of STEERING_SPEED."""
