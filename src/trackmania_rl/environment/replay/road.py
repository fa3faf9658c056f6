"""The road of a recording whose track is not at hand, rebuilt from the scene that it carries for other tools.

Good to look at and to compare drives on, not to drive: borders are within foxglove.TOLERANCE, and surfaces,
boosters and the kind of the borders are not told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.replay.reading import opened
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import TrackGeometry

Doubles = NDArray[np.float64]

SPACING = 2.0
"""Distance between the nodes of the road [m]."""
REACH = 40.0
"""How much further along the other border the point opposite is looked for [m] (guess)."""
LENGTH_MAX = 100_000.0
"""Longest border that is believed [m]."""


def rebuilt(path: Path) -> TrackGeometry:
    """The track that a recording shows.

    Raises:
        InputError: The file is no recording, or shows no track.
    """
    head, entries = opened(path)
    scenes = (entry.data for entry in entries if entry.topic == "scene")
    try:
        strips, gates = _lines(msgspec.json.decode(next(scenes)))
        left, right = (_even(strip) for strip in strips[:2])
        right = _opposite(left, right)
        centre, across = (left + right) / 2, left - right
        arc = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(centre, axis=0), axis=1)))
        places = [float(arc[_nearest(centre, gate)]) for gate in gates]
    except (StopIteration, KeyError, TypeError, ValueError, msgspec.MsgspecError):
        raise InputError(
            f"{path.name} shows no track: import the track {head.about.track} to watch it", field="track"
        ) from None
    about = head.about
    width = np.linalg.norm(across, axis=1)
    tangent = _unit(np.gradient(centre, axis=0))
    lateral = _unit(across)
    closed = bool(np.linalg.norm(centre[-1] - centre[0]) < 2 * SPACING)
    start, *checkpoints, finish = places if len(places) > 1 else [0.0, float(arc[-1])]
    if closed and finish <= start:
        finish += float(arc[-1])
    nodes = len(arc)
    return TrackGeometry(
        id=about.track,
        name=about.track_name,
        hash=about.track_hash,
        closed=closed,
        length=round(finish - start, 3),
        start=round(start, 3),
        finish=round(finish, 3),
        arc=_flat(arc),
        position=_flat(centre),
        tangent=_flat(tangent),
        left=_flat(lateral),
        up=_flat(_unit(np.cross(tangent, lateral))),
        half_width_left=_flat(width / 2),
        half_width_right=_flat(width / 2),
        surface=[0] * nodes,
        border_left=[0] * nodes,
        border_right=[0] * nodes,
        checkpoints=[round(arc, 3) for arc in checkpoints],
        boosters=[],
    )


def _lines(scene: Any) -> tuple[list[Doubles], list[Doubles]]:
    """The borders (left, right) and the middles of the gates of a scene.

    Raises:
        KeyError, TypeError, ValueError: It shows no road.
    """
    (track,) = [entity for entity in scene["entities"] if entity["id"] == "track"]
    points = [
        np.array([[point[axis] for axis in "xyz"] for point in line["points"]], np.float64)
        for line in track["lines"]
    ]
    left, right, gates = points
    if not all(np.isfinite(line).all() for line in points):
        raise ValueError("a point that is none")
    return [left, right], list((gates[0::2] + gates[1::2]) / 2)


def _even(line: Doubles) -> Doubles:
    """Points of a line every SPACING."""
    arc = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    if not SPACING <= arc[-1] <= LENGTH_MAX:
        raise ValueError(f"a border of {arc[-1]} m")
    at = np.linspace(0.0, arc[-1], 1 + round(arc[-1] / SPACING))
    return np.column_stack([np.interp(at, arc, axis) for axis in line.T])


def _opposite(left: Doubles, right: Doubles) -> Doubles:
    """The point of the right border that is nearest to each of the left one, never going back."""
    reach = round(REACH / SPACING)
    found, at = [], 0
    for point in left:
        at += _nearest(right[at : at + reach], point)
        found.append(at)
    return right[found]


def _nearest(line: Doubles, point: Doubles) -> int:
    return int(np.linalg.norm(line - point, axis=1).argmin())


def _unit(vectors: Doubles) -> Doubles:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(vectors / lengths, np.float64)


def _flat(values: Doubles) -> list[float]:
    return [float(value) for value in np.round(values.ravel(), 4)]
