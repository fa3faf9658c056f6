"""Recorded inputs, driven again open loop from recorded states: every window is a car of one batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from trackmania_rl.environment.calibration.ground import plane, ribbons
from trackmania_rl.environment.calibration.recording import PERIOD, Doubles
from trackmania_rl.environment.calibration.windows import Windows
from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, CENTRE_HEIGHT, SHIFT_PAUSE, gear_at
from trackmania_rl.environment.tracks.track import Track

CENTRE = np.array([0.0, CENTRE_HEIGHT, CENTRE_FORWARD])
"""From the car's origin to its centre of mass, body [m]."""
LATE = 2
"""Of the five ticks between two samples so many still have the earlier one's inputs: a change, which may have
happened at any of them, is taken to be in the middle."""

PAST_SHIFT = 2
"""Samples before a window that may tell of a shift still going on."""


class Rerun:
    """Windows ready to be driven again, with any parameters.

    Attributes:
        windows: What is driven.

    Args:
        windows: What to drive.
        track: The track that all of it was driven on; default a plane or the ribbons of the drives.
    """

    def __init__(self, windows: Windows, track: Track | None = None) -> None:
        self.windows = windows
        level = windows.flat & (track is None)
        flat, rough = np.flatnonzero(level), np.flatnonzero(~level)
        self._parts: list[tuple[Any, Simulator, Doubles]] = []
        if len(flat):
            self._parts.append((flat, *_on_plane(windows.some(flat))))
        if len(rough):
            self._parts.append((rough, *_on_ribbons(windows.some(rough), track)))

    def paths(self, parameters: Any = None) -> tuple[Doubles, Doubles]:
        """Drive all windows.

        Args:
            parameters: Of the car, from `parameters.parameters`; default the shipped ones.

        Returns:
            Positions of the car's origin relative to its first [m], (samples + 1, n, 3), in the world's
            axes, and speeds [m/s], (samples + 1, n).
        """
        windows = self.windows
        path = np.zeros((windows.samples + 1, len(windows), 3))
        speed = np.zeros((windows.samples + 1, len(windows)))
        for index, simulator, snapshot in self._parts:
            part = windows.some(index)
            if parameters is not None:
                simulator.configure(parameters)
            simulator.restore(snapshot.astype(np.float32))
            origin = _origins(simulator)
            speed[0, index] = _speeds(simulator)
            for k in range(windows.samples):
                simulator.step(part.column("controls", k), ticks=LATE)
                simulator.step(part.column("controls", k + 1), ticks=5 - LATE)
                path[k + 1, index] = _origins(simulator) - origin
                speed[k + 1, index] = _speeds(simulator)
        return path, speed

    def errors(self, parameters: Any = None) -> tuple[Doubles, Doubles]:
        """Distance between driven and recorded position [m] and difference of speed [m/s].

        Both (samples + 1, n): at every sample of each window. A car that is no longer a number counts as
        1000 m and 1000 m/s away.
        """
        path, speed = self.paths(parameters)
        recorded = self.recorded()
        off = path - recorded
        off[:, self.windows.flat, 1] = 0.0  # the plane is not the recorded one
        distance = np.linalg.norm(off, axis=2)
        paces = np.stack([self.windows.column("speed", k) for k in range(self.windows.samples + 1)])
        return np.nan_to_num(distance, nan=1000.0), np.nan_to_num(np.abs(speed - paces), nan=1000.0)

    def recorded(self) -> Doubles:
        """Recorded positions relative to the first [m], (samples + 1, n, 3)."""
        windows = self.windows
        path = np.stack([windows.column("position", k) for k in range(windows.samples + 1)])
        return np.asarray(path - path[0])


def _on_plane(windows: Windows) -> tuple[Simulator, Doubles]:
    """A simulator of flat windows, upright on the plane, and their first states."""
    simulator = Simulator(plane(), len(windows))
    simulator.spawn(arc=10000.0)
    state = simulator.full_state().astype(np.float64)
    forward = windows.column("forward", 0)
    heading = np.arctan2(forward[:, 0], forward[:, 2])
    attitude = np.stack(
        [np.zeros_like(heading), np.sin(heading / 2), np.zeros_like(heading), np.cos(heading / 2)]
    )
    velocity, spin = _motion(windows)
    velocity[:, 1] = 0.0
    spin[:, [0, 2]] = 0.0
    _place(state, windows, state[Field.X : Field.Z + 1].T, attitude, velocity, spin)
    return simulator, state


