"""Tracks from lines: centre-lines of circuits, and recorded drives."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from trackmania_rl.environment.tracks.columns import Columns, read_columns, require
from trackmania_rl.environment.tracks.ribbon import (
    LENGTH_MAX,
    ROAD_HALF_WIDTH,
    SAMPLE_SPACING,
    SPACING_MARGIN,
    Doubles,
    banked,
)
from trackmania_rl.environment.tracks.track import NODE_SPACING, Border, Surface, Track
from trackmania_rl.protocol.errors import InputError

POINT_SPACING_MIN = 2.0
"""Points of a recorded drive closer than this are dropped [m]: at walking pace noise would bend the road."""
RUN_UP = 16.0
"""Road behind the first point of a recorded drive [m], as in a start block."""
RUN_OUT = 32.0
"""Road behind its last point [m], to brake on."""
LEAN_MAX = math.radians(60.0)
"""A car that leans more is not on its wheels (guess)."""
SWAY = math.radians(3.0)
"""A car leans this much on a level road [measured: up to 3.0 degrees on tmrl-train, which is level]."""
HALF_WIDTHS = (1.0, 100.0)
"""Least and greatest half width [m]."""


def read(text: str, *, id: str, source: str | None = None) -> Track:
    """The track of a table of points: a circuit's centre-line, or a recorded drive.

    A circuit has columns `x_m, y_m, w_tr_right_m, w_tr_left_m` (x east, y north; the last point joins
    the first) and may have `z_m` (height) and `phi_rad` (banking, positive with the left edge raised).
    A drive has `x, y_up, z` in the game's frame; the road runs along it, 12.8 m to both sides.

    Raises:
        InputError: The table is damaged, has other columns, or gives no line.
    """
    source = source or id
    columns = read_columns(text, source)
    if "y_up" in columns:
        return along(columns, id=id, source=source)
    return _circuit(columns, id, source)


def _circuit(columns: Columns, id: str, source: str) -> Track:
    """A closed circuit in the plan's axes: our x is x and our z is -y, so that left stays left."""
    require(
        columns, ("x_m", "y_m", "w_tr_right_m", "w_tr_left_m"), source,
        "a circuit (x_m, y_m, w_tr_right_m, w_tr_left_m) or a drive (x, y_up, z)",
    )  # fmt: skip
    level = np.zeros_like(columns["x_m"])
    points = np.stack([columns["x_m"], columns.get("z_m", level), -columns["y_m"]], axis=1)
    if len(points) > 1 and np.allclose(points[0], points[-1], atol=1e-3):
        points = points[:-1]
        columns = {name: values[:-1] for name, values in columns.items()}
    # Some tables count distances to the right as negative.
    widths = np.abs(np.stack([columns["w_tr_left_m"], columns["w_tr_right_m"]], axis=1))
    low, high = HALF_WIDTHS
    if widths.min() < low or widths.max() > high:
        wrong = widths.flat[int(np.argmax((widths < low) | (widths > high)))]
        raise InputError(f"{source}: found a half width of {wrong:g} m, expected {low:g} to {high:g} m")
    bank = columns["phi_rad"] if "phi_rad" in columns else level[: len(points)]
    return through(points, widths, bank, closed=True, id=id, source=source)


def along(columns: Columns, *, id: str, source: str) -> Track:
    """A road along a recorded drive, banked as the car was while it stood on the road.

    Args:
        columns: x, y_up, z [m]; and, where known, qx, qy, qz, qw and ground_mode of docs/replay.md.
        id: Id and title of the track.
        source: Name of the file, for errors.

    Raises:
        InputError: The drive gives no line.
    """
    require(columns, ("x", "y_up", "z"), source, "a drive (x, y_up, z)")
    recorded = np.stack([columns["x"], columns["y_up"], columns["z"]], axis=1)
    rows = [0]
    for row, point in enumerate(recorded):
        if np.linalg.norm(point - recorded[rows[-1]]) >= POINT_SPACING_MIN:
            rows.append(row)
    kept = recorded[rows]
    if len(kept) < 4:
        raise InputError(
            f"{source}: found {len(kept)} points {POINT_SPACING_MIN:g} m apart, expected at least 4"
        )
    first, last = kept[1] - kept[0], kept[-1] - kept[-2]
    points = np.array(
        [
            kept[0] - first / np.linalg.norm(first) * RUN_UP,
            *kept,
            kept[-1] + last / np.linalg.norm(last) * RUN_OUT,
        ]
    )
    widths = np.full((len(points), 2), ROAD_HALF_WIDTH)
    bank = np.pad(_lean({name: values[rows] for name, values in columns.items()}, kept), 1, mode="edge")
    return through(
        points,
        widths,
        bank,
        closed=False,
        id=id,
        source=source,
        run_up=RUN_UP,
        run_out=RUN_OUT,
    )


