"""A batch of worlds on one track, each with one car or several: spawn, step, sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from trackmania_rl.environment.simulator import lidar, sensors
from trackmania_rl.environment.simulator import poses as views
from trackmania_rl.environment.simulator import ribbon as ribbons
from trackmania_rl.environment.simulator.advance import Course, step_blocks, step_cars
from trackmania_rl.environment.simulator.cars import bump_cars
from trackmania_rl.environment.simulator.grid import start_grid
from trackmania_rl.environment.simulator.launches import Chain, Launcher, Sensor
from trackmania_rl.environment.simulator.parameters import parameters as shipped_parameters
from trackmania_rl.environment.simulator.ribbon import Node
from trackmania_rl.environment.simulator.spawn import spawned
from trackmania_rl.environment.simulator.state import BLOCK, CONDITIONS, FIELDS, Field
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError

Floats = NDArray[np.float32]

PHYSICS_VERSION = "3"
"""Changes whenever the same inputs drive differently: a replay verifies only with its own version."""

CARS_MAX = 64
"""Most cars in a world."""
BEAMS_MAX = 64
LIDAR_RANGE = 150.0
"""Default range of the LIDAR [m]."""
HORIZON = (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 55.0, 70.0, 90.0, 115.0, 145.0, 180.0)
"""Default distances of the horizon's points [m]."""


