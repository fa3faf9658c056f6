"""The layouts of the observation vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from trackmania_rl.environment.simulator import sensors
from trackmania_rl.environment.simulator.camera import LENS, SIZE, Camera
from trackmania_rl.environment.simulator.lens import Lens
from trackmania_rl.environment.simulator.screen import ScreenLidar
from trackmania_rl.environment.simulator.simulator import HORIZON, Simulator
from trackmania_rl.environment.simulator.state import FIELDS
from trackmania_rl.protocol.errors import InputError

Floats = NDArray[np.float32]
Observations = NDArray[Any]
"""float32 vectors, or uint8 pictures."""
Layout = Literal["lidar", "progress", "horizon", "camera", "state"]

SCANS = 4
"""LIDAR scans, or pictures, in an observation, as TMRL."""
HEAD = sensors.BODY + 6
"""Numbers of the horizon layout that describe the car itself and its last two actions."""
SCALES = np.stack([*3 * [HORIZON], *2 * [np.full(len(HORIZON), 12.8)]], axis=1).astype(np.float32)
"""What the five numbers of each point ahead are divided by, (points, 5)."""
LIMIT = 10.0
"""Features of the horizon layout are clipped to this size."""


class Observer:
    """Turns the state of a simulator's cars into observation vectors, and keeps what they remember.

    Layouts (n = LIDAR beams):
        lidar: TMRL's: speed [m/s], the four newest scans, oldest first [m] (4 n), the action before the
            last (3), the last action (3); 83 numbers with 19 beams.
        progress: the same with the share of the track driven (0..1) after the speed; 84 numbers.
        horizon: the car (velocity, rates, gravity's direction in its own frame; steering, gear, tyres),
            its room to both borders, the last two actions, then five numbers for each road point ahead:
            direction (left, up, forward over its distance) and half-widths over 12.8 m. All of order 1.
        camera: The four newest pictures of 64 x 64 greys, oldest first, (4, 64, 64) uint8; see camera.py.
        state: Everything that the physics knows of the car, rows as in state.Field in their own units, then
            the last two actions: for teachers and critics, since no car senses all of it.

    Args:
        simulator: Whose cars to observe; for the horizon layout with its default horizon.
        layout: Name of the layout.
        lidar: "metric" for metres, or "screen" for TMRL's pixels (see screen.py), always 19 rays.
    """

    def __init__(
        self, simulator: Simulator, layout: Layout, lidar: Literal["metric", "screen"] = "metric"
    ) -> None:
        if layout not in get_args(Layout):
            raise InputError(f"observation {layout!r}, expected one of {', '.join(get_args(Layout))}")
        self.simulator = simulator
        self.layout = layout
        cars = simulator.cars
        self.actions = np.zeros((cars, 2, 3), np.float32)
        """The action before the last and the last one, (cars, 2, 3), each of -1..1."""
        self.haze: Callable[[Floats, NDArray[np.intp] | slice], Floats] | None = None
        """What weather and bad sensors do to the scans (n, beams) of some cars."""
        self.screen = ScreenLidar(simulator) if lidar == "screen" else None
        self.longest = np.full(simulator.beams, simulator.lidar_range, np.float32)
        if self.screen is not None:
            self.longest = self.screen.longest
        """What each beam says that meets nothing, (beams,)."""
        self._scans = np.zeros((cars, SCANS, len(self.longest)), np.float32)

        self._feel = sensors.body(simulator) if layout == "horizon" else None
        self.camera = Camera(simulator) if layout == "camera" else None
        self._pictures = np.zeros((cars if self.camera else 0, SCANS, SIZE, SIZE), np.uint8)

    @property
    def space(self) -> Box:
        """Space of one car's observation."""
        if self.layout == "camera":
            return Box(0, 255, (SCANS, SIZE, SIZE), np.uint8)
        if self.layout == "state":
            return Box(-np.inf, np.inf, (FIELDS + 6,), np.float32)
        if self.layout == "horizon":
            return Box(-LIMIT, LIMIT, (HEAD + 5 * len(HORIZON),), np.float32)
        head_low, head_high = [-1000.0], [1000.0]
        if self.layout == "progress":
            head_low, head_high = [*head_low, -1.0], [*head_high, 2.0]
        scans = np.tile(self.longest, SCANS)
        low = np.array([*head_low, *0.0 * scans, *[-1.0] * 6], np.float32)
        high = np.array([*head_high, *scans, *[1.0] * 6], np.float32)
        return Box(low, high, dtype=np.float32)

    def restart(self, cars: NDArray[np.intp]) -> Observations:
        """First observations of newly spawned cars, (len(cars), ...): no actions, one scan repeated."""
        self.actions[cars] = 0.0
        if self.layout == "horizon":
            return self._horizon(cars)
        if self.layout == "state":
            return self._state(cars)
        if self.camera is not None:
            self._pictures[cars] = self.camera.pictures(cars)[:, None]
            return self._pictures[cars]
        self._scans[cars] = self._scan(cars)[:, None]
        return self._lidar(cars)

    def observe(self, action: Floats) -> Observations:
        """Observations of all cars after a step, (cars, ...).

        Args:
            action: What the agents sent last, (cars, 3) of -1..1.
        """
        self.actions[:, 0] = self.actions[:, 1]
        self.actions[:, 1] = action
        if self.layout == "horizon":
            return self._horizon(None)
        if self.layout == "state":
            return self._state(None)
        if self.camera is not None:
            self._pictures[:, :-1] = self._pictures[:, 1:]
            self._pictures[:, -1] = self.camera.pictures(None)
            return self._pictures.copy()
        self._scans[:, :-1] = self._scans[:, 1:]
        self._scans[:, -1] = self._scan(None)
        return self._lidar(None)

    def show(self, weather: Floats) -> None:
        """Let the cameras see the weather of each car, or of all, (cars or 1, 6)."""
        if self.camera is not None:
            columns = weather.shape[1]
            self.camera.weather.assign(np.broadcast_to(weather, (self.simulator.cars, columns)))

    def aim(self, cars: NDArray[np.intp], offsets: Floats) -> None:
        """Move the cameras of some cars off their places: offsets from `Lens.row`, (len(cars), 4)."""
        for sensor, place in ((self.screen, Lens()), (self.camera, LENS)):
            if sensor is not None:
                rows = sensor.lens.numpy()
                rows[cars] = np.asarray(place.row(), np.float32) + offsets
                sensor.lens.assign(rows)

    def _scan(self, cars: NDArray[np.intp] | None) -> Floats:
        scan = self.simulator.lidar(cars) if self.screen is None else self.screen.scan(cars)
        return scan if self.haze is None else self.haze(scan, slice(None) if cars is None else cars)

    def _lidar(self, cars: NDArray[np.intp] | None) -> Floats:
        simulator = self.simulator
        index = slice(None) if cars is None else cars
        scans, actions = self._scans[index], self.actions[index]
        head = [simulator.speed[index, None]]
        if self.layout == "progress":
            share = simulator.progress[index, None] / simulator.track.length
            head.append(np.clip(share, -1, 2).astype(np.float32))
        count = len(scans)
        return np.concatenate([*head, scans.reshape(count, -1), actions.reshape(count, -1)], axis=1)

    def _state(self, cars: NDArray[np.intp] | None) -> Floats:
        index = slice(None) if cars is None else cars
        return np.hstack([self.simulator.fields()[:, index].T, self.actions[index].reshape(-1, 6)])

    def _horizon(self, cars: NDArray[np.intp] | None) -> Floats:
        assert self._feel is not None
        points = self.simulator.horizon(cars).reshape(-1, len(HORIZON), 5)
        index = slice(None) if cars is None else cars
        observation = np.empty((len(points), HEAD + points[0].size), np.float32)
        observation[:, : sensors.BODY] = self._feel(cars)
        observation[:, sensors.BODY : HEAD] = self.actions[index].reshape(-1, 6)
        np.divide(points, SCALES, out=observation[:, HEAD:].reshape(points.shape))
        return np.clip(observation, -LIMIT, LIMIT, out=observation)
