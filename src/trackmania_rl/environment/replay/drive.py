"""A recorded drive of a human, as a ghost to race against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.replay.ghost import read_ghost
from trackmania_rl.environment.tracks.columns import Columns, read_columns, read_text, require
from trackmania_rl.environment.tracks.gbx import FILE_BYTES_MAX
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import (
    POSE_FIELDS,
    STATE_FINISHED,
    STATE_GROUNDED,
    STATE_SLIDING,
    STATE_TURBO,
)

Doubles = NDArray[np.float64]

DURATION_MAX = 3600.0
"""Longest drive that is read [s]."""
NOSE = 2.0
"""From the car's origin to its nose [m], as in the simulator; the nose stops the clock."""

POSITION = ("x", "y_up", "z")
ATTITUDE = ("qx", "qy", "qz", "qw")
VELOCITY = ("vx", "vy_up", "vz")
STEPWISE = {
    "gear", "gas", "brake", "ground_mode", "slip1", "slip2", "turbo_byte", "turbo_time_raw",
    "mat_fl", "mat_fr", "mat_rr", "mat_rl",
}  # fmt: skip
"""Columns whose values mean nothing in between."""
REQUIRED = ("t_ms", *POSITION, *VELOCITY, *ATTITUDE, "steer", "gas", "brake")

STEER_ZERO = 0.004
"""Recorded steering below this is straight ahead: one step of the game's byte."""
UPSHIFT_KMH = (102.4, 162.2, 235.1, 341.7)
"""Speeds at which the game's gearbox shifts up; for recordings without the gear."""
RPM_RED = 100.0
"""Recorded engine speed at the red line: the game shifts up at 83 to 93."""
WHEEL_ANGLE_KMH = (0.0, 100.0)
WHEEL_ANGLE = (math.radians(30.0), math.radians(10.0))
"""Angle of the front wheels at full steer, by speed [rad]: TrackMania Nations Forever's car."""
SLIDE_BIT = 0x40
"""Of the byte slip1: with it set the car drifts at 4 to 12 degrees, without it at about one."""
TURBO_BIT = 0x80
"""Of turbo_byte: set while turbo_time runs."""
GROUND_BIT = 0x01
"""Of ground_mode: the car is on the ground."""

STRAY_MAX = 40.0
"""A sample farther from the road than this is looked for along the whole track [m]."""
FOREIGN = 20.0
"""A drive whose median distance from the centre-line is larger was driven elsewhere [m]."""


@dataclass(frozen=True, eq=False)
class Drive:
    """A recorded drive on a track.

    Attributes:
        name: Name of the recording.
        time: Race clock of each sample [s], from 0 in steps of 1 / CONTROL_HZ, (n,).
        samples: One row per sample, columns as in trackmania_rl.protocol.poses.POSE_FIELDS, (n, 23).
        finish_time: When the car's nose crossed the finish [s], or None.
        columns: All that was recorded, by its name in the table (docs/replay.md), (n,) each: besides what
            `samples` is made of the materials under the wheels (mat_fl, mat_fr, mat_rr, mat_rl), the turbo
            (turbo_byte, turbo_time_raw), the slip (slip1, slip2), ground_mode and side_speed, where known.
    """

    name: str
    time: Doubles
    samples: NDArray[np.float32]
    finish_time: float | None
    columns: Columns

    @property
    def duration(self) -> float:
        """Length of the recording [s]."""
        return float(self.time[-1])


