"""The ground that recorded drives stood on: an endless plane, or ribbons laid under the wheels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trackmania_rl.environment.calibration.recording import PERIOD, SURFACES, Doubles, Recording
from trackmania_rl.environment.tracks.track import Booster, Border, Surface, Track

LEAN = 5.2e-4
"""Roll of the car out of a curve per lateral acceleration [rad/(m/s2)] [measured: 2.1 degrees at 70]."""
FLIGHT = 3
"""Fewer samples without ground than these are a bump, under which the road goes on."""
PIT = 30.0
"""The ribbon passes so far under a flight [m]."""
HALF_WIDTH = 60.0
SETTLED = 4
"""So many samples after the first contact the car rolls along the road that it landed on."""
EXTENSION = 40.0
"""The ribbon goes on straight beyond both ends of a drive [m]."""
STILL = 0.2
"""Samples nearer to each other than this are one node [m]."""


def plane() -> Track:
    """A flat, endless sheet of asphalt."""
    z = np.array([0.0, 20000.0])
    position = np.stack([np.zeros(2), np.zeros(2), z], axis=1)
    axes = np.tile(np.eye(3)[:, None], (1, 2, 1))
    return _track(position, axes[2], axes[0], axes[1], np.zeros(2), 10000.0, ())


def ribbons(recordings: Sequence[Recording]) -> tuple[Track, list[Doubles]]:
    """The grounds of several drives, one after the other in a single track.

    The road passes through the recorded origins; its left axis is the car's, less the lean of the body in
    curves. Under a flight it lies deep below; where the flight ends it begins at the recorded landing.

    Returns:
        The track, and for each recording the arc length of each sample [m].
    """
    parts: list[tuple[Doubles, Doubles, Doubles, Doubles]] = []
    arcs, boosters, begin = [], [], 0.0
    for recording in recordings:
        position, tangent, left, surface, sample_arc = _ribbon(recording)
        length = float(np.linalg.norm(np.diff(position, axis=0), axis=1).sum())
        arcs.append(begin + sample_arc)
        boosters += _boosters(recording, arcs[-1])
        parts.append((position, tangent, left, surface))
        following = recordings[len(arcs)] if len(arcs) < len(recordings) else None
        if following is not None:
            gap = _ribbon(following)[0][0] - position[-1]
            begin += length + float(np.linalg.norm(gap))
    position, tangent, left, surface = (np.concatenate(column) for column in zip(*parts, strict=True))
    up = np.cross(tangent, left)
    return _track(position, tangent, left, up, surface, float(arcs[0][0]), tuple(boosters)), arcs


def lateral_acceleration(recording: Recording) -> Doubles:
    """How strongly the path bends to the car's left [m/s2], (n,)."""
    velocity = np.gradient(recording.position, PERIOD, axis=0)
    return np.asarray((np.gradient(velocity, PERIOD, axis=0) * recording.left).sum(axis=1))


def flights(recording: Recording) -> list[tuple[int, int]]:
    """First sample of each flight, and first sample after it."""
    air = np.concatenate([[0], recording.grounded == 0, [0]]).astype(int)
    edges = np.diff(air)
    pairs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [(int(a), int(b)) for a, b in pairs if b - a > FLIGHT]


def _ribbon(recording: Recording) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
    """Nodes (position, tangent, left, surface) under a drive, and the arc length of each sample [m]."""
    moved = np.linalg.norm(np.diff(recording.position, axis=0), axis=1)
    keep = np.flatnonzero(np.concatenate([[True], moved > STILL]))
    position = recording.position[keep]
    tangent = _unit(np.gradient(position, axis=0))
    acceleration = np.clip(lateral_acceleration(recording), -100.0, 100.0)[keep]
    roll = LEAN * acceleration * (recording.grounded[keep] > 0)
    left = recording.left[keep] * np.cos(roll)[:, None] + recording.up[keep] * np.sin(roll)[:, None]
    for _ in range(2):  # a car trembles, a road does not
        left[1:-1] = (left[:-2] + 2 * left[1:-1] + left[2:]) / 4
    left = _unit(left - tangent * (left * tangent).sum(axis=1, keepdims=True))
    up = np.cross(tangent, left)
    surface = np.array([float(SURFACES.get(str(name), Surface.ASPHALT)) for name in recording.material[keep]])
    low = position.copy()
    for first, after in flights(recording):
        landing = int(np.searchsorted(keep, after))
        if landing + SETTLED < len(keep):
            # The road that is landed on begins before the first sample on it, at which the fall is over.
            way = _unit(position[landing + SETTLED, None] - position[landing, None])[0]
            reach = np.linalg.norm(position[landing] - position[landing - 1])
            low[landing - 1] = position[landing] - way * reach
            tangent[landing - 1 : landing + 1] = way
            left[landing - 1] = left[landing]
            after -= 1
        under = (keep >= first) & (keep < after)
        low[under] -= PIT * up[under]
    ends = np.array([-EXTENSION, EXTENSION])[:, None] * tangent[[0, -1]]
    low = np.concatenate([low[:1] + ends[:1], low, low[-1:] + ends[1:]])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(low, axis=0), axis=1))])[1:-1]
    nearest = np.searchsorted(keep, np.arange(len(recording)), side="right") - 1
    padded = (np.concatenate([a[:1], a, a[-1:]]) for a in (tangent, left, surface))
    tangent, left, surface = padded
    return low, tangent, left, surface, arc[nearest]


def _boosters(recording: Recording, arc: Doubles) -> list[Booster]:
    """Turbo pads: from the first sample with a turbo to the last at which its time has not begun to run."""
    pushing = np.concatenate([[0], recording.turbo > 0, [0]]).astype(int)
    edges = np.diff(pushing)
    found = []
    for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        on_pad = np.flatnonzero(recording.turbo[first:after] >= 0.25)
        last = first + (int(on_pad[-1]) if len(on_pad) else 0)
        reach = 0.5 * PERIOD * recording.speed[first]
        found.append(Booster(float(arc[first] - reach), float(max(arc[last], arc[first] - reach + 1.0))))
    return found


def _track(
    position: Doubles,
    tangent: Doubles,
    left: Doubles,
    up: Doubles,
    surface: Doubles,
    start: float,
    boosters: tuple[Booster, ...],
) -> Track:
    count = len(position)
    width = np.full(count, HALF_WIDTH if boosters or count > 2 else 10000.0, np.float32)
    border = np.full(count, Border.OPEN, np.uint8)
    track = Track(
        id="calibration",
        name="Calibration",
        closed=False,
        position=position.astype(np.float32),
        tangent=tangent.astype(np.float32),
        left=left.astype(np.float32),
        up=up.astype(np.float32),
        half_width_left=width,
        half_width_right=width,
        surface=surface.astype(np.uint8),
        border_left=border,
        border_right=border,
        start=start,
        finish=1.0e9,
        boosters=boosters,
    )
    return track


def _unit(vectors: Doubles) -> Doubles:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
