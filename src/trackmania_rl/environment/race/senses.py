"""What the agents of a race sense: speed, LIDAR, pose, and the flat vector that each of them asked for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.environment.simulator.observation import Layout, Observations, Observer
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.protocol.messages import Observation, Position, Rotation
from trackmania_rl.protocol.poses import POSE_FIELDS

Floats = NDArray[np.float32]


class Senses:
    """The senses of all cars, read once a step: who asks in between is told the same.

    Args:
        simulator: The cars.
        weather: Gives the weather now, (1, 6), which dims the LIDAR; None where there is none.
        seed: Of the noise that rain makes in the LIDAR.

    Attributes:
        poses: As viewers draw the cars, (cars, len(POSE_FIELDS)).
        lidar: Distances as the weather lets them through, (cars, beams) [m].
    """

    def __init__(self, simulator: Simulator, weather: Callable[[], Floats] | None, seed: int) -> None:
        self._simulator = simulator
        self._weather = weather
        self._random = np.random.default_rng(seed)
        self._observers: dict[Layout, Observer] = {}
        self._vectors: dict[Layout, Observations] = {}
        self._look()

    def seed(self, seed: int) -> None:
        """Begin the noise anew."""
        self._random = np.random.default_rng(seed)

    def provide(self, layout: Layout) -> None:
        """Make vectors of this layout too from now on."""
        if layout in self._observers:
            return
        observer = Observer(self._simulator, layout)
        if self._weather is not None:
            observer.haze = lambda _, cars: self.lidar[cars]
            observer.show(self._weather())
        self._observers[layout] = observer
        self._vectors[layout] = observer.restart(np.arange(self._simulator.cars))

    def restart(self, slots: NDArray[np.intp]) -> None:
        """Begin anew for cars that were put somewhere else."""
        self._look()
        for layout, observer in self._observers.items():
            self._vectors[layout][slots] = observer.restart(slots)

    def observe(self, actions: Floats) -> None:
        """Read everything at the step that begins now.

        Args:
            actions: What the agents sent last, (cars, 3) of -1..1.
        """
        self._look()
        for layout, observer in self._observers.items():
            if self._weather is not None:
                observer.show(self._weather())
            self._vectors[layout] = observer.observe(actions)

    def of(self, slot: int, layout: Layout | None) -> Observation:
        """What the agent of one car is told, with the vector of a layout if it asked for one."""
        pose = dict(zip(POSE_FIELDS, self.poses[slot].tolist(), strict=True))
        return Observation(
            speed=round(float(self._simulator.speed[slot]), 4),
            lidar=np.round(self.lidar[slot].astype(np.float64), 3).tolist(),
            position=Position(**{axis: round(pose[axis], 4) for axis in "xyz"}),
            rotation=rotation(pose["qx"], pose["qy"], pose["qz"], pose["qw"]),
            vector=None if layout is None else self._vectors[layout][slot].ravel().tolist(),
        )

    def _look(self) -> None:
        self.poses = self._simulator.poses()
        self.lidar = self._simulator.lidar()
        if self._weather is not None:
            longest = self._simulator.lidar_range
            self.lidar = weathers.blurred(self.lidar, self._weather(), longest, self._random)


def rotation(x: float, y: float, z: float, w: float) -> Rotation:
    """Yaw, pitch (nose up) and roll (right side down) of an attitude [rad]."""
    forward = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
    left_y, up_y = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z)
    return Rotation(
        yaw=round(math.atan2(forward[0], forward[2]), 5),
        pitch=round(math.asin(max(-1.0, min(1.0, forward[1]))), 5),
        roll=round(math.atan2(left_y, up_y), 5),
    )