def read_recorded(path: Path) -> Columns:
    """What was recorded of a drive, as it stands in the file: one value per sample in each column.

    Args:
        path: A ghost of the game (.Ghost.Gbx, .Replay.Gbx, or .Map.Gbx with its author's drive), or a table
            (.csv) with the columns t_ms, x, y_up, z, vx, vy_up, vz, qx, qy, qz, qw, steer, gas and brake;
            and, where known, the others of docs/replay.md.

    Raises:
        InputError: The file is missing or damaged, holds no drive, or its clock does not run forward.
    """
    columns = read_ghost(_bytes(path), path.name) if _of_the_game(path) else _table(path)
    clock = columns["t_ms"] / 1000.0
    if len(clock) < 2 or np.diff(clock).min() <= 0.0:
        raise InputError(
            f"{path.name}: the clock t_ms does not run forward, expected a drive of some samples"
        )
    if clock[-1] - clock[0] > DURATION_MAX:
        raise InputError(
            f"{path.name}: the drive takes {clock[-1] - clock[0]:.0f} s, expected at most an hour"
        )
    return columns


def read_drive(path: Path, track: Track) -> Drive:
    """Read a recorded drive and place it on a track.

    Args:
        path: A ghost of the game or a table; see `read_recorded`.
        track: The track that it was driven on.

    Raises:
        InputError: The file is missing or damaged, lacks columns, its clock does not run forward, or it
            was driven on another track.
    """
    recorded = read_recorded(path)
    clock = (recorded["t_ms"] - recorded["t_ms"][0]) / 1000.0
    time = np.arange(math.floor(clock[-1] * CONTROL_HZ + 1e-6) + 1) / CONTROL_HZ
    columns = _resample(recorded, clock, time)
    progress, ahead = _progress(columns, track, path.name)
    finish_time = _crossing(time, progress + NOSE * ahead, track.length)
    return Drive(
        name=path.name.split(".", 1)[0],
        time=time,
        samples=_samples(columns, time, progress, finish_time),
        finish_time=finish_time,
        columns=columns,
    )


def _of_the_game(path: Path) -> bool:
    """Whether a file begins as those of the game do, or is named like one."""
    try:
        with path.open("rb") as file:
            return file.read(3) == b"GBX" or path.suffix.lower() == ".gbx"
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _bytes(path: Path) -> bytes:
    """A file of the game; what is longer than such a file may be is not read."""
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX + 1)


def _table(path: Path) -> Columns:
    """A drive as a table."""
    columns = read_columns(read_text(path), path.name)
    require(columns, REQUIRED, path.name, "a recorded drive")
    return columns


def _resample(recorded: Columns, clock: Doubles, time: Doubles) -> Columns:
    """The recorded columns at other times: blended where that means something, else the last value."""
    held = np.searchsorted(clock, time + 1e-6, side="right") - 1
    attitude = np.stack([recorded[name] for name in ATTITUDE], axis=1)
    norm = np.linalg.norm(attitude, axis=1, keepdims=True)
    attitude = np.where(norm > 0.5, attitude / np.maximum(norm, 1e-9), (0.0, 0.0, 0.0, 1.0))
    # q and -q are one attitude; blend between neighbours of equal sign.
    flips = np.sign(np.einsum("ij,ij->i", attitude[1:], attitude[:-1]))
    attitude[1:] *= np.cumprod(np.where(flips < 0, -1.0, 1.0))[:, None]
    blended = np.stack([np.interp(time, clock, attitude[:, k]) for k in range(4)], axis=1)
    blended /= np.maximum(np.linalg.norm(blended, axis=1, keepdims=True), 1e-9)
    columns = {
        name: values[held] if name in STEPWISE else np.interp(time, clock, values)
        for name, values in recorded.items()
    }
    return columns | dict(zip(ATTITUDE, blended.T, strict=True))


