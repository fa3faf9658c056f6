"""TMRL's LIDAR: distances in pixels on the screen, from the bottom up to the black borders of the road.

`march` reads them off a picture, as TMRL does with the game's. The kernel `scan` computes what `march`
would read off an ideal picture of the road: it crosses the rays with the projected borders, without
drawing. Source of the rays: TMRL 0.7.1, `custom/tm/utils/tools.py`.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.lens import NEAR, Lens, seen, view_of
from trackmania_rl.environment.simulator.state import Field

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.simulator import Simulator

wp.set_module_options({"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"})

WIDTH, HEIGHT = 958, 488
"""Of the game's window [pixels] [TMRL]."""
ORIGIN_ROW, ORIGIN_COLUMN = 44 * HEIGHT // 49, WIDTH // 2
"""Where the rays go out: (438, 479) [TMRL]."""
RAYS = 19
"""From straight right over ahead, which is up, to straight left [TMRL]."""
SKIPPED = 20
"""Pixels of a ray before its first sample, so that the car's own bonnet is not a border [TMRL]."""
BLACK = 55
"""A pixel is border when all its channels are below this [TMRL]."""
Rays = wp.types.vector(RAYS, float)
SIGHT = wp.constant(400.0)
"""Borders further along the road are not looked at [m]: less than a pixel high (guess)."""


def pixels(width: int = WIDTH, height: int = HEIGHT) -> list[NDArray[np.intp]]:
    """Rows and columns of the samples of each ray, (2, samples): from right over ahead to left.

    Each begins SKIPPED pixels from the origin, goes on pixel by pixel and ends at the picture's edge.
    """
    rays = []
    for angle in np.radians(np.linspace(90.0, 270.0, RAYS)):
        step = np.array([np.cos(angle), np.sin(angle)])
        places = [np.array([44 * height // 49, width // 2]) + SKIPPED * step]
        while True:
            row, column = places[-1].astype(int)
            if row <= 0 or column <= 0 or column >= width - 1:
                break
            places.append(places[-1] + step)
        rays.append(np.array(places[:-1]).astype(np.intp).T)
    return rays


def march(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distances read off a picture (rows, columns, channels), (19,) in samples: TMRL's observation.

    Each is the number of the ray's first black sample, or of its last one where none is black.
    """
    distances = []
    for row, column in pixels(picture.shape[1], picture.shape[0]):
        black = (picture[row, column] < BLACK).all(axis=-1)
        distances.append(black.argmax() if black.any() else len(black) - 1)
    return np.array(distances, np.float32)


def longest() -> NDArray[np.float32]:
    """What each ray says that meets nothing, (19,)."""
    return np.array([ray.shape[1] - 1 for ray in pixels()], np.float32)


def directions() -> NDArray[np.float32]:
    """Steps of the rays on the screen: to the right and downwards, (19, 2) [pixels]."""
    angle = np.radians(np.linspace(90.0, 270.0, RAYS))
    return np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


@wp.func
def following(node: int, segments: int, closed: int) -> int:
    """The node after `node`; -1 past the end of an open road. A circuit's last node is its first."""
    return wp.where(node < segments, node + 1, wp.where(closed > 0, 1, -1))


@wp.func
def preceding(node: int, segments: int, closed: int) -> int:
    """The node before `node`; -1 past the beginning of an open road."""
    return wp.where(node > 0, node - 1, wp.where(closed > 0, segments - 1, -1))


@wp.kernel
def scan(
    # Model:
    left_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    right_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    segments: int,
    closed: int,
    rays: wp.array(dtype=wp.vec2),  # (rays,) steps right and down [pixels]
    longest: wp.array(dtype=float),  # (rays,) what a ray says that meets nothing
    lens: wp.array2d(dtype=float),  # (cars, 4)
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),
    state: wp.array2d(dtype=float),
    # Out:
    lidar: wp.array2d(dtype=float),  # (cars, rays) [samples]
):
    """The rays of one car, against the borders from the segment behind it as far as SIGHT.

    A ray on the screen is a half-plane through the eye; a piece of a border that crosses it is met where
    it does.
    """
    i = cars[first + wp.tid()]
    view = view_of(state, lens, i)
    focus = 0.5 * float(HEIGHT) / lens[i, 3]
    # The rays' origin, from the middle of the picture.
    start = wp.vec2(float(ORIGIN_COLUMN) - 0.5 * float(WIDTH), float(ORIGIN_ROW) - 0.5 * float(HEIGHT))
    nearest = Rays()
    for k in range(RAYS):
        nearest[k] = longest[k]
    here = int(state[Field.SEGMENT, i])
    node = wp.max(preceding(here, segments, closed), 0)
    left = seen(view, left_border[node])
    right = seen(view, right_border[node])
    covered = float(0.0)
    steps = int(0)
    while node >= 0 and covered < SIGHT and steps <= segments:
        steps += 1
        node = following(node, segments, closed)
        if node >= 0:
            next_left = seen(view, left_border[node])
            next_right = seen(view, right_border[node])
            covered += 0.5 * (wp.length(next_left - left) + wp.length(next_right - right))
            for k in range(RAYS):
                ray = rays[k]
                # Of the half-plane: through the eye, the origin and the next pixel of the ray.
                normal = wp.cross(wp.vec3(start[0], start[1], focus), wp.vec3(ray[0], ray[1], 0.0))
                for side in range(2):
                    a = wp.where(side == 0, left, right)
                    b = wp.where(side == 0, next_left, next_right)
                    over = wp.dot(normal, a)
                    under = wp.dot(normal, b)
                    if (over < 0.0) != (under < 0.0):
                        at = a + (b - a) * (over / (over - under))
                        if at[2] > NEAR:
                            pixel = wp.vec2(at[0], at[1]) * (focus / at[2]) - start
                            sample = wp.ceil(wp.dot(pixel, ray)) - float(SKIPPED)
                            if sample >= 0.0:
                                nearest[k] = wp.min(nearest[k], sample)
            left = next_left
            right = next_right
    for k in range(RAYS):
        lidar[i, k] = nearest[k]


class ScreenLidar:
    """TMRL's LIDAR for all cars of a simulator.

    Args:
        simulator: Whose cars sense.

    Attributes:
        lens: The camera of each car, rows as of `Lens.row`, (cars, 4), on the simulator's device.
        longest: What a ray says that meets nothing, (19,) [samples].
    """

    def __init__(self, simulator: Simulator) -> None:
        on_device: dict[str, Any] = {"device": simulator.device}
        ribbon = simulator.ribbon
        self.longest = longest()
        self.lens: Any = wp.array(np.tile(np.float32(Lens().row()), (simulator.cars, 1)), **on_device)
        self.scan = simulator.sensor(
            scan,
            [
                wp.array(ribbon.left, dtype=wp.vec3, **on_device),
                wp.array(ribbon.right, dtype=wp.vec3, **on_device),
                ribbon.segments,
                int(ribbon.closed),
                wp.array(directions(), dtype=wp.vec2, **on_device),
                wp.array(self.longest, **on_device),
                self.lens,
            ],
            wp.zeros((simulator.cars, RAYS), dtype=float, **on_device),
        )
        """Scans of some cars or all, (cars, 19) [samples]."""
