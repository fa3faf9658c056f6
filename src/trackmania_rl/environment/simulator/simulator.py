"""A batch of worlds on one track, each with one car or several: spawn, step, sense."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from trackmania_rl.environment.simulator import camera, screen
from trackmania_rl.environment.simulator import ribbon as ribbons
from trackmania_rl.environment.simulator.advance import Course, step_blocks, step_cars
from trackmania_rl.environment.simulator.cars import bump_cars
from trackmania_rl.environment.simulator.grid import start_grid
from trackmania_rl.environment.simulator.lidar import Lanes, beam_directions, fans, portals, scan
from trackmania_rl.environment.simulator.occlusion import occlude
from trackmania_rl.environment.simulator.ribbon import Node
from trackmania_rl.environment.simulator.sensors import look_ahead
from trackmania_rl.environment.simulator.state import BLOCK, CONDITIONS, FIELDS, Field
from trackmania_rl.environment.simulator.vehicle import (
    CENTRE_FORWARD,
    CENTRE_HEIGHT,
    HALF_WIDTH,
    KMH,
    TICK,
    steering_radius,
)
from trackmania_rl.environment.simulator.vehicle import parameters as vehicle_parameters
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
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
Sensor = Callable[[NDArray[np.intp] | None], NDArray[Any]]
"""Senses for the cars of these indices, or for all: their rows."""

PHYSICS_VERSION = "3"
"""Changes whenever the same inputs drive differently: a replay verifies only with its own version."""

CARS_MAX = 64
"""Most cars in a world."""
BEAMS_MAX = 64
LIDAR_RANGE = 150.0
"""Default range of the LIDAR [m]."""
HORIZON = (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 55.0, 70.0, 90.0, 115.0, 145.0, 180.0)
"""Default distances of the horizon's points [m]."""
LOADING = Lock()
"""Preparing a launch loads its kernels; two threads that load the same ones free each other's."""
CARS_PER_THREAD = 256
"""Fewer cars than this are not worth another thread."""
RPM_PER_KMH = np.array([0.864, 0.864, 0.5176, 0.3766, 0.2589, 0.2], np.float32) / 100.0
"""Engine speed per speed in gears 0 to 5, of a red line a little above the shifts [measured ratios]."""
WHEEL_BASE = 2.988
"""[m] [TMNF]"""


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
        parameters: Numbers of the car, from `vehicle.parameters`; default the shipped ones.
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
        self.parameters = vehicle_parameters() if parameters is None else parameters
        self.worlds = worlds
        self.cars_per_world = cars_per_world
        self.contact = contact and cars_per_world > 1
        self.cars = cars = worlds * cars_per_world
        self._grid = start_grid(track, cars_per_world)
        self.beams = beams
        self.device = _device(device)
        self.ribbon = ribbons.pack(track)
        self.lidar_range = float(lidar_range)
        self.occlusion = occlusion
        self._columns = -(-cars // BLOCK) * BLOCK
        on_device: dict[str, Any] = {"device": self.device}
        self._nodes: Any = wp.array(self.ribbon.nodes.ravel(), dtype=float, **on_device)
        self._state = _zeros((FIELDS, self._columns), self.device)
        self.portals = portals(track, self.ribbon)
        self._portals: Any = wp.array(self.portals.table.ravel(), dtype=float, **on_device)
        self._portal_of: Any = wp.array(self.portals.of_segment, dtype=int, **on_device)
        directions, order = fans(beams)
        self._beams: Any = wp.array(directions, dtype=Lanes, **on_device)
        self._beam_order: Any = wp.array(order, dtype=int, **on_device)
        self._directions: Any = wp.array(beam_directions(beams), dtype=wp.vec2, **on_device)
        self._lidar: Any = wp.zeros((cars, beams), dtype=float, **on_device)
        self._distances: Any = wp.array(np.asarray(horizon, np.float32), dtype=float, **on_device)
        self._horizon: Any = wp.zeros((cars, 5 * len(horizon)), dtype=float, **on_device)

        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = 1 if self.device.is_cuda else threads or available
        self.threads = max(1, min(wanted, -(-cars // CARS_PER_THREAD)))
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        self._step_launches: dict[int, list[Any]] = {}
        self._solid: Any = wp.array(np.ones(cars, np.int32), dtype=int, **on_device)
        self._bumps: Any = wp.zeros((cars, 3), dtype=float, **on_device)
        self._everyone: Any = wp.array(np.arange(cars, dtype=np.int32), dtype=int, **on_device)
        self._scan_launches = [self._scan(*part, self._everyone) for part in self._slices(cars)]
        self._look_launches = [self._look(*part, self._everyone) for part in self._slices(cars)]
        # On the CPU the host sees the arrays themselves.
        self._host: Any = None if self.device.is_cuda else self._state.numpy()
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
        columns = self._spawned(arcs, laterals, speeds)
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
                self._state[Field.GAS : Field.WHEEL + 1, : self.cars],
                wp.array(np.ascontiguousarray(actions.T), dtype=float, device=self.device),
            )
        if ticks not in self._step_launches:
            self._step_launches[ticks] = self._prepare_step(ticks)
        self._launch(self._step_launches[ticks])

    def configure(self, parameters: Any) -> None:
        """Drive on with other numbers of the car, from `vehicle.parameters`."""
        self.parameters = parameters
        self._step_launches.clear()

    # --- sensing ----------------------------------------------------------------------------------

    def lidar(self, cars: NDArray[np.intp] | None = None) -> Floats:
        """Distances to the borders and to the other cars of the world [m], from right over ahead to left.

        Cars that pass through one another do not see one another either.

        Args:
            cars: Indices of the cars to scan for; default all.
        """
        return self._sense(self._scan, self._scan_launches, self._lidar, cars)

    def horizon(self, cars: NDArray[np.intp] | None = None) -> Floats:
        """Road points ahead, (cars, 5 * points): left, up, forward, half-widths left and right [m].

        Args:
            cars: Indices of the cars to look for; default all.
        """
        return self._sense(self._look, self._look_launches, self._horizon, cars)

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
            return self._prepare(kernel, number, [*model, first, cars, self._state, values])

        launches = [prepare(*part, self._everyone) for part in self._slices(self.cars)]
        return lambda cars: self._sense(prepare, launches, values, cars)

    def poses(self) -> Floats:
        """What a viewer draws of each car: (cars, len(POSE_FIELDS)), columns as in POSE_FIELDS."""
        state = self.fields()
        quaternion = state[Field.QX : Field.QW + 1]
        origin = state[Field.X : Field.Z + 1] - rotate(
            quaternion, np.array([0.0, CENTRE_HEIGHT, CENTRE_FORWARD], np.float32)
        )
        gear = state[Field.GEAR]
        speed = self.speed
        finished = state[Field.FINISH_TIME] > 0
        bits = (
            STATE_GROUNDED * (state[Field.CONTACTS] > 0)
            + STATE_SLIDING * (state[Field.SLIDING] > 0)
            + STATE_WALL * (state[Field.WALL_IMPACT] > 0)
            + STATE_TURBO * (state[Field.TURBO] > 0)
            + STATE_FINISHED * finished
            + STATE_OUT * (state[Field.OFF_ROAD] >= 4)
        )
        radius = steering_radius(speed)
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
            lap_time=self.lap_time,
            state=bits,
            suspension_fl=state[Field.SUSPENSION_FL],
            suspension_fr=state[Field.SUSPENSION_FR],
            suspension_rl=state[Field.SUSPENSION_RL],
            suspension_rr=state[Field.SUSPENSION_RR],
            wheel_angle=state[Field.STEER] * np.arctan(WHEEL_BASE / radius),
        )
        return np.stack([rows[name] for name in POSE_FIELDS], axis=1).astype(np.float32)

    def fields(self) -> Floats:
        """The state as the kernels hold it, (FIELDS, cars), rows as in Field; on the CPU a view to read."""
        return self._read()[:, : self.cars]

    @property
    def speed(self) -> Floats:
        """Forward speed [m/s], (cars,)."""
        state = self.fields()
        x, y, z, w = state[Field.QX : Field.QW + 1]
        forward = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
        velocity = state[Field.VX : Field.VZ + 1]
        return np.asarray(forward[0] * velocity[0] + forward[1] * velocity[1] + forward[2] * velocity[2])

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
        state = self.fields()
        finish_time = state[Field.FINISH_TIME]
        return np.asarray(np.where(finish_time > 0, finish_time, state[Field.CLOCK] * np.float32(TICK)))

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
        return np.asarray(self._solid.numpy() == 1)

    @solid.setter
    def solid(self, solid: ArrayLike) -> None:
        self._solid.assign(np.broadcast_to(np.asarray(solid, np.int32), self.cars))

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

    @property
    def state_array(self) -> Any:
        """The state on the device: a Warp array (FIELDS, cars and padding), rows as in Field."""
        return self._state

    @property
    def sensor_arrays(self) -> tuple[Any, Any]:
        """What `lidar` and `horizon` write on the device: Warp arrays of the same shapes."""
        return self._lidar, self._horizon

    def launches(self, ticks: int) -> list[Any]:
        """Prepared launches of a step with LIDAR and horizon, in the order in which they must run."""
        return [*self._prepare_step(ticks), *self._scan_launches, *self._look_launches]

    # --- inside -----------------------------------------------------------------------------------

    def _spawned(self, arc: NDArray[np.float64], lateral: NDArray[np.float64], speed: Floats) -> Floats:
        """State columns of cars placed on the road."""
        nodes = self.ribbon.nodes
        centre = arc + CENTRE_FORWARD
        lap = np.floor(centre / self.ribbon.length) if self.ribbon.closed else np.zeros_like(centre)
        within = centre - lap * self.ribbon.length
        knots = nodes[:, Node.ARC]
        segment = np.clip(np.searchsorted(knots, within, side="right") - 1, 0, self.ribbon.segments - 1)
        share = ((within - knots[segment]) / nodes[segment, Node.LENGTH])[:, None]

        def at(column: int, size: int = 3) -> NDArray[np.float64]:
            values = nodes[:, column : column + size].astype(np.float64)
            return np.asarray(values[segment] * (1 - share) + values[segment + 1] * share)

        position, left, up = at(Node.PX), at(Node.LX), at(Node.UX)
        left /= np.linalg.norm(left, axis=1, keepdims=True)
        up -= left * np.sum(left * up, axis=1, keepdims=True)
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        forward = np.cross(left, up)
        room_left = at(Node.WIDTH_LEFT, 1)[:, 0] - HALF_WIDTH
        room_right = at(Node.WIDTH_RIGHT, 1)[:, 0] - HALF_WIDTH
        lateral = np.clip(lateral, -np.maximum(room_right, 0), np.maximum(room_left, 0))

        columns = np.zeros((FIELDS, len(arc)), np.float32)
        columns[Field.X : Field.Z + 1] = (position + left * lateral[:, None] + up * CENTRE_HEIGHT).T
        columns[Field.QX : Field.QW + 1] = quaternions(left, up, forward).T
        columns[Field.VX : Field.VZ + 1] = (forward * speed[:, None]).T
        columns[Field.GEAR] = 1 + np.sum(
            speed[:, None] * KMH > np.array([102.4, 162.2, 235.1, 341.7]), axis=1
        )
        columns[Field.PROGRESS] = columns[Field.FURTHEST] = arc - self.track.start
        columns[Field.SEGMENT] = segment
        columns[Field.LAP] = lap
        columns[Field.LATERAL] = lateral
        columns[Field.HEIGHT] = CENTRE_HEIGHT
        columns[Field.CONTACTS] = 4
        return columns

    def _read(self) -> Floats:
        state: Floats = self._host if self._host is not None else self._state.numpy()
        return state

    def _write(self, state: Floats) -> None:
        if self._host is None:
            self._state.assign(state)

    def _slices(self, count: int) -> list[tuple[int, int]]:
        """Split `count` pieces of work over the threads: (first, number)."""
        edges = np.linspace(0, count, self.threads + 1).astype(int)
        return [(int(a), int(b - a)) for a, b in pairwise(edges) if b > a]

    def _prepare(self, kernel: Any, dim: int | tuple[int, int], inputs: list[Any]) -> Any:
        with LOADING:
            return wp.launch(kernel, dim=dim, inputs=inputs, device=self.device, record_cmd=True)

    def _prepare_step(self, ticks: int) -> list[Any]:
        course = Course()
        course.race = self.track.length
        course.start = self.track.start
        course.lap = self.ribbon.length if self.ribbon.closed else 0.0
        if not self.contact:
            whole = (0, self._columns // BLOCK)
            parts = [whole] if self.device.is_cuda else self._slices(whole[1])
            return [self._prepare_ticks(ticks, course, *part) for part in parts]
        # A thread drives whole blocks of cars and whole worlds, so that none waits for another.
        unit = math.lcm(BLOCK, self.cars_per_world)
        chains = []
        for first, number in self._slices(-(-self.cars // unit)):
            blocks = min(number * unit, self._columns - first * unit) // BLOCK
            worlds = min(number * unit, self.cars - first * unit) // self.cars_per_world
            step = self._prepare_ticks(1, course, first * unit // BLOCK, blocks)
            bumps = [
                self._prepare_bumps(course, first * unit // self.cars_per_world, worlds, fresh=fresh)
                for fresh in (True, False)
            ]
            chains.append(Chain([launch for tick in range(ticks) for launch in (step, bumps[tick > 0])]))
        return chains

    def _prepare_ticks(self, ticks: int, course: Any, first: int, number: int) -> Any:
        """Prepare ticks of `number` blocks of cars from block `first` on; on CUDA of all cars."""
        model = [self.parameters, self._nodes, self.ribbon.segments, course, ticks]
        if self.device.is_cuda:
            return self._prepare(step_cars, self.cars, [*model, self._state])
        return self._prepare(step_blocks, number, [*model, first, self._state])

    def _prepare_bumps(self, course: Any, first: int, number: int, *, fresh: bool) -> Any:
        """Prepare contacts in `number` worlds from world `first` on; `fresh` after a step's first tick."""
        track = [self._nodes, self.ribbon.segments, course, self.cars_per_world]
        cars = [first, int(fresh), self._solid, self._state, self._bumps]
        return self._prepare(bump_cars, number, track + cars)

    def _scan(self, first: int, number: int, cars: Any) -> Any:
        """Prepare a LIDAR scan for `number` entries of `cars` from `first` on."""
        view = self.portals
        track = [self._portals, view.lead, view.count, self._portal_of, int(self.ribbon.closed)]
        company = self.cars_per_world if self.contact else 1
        sensor = [self._beams, self._beam_order, self.lidar_range, company]
        sensor += [first, cars, self._solid, self._state, self._lidar]
        seen = self._prepare(scan, number, track + sensor)
        if not self.occlusion:
            return seen
        sensor = [self._directions, self.lidar_range, first, cars, self._state, self._lidar]
        return Chain([seen, self._prepare(occlude, (number, self.beams), track + sensor)])

    def _look(self, first: int, number: int, cars: Any) -> Any:
        """Prepare a look ahead for `number` entries of `cars` from `first` on."""
        track = [self._nodes, self.ribbon.segments, int(self.ribbon.closed)]
        sensor = [self._distances, first, cars, self._state, self._horizon]
        return self._prepare(look_ahead, number, track + sensor)

    def _sense(
        self, prepare: Any, launches: list[Any], values: Any, cars: NDArray[np.intp] | None
    ) -> NDArray[Any]:
        """Run a sensor and return what it wrote, for all cars or for some."""
        if cars is None:
            self._launch(launches)
        else:
            chosen: Any = wp.array(np.asarray(cars, np.int32), dtype=int, device=self.device)
            prepare(0, len(cars), chosen).launch()
        host: NDArray[Any] = values.numpy()
        if cars is not None:
            return host[cars]
        return host.copy() if self._host is not None else host

    def _launch(self, launches: list[Any]) -> None:
        """Run prepared launches, each on a thread of its own (a launch releases the GIL)."""
        if self._pool is None:
            for launch in launches:
                launch.launch()
            return
        waiting = [self._pool.submit(launch.launch) for launch in launches[1:]]
        launches[0].launch()
        for future in waiting:
            future.result()


@dataclass(frozen=True)
class Chain:
    """Prepared launches that run one after the other."""

    launches: Sequence[Any]

    def launch(self) -> None:
        """Run them."""
        for launch in self.launches:
            launch.launch()


def quaternions(left: NDArray[Any], up: NDArray[Any], forward: NDArray[Any]) -> NDArray[np.float64]:
    """Attitudes (n, 4) x, y, z, w of bodies whose +x, +y, +z axes are left, up, forward, each (n, 3)."""
    m = np.stack([left, up, forward], axis=2)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    w = np.sqrt(np.maximum(0, 1 + xx + yy + zz)) / 2
    x = np.copysign(np.sqrt(np.maximum(0, 1 + xx - yy - zz)) / 2, m[:, 2, 1] - m[:, 1, 2])
    y = np.copysign(np.sqrt(np.maximum(0, 1 - xx + yy - zz)) / 2, m[:, 0, 2] - m[:, 2, 0])
    z = np.copysign(np.sqrt(np.maximum(0, 1 - xx - yy + zz)) / 2, m[:, 1, 0] - m[:, 0, 1])
    q = np.stack([x, y, z, w], axis=1)
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True))


def rotate(quaternion: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    """World components (3, n) of a body vector (3,) under attitudes (4, n) x, y, z, w."""
    axis, w = quaternion[:3], quaternion[3]
    turned = 2 * cross(axis, vector[:, None])
    return np.asarray(vector[:, None] + w * turned + cross(axis, turned))


def cross(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Cross products of columns, (3, n): np.cross spends five times as long on a single one."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _zeros(shape: tuple[int, ...], device: Any) -> Any:
    """An array of zeros; Any, since Warp's own annotations are incomplete."""
    return wp.zeros(shape, dtype=float, device=device)


def _device(name: str) -> Any:
    """The device of this name."""
    try:
        return wp.get_device(name)
    except Exception as error:
        raise InputError(f"device {name!r} is not available here, expected 'cpu'", field="device") from error


def warm_up(device: str = "cpu") -> None:
    """Compile (or load from the cache) every kernel that a simulator and its observers use."""
    for kernel in (step_blocks, scan, occlude, look_ahead, step_cars, bump_cars, camera.draw, screen.scan):
        wp.load_module(kernel.module, device=device)
