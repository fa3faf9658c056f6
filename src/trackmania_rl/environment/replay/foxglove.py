"""A recording as other tools show it: Foxglove's messages as JSON, and their schemas.

Frames: "map" has z up, as such tools draw it; "world" is ours, with y up; and each car has one of its own,
named after its agent, +z forward and +x left. Schemas: https://docs.foxglove.dev/docs/sdk/schemas, of which
the parts that are used here are written out; not the primitives of a scene, because every file carries its
schemas twice and tools know these by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.messages import Car

Floats = NDArray[np.float32]
Json = dict[str, Any]

UPRIGHT = {"x": 0.5, "y": 0.5, "z": 0.5, "w": 0.5}
"""The attitude of "world" in "map": x to y, y to z, z to x."""
SCAN_POSE = {
    "position": {"x": 0.0, "y": 0.0, "z": 0.0},
    "orientation": {"x": -0.5, "y": -0.5, "z": -0.5, "w": 0.5},
}
"""A scan's x forward, y left and z up in the frame of a car."""
BODY = {"x": 2.0, "y": 1.1, "z": 4.1}
"""Width, height and length of a car [m]; docs/simulator.md."""
ROAD, GATE = ({"r": v, "g": v, "b": v, "a": 1.0} for v in (0.75, 0.3))
TOLERANCE = 0.1
"""A border is drawn at most this far from where it is [m]."""

_IDENTITY = {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}
_STRIP, _PIECES = 0, 2


def scene(track: Track, cars: Iterable[Car], moment: int) -> Json:
    """foxglove.SceneUpdate: the track's borders and gates, and a box with a name for each car.

    Args:
        track: The track.
        cars: Who drives.
        moment: Time of the start [ns].
    """
    left = track.position + track.left * track.half_width_left[:, None]
    right = track.position - track.left * track.half_width_right[:, None]
    lines = [_line(_STRIP, _simplified(border, track.closed), 0.3, ROAD) for border in (left, right)]
    gates = [track.start, *track.checkpoints, track.finish]
    nodes = np.searchsorted(track.arc, np.mod(gates, track.centreline_length)).clip(0, len(left) - 1)
    lines.append(_line(_PIECES, np.stack([left[nodes], right[nodes]], axis=1).reshape(-1, 3), 0.5, GATE))
    entities = [_entity("track", "world", moment, lines=lines)]
    for car in cars:
        colour = _colour(car.colour)
        box = {"pose": _pose(BODY["y"] / 2), "size": BODY, "color": colour}
        name = {
            "pose": _pose(2.5),
            "billboard": True,
            "font_size": 1.0,
            "scale_invariant": False,
            "color": colour,
            "text": car.name,
        }
        entities.append(_entity(f"car {car.agent_id}", car.agent_id, moment, cubes=[box], texts=[name]))
    return {"deletions": [], "entities": entities}


def world(moment: int) -> Json:
    """foxglove.FrameTransforms: our frame in one with z up."""
    return {"transforms": [_transform("map", "world", moment, {"x": 0.0, "y": 0.0, "z": 0.0}, UPRIGHT)]}


def places(poses: dict[str, Floats], moment: int) -> Json:
    """foxglove.FrameTransforms: where the cars are, to a tenth of a metre and about a degree.

    Others draw straight lines between two of them, which strays further than that; the exact poses are in
    the drives.

    Args:
        poses: Poses by agent, columns as in POSE_FIELDS.
        moment: When [ns].
    """
    transforms = []
    for agent_id, pose in poses.items():
        values = [float(value) for value in np.nan_to_num(pose[:7])]
        place = dict(zip("xyz", (round(value, 1) for value in values[:3]), strict=True))
        attitude = dict(zip("xyzw", (round(value, 2) for value in values[3:]), strict=True))
        transforms.append(_transform("world", agent_id, moment, place, attitude))
    return {"transforms": transforms}


def scan(agent_id: str, ranges: Floats, moment: int) -> Json:
    """foxglove.LaserScan: a car's LIDAR, distances from right to left over 180 degrees [m]."""
    return {
        "timestamp": stamp(moment),
        "frame_id": agent_id,
        "pose": SCAN_POSE,
        "start_angle": -np.pi / 2,
        "end_angle": np.pi / 2,
        "ranges": [round(float(value), 2) for value in ranges],
        "intensities": [],
    }


