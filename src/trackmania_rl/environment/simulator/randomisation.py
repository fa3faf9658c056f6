"""Cars and senses that differ from episode to episode, so that a policy learns to drive any of them.

Domain randomisation: Tobin et al. 2017, arXiv:1703.06907; of dynamics: Peng et al. 2018, arXiv:1710.06537.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError

Floats = NDArray[np.float32]
Range = tuple[float, float]

DELAY_MAX = 20
"""Most steps that an action may take to the car: a second."""
LENS_SPREAD = np.array([0.5, 0.5, 0.06, 0.1], np.float32)
"""How far a camera of strength 1 strays to either side: up [m], forward [m], pitch [rad], tangent of half its
angle (guess: the error of a calibration by eye)."""


@dataclass(frozen=True, kw_only=True)
class Randomisation:
    """Ranges from which each episode of each world draws evenly; a range of one value leaves it there.

    Attributes:
        grip: Multiple of the tyres' grip.
        power: Multiple of the engine's acceleration.
        braking: Multiple of the brake's deceleration.
        steering: Multiple of the yaw rate that the steering asks for.
        delay: Steps from sending an action to the car feeling it; None: the environment's own.
        lidar_noise: Standard deviation of a LIDAR distance, of the distance.
        camera: How far the camera strays from its place and angle, see LENS_SPREAD.
    """

    grip: Range = (1.0, 1.0)
    power: Range = (1.0, 1.0)
    braking: Range = (1.0, 1.0)
    steering: Range = (1.0, 1.0)
    delay: Range | None = None
    lidar_noise: Range = (0.0, 0.0)
    camera: Range = (0.0, 0.0)

    def draw(self, random: np.random.Generator, count: int, delay: int) -> Draw:
        """What `count` new episodes are driven with; `delay` is the environment's own."""

        def between(limits: Range) -> Floats:
            return random.uniform(*limits, count).astype(np.float32)

        first, last = self.delay or (delay, delay)
        return Draw(
            grip=between(self.grip),
            power=between(self.power),
            braking=between(self.braking),
            steering=between(self.steering),
            delay=random.integers(int(first), int(last) + 1, count),
            lidar_noise=between(self.lidar_noise),
            lens=between(self.camera)[:, None]
            * LENS_SPREAD
            * random.uniform(-1.0, 1.0, (count, len(LENS_SPREAD))).astype(np.float32),
        )


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What was drawn, one number for each episode; the lens has one row of offsets, see LENS_SPREAD."""

    grip: Floats
    power: Floats
    braking: Floats
    steering: Floats
    delay: NDArray[np.int64]
    lidar_noise: Floats
    lens: Floats


PRESETS = {
    "mild": Randomisation(
        grip=(0.9, 1.1),
        power=(0.95, 1.05),
        braking=(0.9, 1.1),
        steering=(0.95, 1.05),
        lidar_noise=(0.0, 0.02),
        camera=(0.0, 0.5),
    ),
    "strong": Randomisation(
        grip=(0.7, 1.2),
        power=(0.85, 1.15),
        braking=(0.7, 1.2),
        steering=(0.85, 1.15),
        delay=(0, 3),
        lidar_noise=(0.0, 0.05),
        camera=(0.0, 1.0),
    ),
}
"""By name (guesses: a little more than our car's fit errs, and far more)."""


def randomisation(wanted: Mapping[str, Any] | str) -> Randomisation:
    """A preset by name, or ranges by name: {"grip": (0.8, 1.2), "delay": (0, 2)}.

    Raises:
        InputError: An unknown name, or what is no range.
    """
    if isinstance(wanted, str):
        if wanted not in PRESETS:
            raise InputError(
                f"randomise={wanted!r}, expected {', '.join(PRESETS)}, or ranges by name", field="randomise"
            )
        return PRESETS[wanted]
    known = [field.name for field in fields(Randomisation)]
    for name, limits in wanted.items():
        if name not in known:
            raise InputError(f"randomise has {name!r}, expected {', '.join(known)}", field="randomise")
        most = DELAY_MAX if name == "delay" else np.inf
        try:
            low, high = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            low, high = np.nan, np.nan
        if not 0 <= low <= high <= most or high == np.inf:
            raise InputError(
                f"randomise has {name}={limits!r}, expected two numbers (lowest, highest) of 0 or more"
                + (f" and at most {DELAY_MAX}" if name == "delay" else ""),
                field="randomise",
            )
    return Randomisation(**{name: (float(low), float(high)) for name, (low, high) in wanted.items()})