def _lean(columns: Columns, points: Doubles) -> Doubles:
    """Banking of the road under a car at some points of its drive [rad], (n,).

    It is the lean of the car's up axis across its path; a car in the air or on its side tells nothing,
    and the road between goes evenly from the last to the next that does.
    """
    attitude = ("qx", "qy", "qz", "qw")
    if any(name not in columns for name in attitude):
        return np.zeros(len(points))
    x, y, z, w = (columns[name] for name in attitude)
    up = np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], axis=1)
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    level = np.stack([tangent[:, 2], np.zeros(len(points)), -tangent[:, 0]], axis=1)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    normal = np.cross(tangent, level)
    lean = np.arctan2(-np.sum(up * level, axis=1), np.sum(up * normal, axis=1))
    known = np.abs(lean) < LEAN_MAX
    if "ground_mode" in columns:
        known &= columns["ground_mode"].astype(np.int64) & 1 > 0
    if not known.any():
        return np.zeros(len(points))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    lean = np.interp(arc, arc[known], lean[known])
    # A body sways on its springs: what little it leans is not the road's; then the mean of five points.
    lean = lean * np.clip((np.abs(lean) - SWAY) / SWAY, 0.0, 1.0)
    return np.convolve(np.pad(lean, 2, mode="edge"), np.full(5, 0.2), mode="valid")


def through(
    points: Doubles,
    widths: Doubles,
    bank: Doubles,
    *,
    closed: bool,
    id: str,
    source: str,
    run_up: float = 0.0,
    run_out: float = 0.0,
) -> Track:
    """The track through given points, along a cubic Hermite spline with one tangent at each of them.

    Args:
        points: Points of the centre-line [m], (n, 3).
        widths: Half widths to the left and to the right [m], (n, 2).
        bank: Banking, positive with the left edge raised [rad], (n,).
        closed: Whether the last point joins the first.
        id: Id and title of the track.
        source: Name of the file, for errors.
        run_up: Road before the spawn point [m].
        run_out: Road after the finish [m].

    Raises:
        InputError: Fewer than four points, two in one place, or an absurd length.
    """
    if len(points) < 4:
        raise InputError(f"{source}: found {len(points)} points, expected at least 4")
    if closed:
        points, widths = np.concatenate([points, points[:1]]), np.concatenate([widths, widths[:1]])
        bank = np.append(bank, bank[0])
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if not steps.sum() < LENGTH_MAX:
        raise InputError(
            f"{source}: the line is {steps.sum():.3g} m long, expected less than {LENGTH_MAX:g} m"
        )
    if steps.min() < 1e-3:
        raise InputError(
            f"{source}: points {int(steps.argmin()) + 1} and the next are in one place, expected apart"
        )
    knots = np.concatenate([[0.0], np.cumsum(steps)])
    slopes = _slopes(points, knots, closed)

    samples = np.linspace(0.0, knots[-1], math.ceil(knots[-1] / SAMPLE_SPACING) + 1)
    fine, _ = _spline(points, slopes, knots, samples)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    count = math.ceil(arc[-1] / (NODE_SPACING * SPACING_MARGIN))
    stations = np.linspace(0.0, arc[-1], count + 1)[: None if not closed else -1]
    along = np.interp(stations, arc, samples)

    position, tangent = _spline(points, slopes, knots, along)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    level = np.stack([tangent[:, 2], np.zeros(len(tangent)), -tangent[:, 0]], axis=1)
    flat = np.linalg.norm(level, axis=1, keepdims=True)
    if flat.min() < 1e-3:
        raise InputError(
            f"{source}: the line stands upright at {position[int(flat.argmin())]}, expected a road"
        )
    left, up = banked(tangent, level / flat, np.interp(along, knots, bank))
    walls = np.full(len(stations), Border.WALL, np.uint8)
    track = Track(
        id=id,
        name=id,
        closed=closed,
        position=position.astype(np.float32),
        tangent=tangent.astype(np.float32),
        left=left.astype(np.float32),
        up=up.astype(np.float32),
        half_width_left=np.interp(along, knots, widths[:, 0]).astype(np.float32),
        half_width_right=np.interp(along, knots, widths[:, 1]).astype(np.float32),
        surface=np.full(len(stations), Surface.ASPHALT, np.uint8),
        border_left=walls,
        border_right=walls,
        start=run_up,
        finish=0.0,
    )
    lap = track.centreline_length
    return replace(track, finish=run_up + lap if closed else lap - run_out)


def _slopes(points: Doubles, knots: Doubles, closed: bool) -> Doubles:
    """Derivative at each point: that of the parabola through it and its neighbours."""
    steps = np.diff(knots)[:, None]
    rates = np.diff(points, axis=0) / steps
    if closed:
        steps, rates = (
            np.concatenate([steps[-1:], steps, steps[:1]]),
            np.concatenate([rates[-1:], rates, rates[:1]]),
        )
    inner = (steps[1:] * rates[:-1] + steps[:-1] * rates[1:]) / (steps[1:] + steps[:-1])
    return inner if closed else np.concatenate([rates[:1], inner, rates[-1:]])


def _spline(points: Doubles, slopes: Doubles, knots: Doubles, along: Doubles) -> tuple[Doubles, Doubles]:
    """The spline's points and derivatives at parameters `along`."""
    k = np.clip(np.searchsorted(knots, along, side="right") - 1, 0, len(knots) - 2)
    step = np.diff(knots)[k][:, None]
    t = (along[:, None] - knots[k][:, None]) / step
    p0, p1, m0, m1 = points[k], points[k + 1], slopes[k] * step, slopes[k + 1] * step
    cubic, square = 2 * (p0 - p1) + m0 + m1, 3 * (p1 - p0) - 2 * m0 - m1
    return ((cubic * t + square) * t + m0) * t + p0, ((3 * cubic * t + 2 * square) * t + m0) / step