def stamp(moment: int) -> Json:
    """A time in nanoseconds as Foxglove writes it."""
    return {"sec": moment // 10**9, "nsec": moment % 10**9}


def _simplified(points: Floats, closed: bool) -> Floats:
    """The points that a line through them needs (Ramer, 1972; Douglas and Peucker, 1973)."""
    if closed:
        points = np.concatenate([points, points[:1]])
    needed = {0, len(points) - 1}
    pieces = [(0, len(points) // 2), (len(points) // 2, len(points) - 1)]
    while pieces:
        first, last = pieces.pop()
        needed.add(first)
        between = points[first + 1 : last] - points[first]
        if not len(between):
            continue
        whole = points[last] - points[first]
        share = np.clip(between @ whole / max(float(whole @ whole), 1e-9), 0.0, 1.0)
        beside = np.linalg.norm(between - share[:, None] * whole, axis=1)
        farthest = int(beside.argmax())
        if beside[farthest] > TOLERANCE:
            middle = first + 1 + farthest
            pieces += [(first, middle), (middle, last)]
    return points[sorted(needed)]


def _line(kind: int, points: Floats, thickness: float, colour: Json) -> Json:
    rounded = np.round(points.astype(np.float64), 2).tolist()
    return {
        "type": kind,
        "pose": _pose(0.0),
        "thickness": thickness,
        "scale_invariant": False,
        "points": [dict(zip("xyz", point, strict=True)) for point in rounded],
        "color": colour,
        "colors": [],
        "indices": [],
    }


def _entity(id: str, frame: str, moment: int, **primitives: list[Json]) -> Json:
    kinds = ("arrows", "cubes", "spheres", "cylinders", "lines", "triangles", "texts", "models")
    return {
        "timestamp": stamp(moment),
        "frame_id": frame,
        "id": id,
        "lifetime": {"sec": 0, "nsec": 0},
        "frame_locked": True,
        "metadata": [],
        **{kind: primitives.get(kind, []) for kind in kinds},
    }


def _transform(parent: str, child: str, moment: int, place: Json, attitude: Json) -> Json:
    return {
        "timestamp": stamp(moment),
        "parent_frame_id": parent,
        "child_frame_id": child,
        "translation": place,
        "rotation": attitude,
    }


def _pose(height: float) -> Json:
    return {"position": {"x": 0.0, "y": height, "z": 0.0}, "orientation": _IDENTITY}


def _colour(colour: str) -> Json:
    """A colour like "#ff5a36"."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return {**dict(zip("rgb", (round(part, 3) for part in parts), strict=True)), "a": 1.0}


# --- schemas --------------------------------------------------------------------------------------


def _object(title: str, **properties: Json) -> Json:
    return {"title": title, "type": "object", "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _numbers(title: str, names: str) -> Json:
    return _object(title, **{name: _NUMBER for name in names})


_NUMBER, _WHOLE, _TEXT, _FLAG = ({"type": kind} for kind in ("number", "integer", "string", "boolean"))
_TIME = {"type": "object", "title": "time", "properties": {"sec": _WHOLE, "nsec": _WHOLE}}
_DURATION = {**_TIME, "title": "duration"}
_VECTOR, _QUATERNION = _numbers("foxglove.Vector3", "xyz"), _numbers("foxglove.Quaternion", "xyzw")
_POSE = _object("foxglove.Pose", position=_VECTOR, orientation=_QUATERNION)
_PRIMITIVE = {"type": "object", "properties": {}}
_ENTITY = _object(
    "foxglove.SceneEntity",
    timestamp=_TIME,
    frame_id=_TEXT,
    id=_TEXT,
    lifetime=_DURATION,
    frame_locked=_FLAG,
    metadata=_list(_PRIMITIVE),
    cubes=_list(_PRIMITIVE),
    lines=_list(_PRIMITIVE),
    texts=_list(_PRIMITIVE),
)
_DELETION = _object("foxglove.SceneEntityDeletion", timestamp=_TIME, type=_WHOLE, id=_TEXT)
SCENE_SCHEMA = _object("foxglove.SceneUpdate", deletions=_list(_DELETION), entities=_list(_ENTITY))
TRANSFORMS_SCHEMA = _object(
    "foxglove.FrameTransforms",
    transforms=_list(
        _object(
            "foxglove.FrameTransform",
            timestamp=_TIME,
            parent_frame_id=_TEXT,
            child_frame_id=_TEXT,
            translation=_VECTOR,
            rotation=_QUATERNION,
        )
    ),
)
SCAN_SCHEMA = _object(
    "foxglove.LaserScan",
    timestamp=_TIME,
    frame_id=_TEXT,
    pose=_POSE,
    start_angle=_NUMBER,
    end_angle=_NUMBER,
    ranges=_list(_NUMBER),
    intensities=_list(_NUMBER),
)