class Simulator:
    """Worlds on one track, each with as many cars: car k of world w has the index w * cars_per_world + k.

    All methods that return state return fresh arrays on the host. Worlds are independent: what is driven
    in one depends neither on the size of the batch nor on the number of threads.

    Args:
        track: The ribbon to drive on.
        worlds: Number of worlds.
        cars_per_world: Cars in each world, 1 to 64.
        contact: Whether the cars of a world hit one another; otherwise they pass through (ghosts).
        device: "cpu" or a CUDA device such as "cuda".
        threads: CPU threads; default all cores that this process may use.
        beams: LIDAR beams over 180 degrees, the first straight to the right, the last to the left.
        lidar_range: Longest distance that the LIDAR measures [m].
        occlusion: Whether hills stop the LIDAR's beams and let them pass over borders (see occlusion.py);
            without it distances are those in plan view, which do not change as the car nods.
        horizon: Distances ahead of the horizon's points [m], ascending.
        parameters: Numbers of the car, from `parameters.parameters`; default the shipped ones.

    Attributes:
        lidar: Senses distances to the borders and to the other cars of the world [m], (cars, beams), from
            right over ahead to left. Cars that pass through one another do not see one another either.
        horizon: Senses the road ahead [m], (cars, 5 * points): left, up, forward, half-widths left and right.
        launcher: Runs kernels for these cars.
        state_array: The state on the device: a Warp array (FIELDS, cars and padding), rows as in Field.
        node_array: The ribbon's nodes on the device, one after the other.
        solid_array: Which cars others hit and see, on the device: 1 or 0, (cars,).
    """

    def __init__(
        self,
        track: Track,
        worlds: int,
        *,
        cars_per_world: int = 1,
        contact: bool = True,
        device: str = "cpu",
        threads: int | None = None,
        beams: int = 19,
        lidar_range: float = LIDAR_RANGE,
        occlusion: bool = False,
        horizon: Sequence[float] = HORIZON,
        parameters: Any = None,
    ) -> None:
        if worlds < 1:
            raise InputError(f"{worlds} worlds, expected at least 1", field="worlds")
        if not 1 <= cars_per_world <= CARS_MAX:
            raise InputError(
                f"{cars_per_world} cars in a world, expected 1 to {CARS_MAX}", field="cars_per_world"
            )
        if not 1 <= beams <= BEAMS_MAX:
            raise InputError(f"{beams} LIDAR beams, expected 1 to {BEAMS_MAX}", field="beams")
        if not lidar_range > 0:
            raise InputError(f"a LIDAR range of {lidar_range} m, expected more than 0", field="lidar_range")
        self.track = track
        self.parameters = shipped_parameters() if parameters is None else parameters
        self.worlds = worlds
        self.cars_per_world = cars_per_world
        self.contact = contact and cars_per_world > 1
        self.cars = cars = worlds * cars_per_world
        self.device = _device(device)
        self.beams = beams
        self.lidar_range = float(lidar_range)
        self.occlusion = occlusion
        self.ribbon = ribbons.pack(track)
        self._grid = start_grid(track, cars_per_world)

        on_device: dict[str, Any] = {"device": self.device}
        self._columns = -(-cars // BLOCK) * BLOCK
        self.state_array: Any = wp.zeros((FIELDS, self._columns), dtype=float, **on_device)
        self.node_array: Any = wp.array(self.ribbon.nodes.ravel(), dtype=float, **on_device)
        self.solid_array: Any = wp.array(np.ones(cars, np.int32), dtype=int, **on_device)
        self._bumps: Any = wp.zeros((cars, 3), dtype=float, **on_device)
        self.launcher = Launcher(self.device, cars, threads)
        self._step_launches: dict[int, list[Any]] = {}
        self.lidar: Sensor = lidar.sensor(self)
        self.horizon: Sensor = sensors.horizon(self, horizon)
        self._host: Floats | None = None
        if not self.device.is_cuda:
            self._host = self._read()  # there the host sees the state itself
        state = self._read()
        for row, value in CONDITIONS.items():
            state[row] = value
        self._write(state)
        self.spawn()

    # --- driving ----------------------------------------------------------------------------------

    def spawn(
        self,
        cars: ArrayLike | None = None,
        *,
        arc: ArrayLike | None = None,
        lateral: ArrayLike | None = None,
        speed: ArrayLike | None = None,
    ) -> None:
        """Put cars on the road, pointing along it, with a new clock.

        Args:
            cars: Indices; default all.
            arc: Arc length of the car's origin [m]; default its place on the start grid.
            lateral: Distance to the left of the centre-line [m], kept inside the borders; default its place
                on the start grid, but the middle of the road where an arc length is given.
            speed: Forward speed [m/s]; default 0.
        """
        index = np.arange(self.cars) if cars is None else np.atleast_1d(np.asarray(cars)).astype(np.intp)
        count = len(index)
        place = [column[index % self.cars_per_world] for column in self._grid]
        beside = place[1] if arc is None else 0.0
        arcs = np.broadcast_to(np.asarray(place[0] if arc is None else arc, np.float64), count)
        laterals = np.broadcast_to(np.asarray(beside if lateral is None else lateral, np.float64), count)
        speeds = np.broadcast_to(np.asarray(0.0 if speed is None else speed, np.float32), count)
        state = self._read()
        columns = spawned(self.ribbon, self.track.start, arcs, laterals, speeds)
        for row in CONDITIONS:
            columns[row] = state[row, index]
        state[:, index] = columns
        self._write(state)

    def condition(
        self,
        cars: ArrayLike | None = None,
        *,
        grip: ArrayLike | None = None,
        power: ArrayLike | None = None,
        braking: ArrayLike | None = None,
        steering: ArrayLike | None = None,
        wind: ArrayLike | None = None,
    ) -> None:
        """Set the conditions that cars drive in, until they are set again: weather, or a car's own strength.

        What is None stays as it is. Everything else is one number for all the named cars, or one for each.

        Args:
            cars: Indices; default all.
            grip: Multiple of the tyres' grip, which holds curves and (below 1) brakes.
            power: Multiple of the engine's and the turbo's acceleration.
            braking: Multiple of the brake's deceleration.
            steering: Multiple of the yaw rate that the steering asks for.
            wind: Velocity of the air [m/s] along the world's x and z, (2,) or (cars, 2).

        Raises:
            InputError: A number that is negative, or not a number.
        """
        index = slice(0, self.cars) if cars is None else np.atleast_1d(np.asarray(cars)).astype(np.intp)
        state = self._read()
        multiples = {"grip": grip, "power": power, "braking": braking, "steering": steering}
        for name, value in multiples.items():
            if value is not None:
                numbers = np.asarray(value, np.float32)
                if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
                    raise InputError(f"{name} of {value}, expected multiples of 0 or more", field=name)
                state[Field[name.upper()], index] = numbers
        if wind is not None:
            air = np.asarray(wind, np.float32)
            if not np.isfinite(air).all() or air.shape[-1:] != (2,):
                raise InputError(f"wind of {wind}, expected velocities along x and z [m/s]", field="wind")
            state[Field.WIND_X, index], state[Field.WIND_Z, index] = air[..., 0], air[..., 1]
        self._write(state)

    def respawn(
        self, cars: ArrayLike, *, arc: ArrayLike | None = None, lateral: ArrayLike | None = None
    ) -> None:
        """Put cars back to the last checkpoint that they passed, standing; the race clock goes on.

        Args:
            cars: Indices.
            arc: Where those start again who have passed none [m]; default their place on the start grid.
            lateral: Likewise, to the left of the centre-line [m].
        """
        index = np.atleast_1d(np.asarray(cars)).astype(np.intp)
        kept = np.ix_(np.array([Field.FURTHEST, Field.CLOCK, Field.FINISH_TIME]), index)
        before = np.nan_to_num(self._read()[kept])  # also of a car whose state is no longer a number
        passed = np.searchsorted(np.asarray(self.track.checkpoints) - self.track.start, before[0], "right")
        marks = np.array([0.0, *self.track.checkpoints])
        place = [column[index % self.cars_per_world] for column in self._grid]
        begin, beside = place[0] if arc is None else arc, place[1] if lateral is None else lateral
        self.spawn(index, arc=np.where(passed, marks[passed], begin), lateral=np.where(passed, 0.0, beside))
        state = self._read()
        state[kept] = before
        self._write(state)

    def step(self, action: ArrayLike, ticks: int = 5) -> None:
        """Advance all cars, holding the action.

        Args:
            action: (cars, 3): gas 0..1, brake 0..1, steering -1 (left) to 1 (right).
            ticks: Ticks of 10 ms.
        """
        actions = np.asarray(action, np.float32)
        if actions.shape != (self.cars, 3):
            raise InputError(f"actions of shape {actions.shape}, expected {(self.cars, 3)}", field="action")
        if self._host is not None:
            self._host[Field.GAS : Field.WHEEL + 1, : self.cars] = actions.T
        else:
            wp.copy(
                self.state_array[Field.GAS : Field.WHEEL + 1, : self.cars],
                wp.array(np.ascontiguousarray(actions.T), dtype=float, device=self.device),
            )
        if ticks not in self._step_launches:
            self._step_launches[ticks] = self.launches(ticks)
        self.launcher.run(self._step_launches[ticks])

    def configure(self, parameters: Any) -> None:
        """Drive on with other numbers of the car, from `parameters.parameters`."""
        self.parameters = parameters
        self._step_launches.clear()

    # --- sensing ----------------------------------------------------------------------------------

    def sensor(self, kernel: Any, model: list[Any], values: Any) -> Sensor:
        """Prepare a sensor of your own.

        Args:
            kernel: Its invocations each serve one car: the inputs are those of `model`, then `first`, the
                indices of the cars of which invocation k serves number `first + k`, the state and `values`.
            model: Its first inputs.
            values: Warp array with one row for each car, which it writes.

        Returns:
            What senses for some cars, or all, and returns their rows.
        """

        def prepare(first: int, number: int, cars: Any) -> Any:
            inputs = [*model, first, cars, self.state_array, values]
            return self.launcher.prepare(kernel, number, inputs)

        return Sensor(self.launcher, prepare, values)

    def poses(self) -> Floats:
        """What a viewer draws of each car: (cars, len(POSE_FIELDS)), columns as in POSE_FIELDS."""
        return views.poses(self.fields())

    def fields(self) -> Floats:
        """The state as the kernels hold it, (FIELDS, cars), rows as in Field; on the CPU a view to read."""
        return self._read()[:, : self.cars]

    @property
    def speed(self) -> Floats:
        """Forward speed [m/s], (cars,)."""
        return views.forward_speed(self.fields())

    @property
    def progress(self) -> Floats:
        """Distance of the cars' origins along the track from the spawn point [m], (cars,)."""
        return np.array(self.fields()[Field.PROGRESS])

    @property
    def furthest(self) -> Floats:
        """Largest progress so far [m], (cars,)."""
        return np.array(self.fields()[Field.FURTHEST])

    @property
    def lap_time(self) -> Floats:
        """Race clock since the spawn, held at the finish [s], (cars,)."""
        return views.lap_time(self.fields())

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Whether the nose has crossed the finish, (cars,)."""
        return np.asarray(self.fields()[Field.FINISH_TIME] > 0)

    @property
    def checkpoint(self) -> NDArray[np.int64]:
        """Checkpoints passed, (cars,)."""
        marks = np.asarray(self.track.checkpoints) - self.track.start
        return np.asarray(np.searchsorted(marks, self.fields()[Field.FURTHEST], side="right"))

    @property
    def surface(self) -> NDArray[np.intp]:
        """Surface of the road under each car, as in tracks.track.Surface, (cars,)."""
        segment = self.fields()[Field.SEGMENT].astype(np.intp)
        return np.asarray(self.ribbon.nodes[segment, Node.SURFACE].astype(np.intp))

    @property
    def wall_impact(self) -> Floats:
        """Hardest impact with a wall in the last step [m/s], (cars,)."""
        return np.array(self.fields()[Field.WALL_IMPACT])

    @property
    def bump(self) -> Floats:
        """Hardest impulse between the car and another one in the last step, per mass [m/s], (cars,)."""
        return np.array(self._bumps.numpy()[:, 0])

    @property
    def bumped(self) -> NDArray[np.int64]:
        """With which car that was, (cars,); -1 where with none."""
        return np.asarray(np.where(self.bump > 0, self._bumps.numpy()[:, 1], -1), np.int64)

    @property
    def solid(self) -> NDArray[np.bool_]:
        """Which cars others hit and see, (cars,): all until it is set; who has finished or fallen never."""
        return np.asarray(self.solid_array.numpy() == 1)

    @solid.setter
    def solid(self, solid: ArrayLike) -> None:
        self.solid_array.assign(np.broadcast_to(np.asarray(solid, np.int32), self.cars))

    @property
    def off_road(self) -> NDArray[np.bool_]:
        """Whether any wheel is on a verge, or the car has fallen off, (cars,)."""
        return np.asarray(self.fields()[Field.OFF_ROAD] > 0)

    @property
    def fallen(self) -> NDArray[np.bool_]:
        """Whether the car has fallen off the road, or its state is no longer a number, (cars,)."""
        state = self.fields()
        return np.asarray((state[Field.OFF_ROAD] >= 4) | ~np.isfinite(state[Field.PROGRESS]))

    # --- snapshots --------------------------------------------------------------------------------

    def full_state(self) -> Floats:
        """Everything that the future depends on, (FIELDS, cars): restoring it repeats it bit for bit."""
        return self.fields().copy()

    def restore(self, snapshot: Floats, cars: ArrayLike | None = None) -> None:
        """Put a snapshot back, for all cars or for those named (one column each)."""
        state = self._read()
        state[:, slice(0, self.cars) if cars is None else np.asarray(cars)] = snapshot
        self._write(state)

    # --- on the device ----------------------------------------------------------------------------

    def launches(self, ticks: int) -> list[Any]:
        """Prepare a step of so many ticks: launches that may run at the same time."""
        course = Course()
        course.race = self.track.length
        course.start = self.track.start
        course.lap = self.ribbon.length if self.ribbon.closed else 0.0
        if not self.contact:
            whole = (0, self._columns // BLOCK)
            parts = [whole] if self.device.is_cuda else self.launcher.slices(whole[1])
            return [self._prepare_ticks(ticks, course, *part) for part in parts]
        # A thread drives whole blocks of cars and whole worlds, so that none waits for another.
        unit = math.lcm(BLOCK, self.cars_per_world)
        chains = []
        for first, number in self.launcher.slices(-(-self.cars // unit)):
            blocks = min(number * unit, self._columns - first * unit) // BLOCK
            worlds = min(number * unit, self.cars - first * unit) // self.cars_per_world
            step = self._prepare_ticks(1, course, first * unit // BLOCK, blocks)
            bumps = [
                self._prepare_bumps(course, first * unit // self.cars_per_world, worlds, fresh=fresh)
                for fresh in (True, False)
            ]
            chains.append(Chain([launch for tick in range(ticks) for launch in (step, bumps[tick > 0])]))
        return chains

    # --- inside -----------------------------------------------------------------------------------

    def _read(self) -> Floats:
        """The state on the host: itself on the CPU, a copy from a GPU."""
        state: Floats = self.state_array.numpy() if self._host is None else self._host
        return state

    def _write(self, state: Floats) -> None:
        """Take over what was changed in an array from `_read`."""
        if self._host is None:
            self.state_array.assign(state)

    def _prepare_ticks(self, ticks: int, course: Any, first: int, number: int) -> Any:
        """Prepare ticks of `number` blocks of cars from block `first` on; on CUDA of all cars."""
        model = [self.parameters, self.node_array, self.ribbon.segments, course, ticks]
        if self.device.is_cuda:
            return self.launcher.prepare(step_cars, self.cars, [*model, self.state_array])
        return self.launcher.prepare(step_blocks, number, [*model, first, self.state_array])

    def _prepare_bumps(self, course: Any, first: int, number: int, *, fresh: bool) -> Any:
        """Prepare contacts in `number` worlds from world `first` on; `fresh` after a step's first tick."""
        track = [self.node_array, self.ribbon.segments, course, self.cars_per_world]
        cars = [first, int(fresh), self.solid_array, self.state_array, self._bumps]
        return self.launcher.prepare(bump_cars, number, track + cars)


def _device(name: str) -> Any:
    """The device of this name."""
    try:
        return wp.get_device(name)
    except Exception as error:
        raise InputError(f"device {name!r} is not available here, expected 'cpu'", field="device") from error