def _progress(columns: Columns, track: Track, source: str) -> tuple[Doubles, Doubles]:
    """Distance along the track from the start [m], and how far the car points along it, -1 to 1.

    The car is followed along the road from the start on, so that bridges and loops are told apart; a
    circuit's laps add up.
    """
    position = np.stack([columns[name] for name in POSITION], axis=1)
    nodes, arc = track.position.astype(np.float64), track.arc.astype(np.float64)
    count = len(nodes)
    reach = np.arange(-20, 61)
    """Nodes that are looked at around the last one: 60 m ahead is 1200 m/s."""
    node = int(np.searchsorted(arc, track.start))
    forward = _forward(*(columns[name] for name in ATTITUDE))
    progress, distance, pointing = (np.empty(len(position)) for _ in range(3))
    for k, point in enumerate(position):
        near = node + reach
        if not track.closed:
            near = near[(near >= 0) & (near < count)]
        far = np.linalg.norm(nodes[near % count] - point, axis=1)
        node = int(near[far.argmin()])
        distance[k] = far.min()
        if distance[k] > STRAY_MAX:
            far = np.linalg.norm(nodes - point, axis=1)
            node = node // count * count + int(far.argmin())
            distance[k] = far.min()
        tangent = track.tangent[node % count]
        pointing[k] = forward[k] @ tangent
        ahead = (point - nodes[node % count]) @ tangent
        along = arc[node % count] + node // count * track.centreline_length
        progress[k] = along + np.clip(ahead, -1.0, 1.0) - track.start
    if np.median(distance) > FOREIGN:
        raise InputError(
            f"{source} was not driven on {track.id}: its first point is {distance[0]:.0f} m from the road's "
            f"middle, half of them more than {np.median(distance):.0f} m; give the track it was driven on"
        )
    return progress, pointing


def _forward(x: Doubles, y: Doubles, z: Doubles, w: Doubles) -> Doubles:
    """The body's +z axis in the world, (n, 3)."""
    return np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)


def _crossing(time: Doubles, progress: Doubles, finish: float) -> float | None:
    """When the progress first reaches the finish [s], between samples by interpolation."""
    reached = np.flatnonzero(progress >= finish)
    if not len(reached):
        return None
    after = int(reached[0])
    if after == 0:
        return float(time[0])
    before = after - 1
    share = (finish - progress[before]) / (progress[after] - progress[before])
    return float(time[before] + share * (time[after] - time[before]))


def _samples(
    columns: Columns, time: Doubles, progress: Doubles, finish_time: float | None
) -> NDArray[np.float32]:
    """The rows of poses."""
    zeros = np.zeros(len(time))
    speed_kmh = np.sqrt(sum(columns[name] ** 2 for name in VELOCITY)) * 3.6
    steer = np.clip(columns["steer"], -1.0, 1.0)
    steer = np.where(np.abs(steer) < STEER_ZERO, 0.0, steer)
    ends = math.inf if finish_time is None else finish_time

    def bits(name: str, mask: int) -> NDArray[np.bool_]:
        return np.asarray(columns.get(name, zeros).astype(np.int64) & mask, dtype=np.bool_)

    grounded = bits("ground_mode", GROUND_BIT) if "ground_mode" in columns else np.ones(len(time), bool)
    state = (
        grounded * STATE_GROUNDED
        + bits("slip1", SLIDE_BIT) * STATE_SLIDING
        + bits("turbo_byte", TURBO_BIT) * STATE_TURBO
        + (time >= ends) * STATE_FINISHED
    )
    values = {
        "x": columns["x"],
        "y": columns["y_up"],
        "z": columns["z"],
        **{name: columns[name] for name in ATTITUDE},
        "vx": columns["vx"],
        "vy": columns["vy_up"],
        "vz": columns["vz"],
        "steer": steer,
        "gas": np.clip(columns["gas"], 0.0, 1.0),
        "brake": np.clip(columns["brake"], 0.0, 1.0),
        "gear": columns.get("gear", np.searchsorted(UPSHIFT_KMH, speed_kmh) + 1.0),
        "rpm": np.clip(columns.get("rpm_raw", zeros) / RPM_RED, 0.0, 1.0),
        "progress": progress,
        "lap_time": np.minimum(time, ends),
        "state": state,
        "wheel_angle": steer * np.interp(speed_kmh, WHEEL_ANGLE_KMH, WHEEL_ANGLE),
    }
    return np.stack([values.get(name, zeros) for name in POSE_FIELDS], axis=1).astype(np.float32)
