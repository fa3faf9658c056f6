"""A pinhole camera on a car: where it stands, and where it sees a point of the world."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp

from trackmania_rl.environment.simulator.state import frame_of
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, CENTRE_HEIGHT

NEAR = wp.constant(0.05)
"""What is less ahead of the lens is behind it [m]."""


@dataclass(frozen=True, kw_only=True)
class Lens:
    """A pinhole camera on the car. Camera 3 of the game is published nowhere: its numbers are guesses.

    Attributes:
        height: Above the road under the resting car's origin [m].
        forward: Before the car's origin [m].
        pitch: Downwards [rad].
        fov: Angle of the whole picture from top to bottom [rad].
    """

    height: float = 1.6
    forward: float = 0.6
    pitch: float = 0.12
    fov: float = 1.22

    def row(self) -> tuple[float, float, float, float]:
        """As the kernels want it: up and forward of the centre of mass, pitch, tangent of half the angle."""
        half = float(np.tan(self.fov / 2))
        return self.height - CENTRE_HEIGHT, self.forward - CENTRE_FORWARD, self.pitch, half


@wp.struct
class View:
    """A camera in the world: where it stands and its axes."""

    eye: wp.vec3
    right: wp.vec3
    down: wp.vec3
    ahead: wp.vec3


@wp.func
def view_of(state: wp.array2d(dtype=float), lens: wp.array2d(dtype=float), i: int) -> View:
    """The camera of car i, whose lens is a row as in `Lens.row`."""
    car = frame_of(state, i)
    tilt = lens[i, 2]
    view = View()
    view.eye = car.origin + car.up * lens[i, 0] + car.forward * lens[i, 1]
    view.right = -car.left
    view.ahead = car.forward * wp.cos(tilt) - car.up * wp.sin(tilt)
    view.down = -(car.up * wp.cos(tilt) + car.forward * wp.sin(tilt))
    return view


@wp.func
def seen(view: View, point: wp.vec3) -> wp.vec3:
    """A point of the world in the camera's axes: right, down, ahead."""
    to = point - view.eye
    return wp.vec3(wp.dot(to, view.right), wp.dot(to, view.down), wp.dot(to, view.ahead))