def _on_ribbons(windows: Windows, track: Track | None) -> tuple[Simulator, Doubles]:
    """A simulator of windows on a track or on the ground that their drives tell of, and first states."""
    if track is None:
        track, arcs = ribbons(windows.recordings)
        arc = np.array(
            [arcs[drive][first] for drive, first in zip(windows.drive, windows.first, strict=True)]
        )
    else:
        nodes = cKDTree(track.position)
        arc = track.arc[nodes.query(windows.column("position", 0))[1]]
    simulator = Simulator(track, len(windows))
    simulator.spawn(arc=arc)
    state = simulator.full_state().astype(np.float64)
    attitude = windows.column("attitude", 0).T
    centre = windows.column("position", 0) + rotate(attitude, CENTRE).T
    _place(state, windows, centre, attitude, *_motion(windows))
    return simulator, state


def _motion(windows: Windows) -> tuple[Doubles, Doubles]:
    """Velocity of the centre of mass [m/s], world, and angular velocity [rad/s], body, at the first samples.

    Differences to the two samples before, of second order: recorded velocities have steps of 1.4 degrees
    in their direction, recorded positions steps of 1 mm.
    """
    now, before, earlier = (windows.column("position", -k) for k in range(3))
    velocity = (3 * now - 4 * before + earlier) / (2 * PERIOD)
    pace = windows.column("speed", 0)
    velocity *= (pace / np.maximum(np.linalg.norm(velocity, axis=1), 1e-6))[:, None]
    turned = [_turn(windows, -1, 0), _turn(windows, -2, -1)]
    spin = (1.5 * turned[0] - 0.5 * turned[1]) / PERIOD
    lever = np.cross(spin, np.broadcast_to(CENTRE, spin.shape))
    return velocity + rotate(windows.column("attitude", 0).T, lever.T).T, spin


def _turn(windows: Windows, earlier: int, later: int) -> Doubles:
    """Rotation from one sample to another as a vector in the body [rad], (n, 3)."""
    axes = [
        np.stack([windows.column(name, k) for name in ("left", "up", "forward")], axis=2)
        for k in (earlier, later)
    ]
    relative = np.einsum("nij,nik->njk", axes[0], axes[1])
    skew = np.stack(
        [
            relative[:, 2, 1] - relative[:, 1, 2],
            relative[:, 0, 2] - relative[:, 2, 0],
            relative[:, 1, 0] - relative[:, 0, 1],
        ],
        axis=1,
    )
    return np.asarray(skew / 2)


def _place(
    state: Doubles, windows: Windows, centre: Doubles, attitude: Doubles, velocity: Doubles, spin: Doubles
) -> None:
    """Write the first states of windows into columns of a spawned state."""
    state[Field.X : Field.Z + 1] = centre.T
    state[Field.QX : Field.QW + 1] = attitude
    state[Field.VX : Field.VZ + 1] = velocity.T
    state[Field.WX : Field.WZ + 1] = spin.T
    state[Field.STEER] = windows.column("controls", 0)[:, 2]
    gear = windows.column("gear", 0)
    state[Field.GEAR] = np.where(gear > 0, gear, gear_at(windows.column("speed", 0)))
    shifted = np.zeros(len(windows))
    for k in range(PAST_SHIFT):
        up = (windows.column("gear", -k) > windows.column("gear", -k - 1)) & (
            windows.column("gear", -k - 1) > 0
        )
        remaining = SHIFT_PAUSE - (k + 0.5) * PERIOD
        shifted = np.where(up, np.maximum(shifted, remaining), shifted)
    state[Field.SHIFT] = shifted
    state[Field.TURBO] = windows.column("turbo", 0)
    state[Field.TURBO_FACTOR] = 5.0 * (state[Field.TURBO] > 0)
    state[Field.SLIDING] = (windows.column("slipping", 0) >= 4) & (np.abs(windows.column("side", 0)) > 1.5)


def _origins(simulator: Simulator) -> Doubles:
    """Positions of the cars' origins [m], (n, 3)."""
    state = simulator.fields()
    return np.asarray((state[: Field.Z + 1] - rotate(state[Field.QX : Field.QW + 1], CENTRE)).T, np.float64)


def _speeds(simulator: Simulator) -> Doubles:
    state = simulator.fields()
    return np.asarray(np.linalg.norm(state[Field.VX : Field.VZ + 1], axis=0), np.float64)
