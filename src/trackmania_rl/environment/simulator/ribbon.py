"""The track as the kernels read it: rows of numbers per node, and the road under one car."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import warp as wp
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.maths import bound, flag, most
from trackmania_rl.environment.tracks.track import Track

Floats = NDArray[np.float32]

THINNING_TOLERANCE = 0.01
"""Nodes are left out where straight lines between the others miss none by more [m, and 1 in unit vectors]."""
THINNING_SPAN = 16.0
"""Longest segment that thinning makes [m]."""


class Node(IntEnum):
    """Columns of a node: its own frame, and what holds on the segment from it to the next one."""

    PX = 0  # centre-line [m]
    PY = 1
    PZ = 2
    WIDTH_LEFT = 3  # from the centre-line to the border [m]
    TX = 4  # tangent
    TY = 5
    TZ = 6
    WIDTH_RIGHT = 7
    LX = 8  # left
    LY = 9
    LZ = 10
    ARC = 11  # arc length at the node [m]
    UX = 12  # up
    UY = 13
    UZ = 14
    LENGTH = 15  # of the segment [m]
    SURFACE = 16
    BORDER_LEFT = 17
    BORDER_RIGHT = 18
    BOOST_BEGIN = 19  # arc length of a turbo pad on the segment [m]
    BOOST_END = 20
    BOOST_FACTOR = 21


COLUMNS = 24
"""Numbers per node, padded."""
FRAME = 16
"""Leading columns that describe the node itself; the rest describes the segment."""


@dataclass(frozen=True)
class Ribbon:
    """A track packed for the kernels.

    Attributes:
        nodes: Columns as in Node; a circuit's first node is repeated at the end, (n + 1, COLUMNS).
        left: Left border at each node [m], (n + 1, 3).
        right: Right border at each node [m], (n + 1, 3).
        closed: True for a circuit.
        length: Length of the whole centre-line [m].
    """

    nodes: Floats
    left: Floats
    right: Floats
    closed: bool
    length: float

    @property
    def segments(self) -> int:
        """Number of segments."""
        return len(self.nodes) - 1


def pack(track: Track) -> Ribbon:
    """Pack a track, leaving out nodes that straight lines between the others replace."""
    count = len(track.position)
    last = [0] if track.closed else []
    order = np.array([*range(count), *last])
    rows = np.zeros((len(order), COLUMNS), np.float32)
    rows[:, Node.PX : Node.PZ + 1] = track.position[order]
    rows[:, Node.WIDTH_LEFT] = track.half_width_left[order]
    rows[:, Node.TX : Node.TZ + 1] = track.tangent[order]
    rows[:, Node.WIDTH_RIGHT] = track.half_width_right[order]
    rows[:, Node.LX : Node.LZ + 1] = track.left[order]
    rows[:, Node.ARC] = track.arc[order]
    if track.closed:
        rows[-1, Node.ARC] = track.centreline_length
    rows[:, Node.UX : Node.UZ + 1] = track.up[order]
    rows[:, Node.SURFACE] = track.surface[order]
    rows[:, Node.BORDER_LEFT] = track.border_left[order]
    rows[:, Node.BORDER_RIGHT] = track.border_right[order]
    arc = rows[:, Node.ARC]
    for booster in track.boosters:
        inside = (arc[:-1] < booster.end) & (arc[1:] > booster.begin)
        rows[:-1][inside, Node.BOOST_BEGIN] = booster.begin
        rows[:-1][inside, Node.BOOST_END] = booster.end
        rows[:-1][inside, Node.BOOST_FACTOR] = booster.factor
    rows = rows[_essential(rows)]
    rows[:-1, Node.LENGTH] = np.diff(rows[:, Node.ARC])
    rows[-1, Node.LENGTH] = 1.0
    position, left = rows[:, Node.PX : Node.PZ + 1], rows[:, Node.LX : Node.LZ + 1]
    return Ribbon(
        nodes=rows,
        left=position + left * rows[:, Node.WIDTH_LEFT, None],
        right=position - left * rows[:, Node.WIDTH_RIGHT, None],
        closed=track.closed,
        length=track.centreline_length,
    )


def _essential(rows: Floats) -> NDArray[np.intp]:
    """Indices of the nodes to keep: a greedy walk that takes the longest segments within the tolerance."""
    frame = np.delete(rows[:, :FRAME], [Node.LENGTH, Node.ARC], axis=1).astype(np.float64)
    arc = rows[:, Node.ARC].astype(np.float64)
    kinds = rows[:, FRAME:]
    keep = [0]
    while keep[-1] < len(rows) - 1:
        begin = keep[-1]
        end = begin + 1
        while (
            end + 1 < len(rows)
            and arc[end + 1] - arc[begin] <= THINNING_SPAN
            and np.array_equal(kinds[end], kinds[begin])
        ):
            share = (arc[begin + 1 : end + 1] - arc[begin]) / (arc[end + 1] - arc[begin])
            line = frame[begin] + share[:, None] * (frame[end + 1] - frame[begin])
            if np.abs(line - frame[begin + 1 : end + 1]).max() > THINNING_TOLERANCE:
                break
            end += 1
        keep.append(end)
    return np.array(keep)


@wp.struct
class Patch:
    """The two nodes of the segment under a car."""

    position: wp.vec3
    width_left: float
    tangent: wp.vec3
    width_right: float
    left: wp.vec3
    arc: float
    up: wp.vec3
    length: float
    surface: float
    border_left: float
    border_right: float
    boost_begin: float
    boost_end: float
    boost_factor: float
    next_position: wp.vec3
    next_width_left: float
    next_tangent: wp.vec3
    next_width_right: float
    next_left: wp.vec3
    next_up: wp.vec3


PATCH_ROWS = COLUMNS + FRAME
"""Numbers that a patch takes in a scratch array."""


Ground = wp.types.vector(PATCH_ROWS, float)
"""The columns of a segment's first node, then the frame of its second."""


@wp.func
def patch_of(ground: Ground) -> Patch:
    """The patch in a row of numbers."""
    patch = Patch()
    patch.position = wp.vec3(ground[Node.PX], ground[Node.PY], ground[Node.PZ])
    patch.width_left = ground[Node.WIDTH_LEFT]
    patch.tangent = wp.vec3(ground[Node.TX], ground[Node.TY], ground[Node.TZ])
    patch.width_right = ground[Node.WIDTH_RIGHT]
    patch.left = wp.vec3(ground[Node.LX], ground[Node.LY], ground[Node.LZ])
    patch.arc = ground[Node.ARC]
    patch.up = wp.vec3(ground[Node.UX], ground[Node.UY], ground[Node.UZ])
    patch.length = ground[Node.LENGTH]
    patch.surface = ground[Node.SURFACE]
    patch.border_left = ground[Node.BORDER_LEFT]
    patch.border_right = ground[Node.BORDER_RIGHT]
    patch.boost_begin = ground[Node.BOOST_BEGIN]
    patch.boost_end = ground[Node.BOOST_END]
    patch.boost_factor = ground[Node.BOOST_FACTOR]
    patch.next_position = wp.vec3(
        ground[COLUMNS + Node.PX], ground[COLUMNS + Node.PY], ground[COLUMNS + Node.PZ]
    )
    patch.next_width_left = ground[COLUMNS + Node.WIDTH_LEFT]
    patch.next_tangent = wp.vec3(
        ground[COLUMNS + Node.TX], ground[COLUMNS + Node.TY], ground[COLUMNS + Node.TZ]
    )
    patch.next_width_right = ground[COLUMNS + Node.WIDTH_RIGHT]
    patch.next_left = wp.vec3(ground[COLUMNS + Node.LX], ground[COLUMNS + Node.LY], ground[COLUMNS + Node.LZ])
    patch.next_up = wp.vec3(ground[COLUMNS + Node.UX], ground[COLUMNS + Node.UY], ground[COLUMNS + Node.UZ])
    return patch


@wp.struct
class Road:
    """The road under a car: a frame at the foot of the car, and how it bends along the tangent."""

    offset: wp.vec3
    """From the foot on the centre-line to the car [m], world."""
    tangent: wp.vec3
    left: wp.vec3
    up: wp.vec3
    left_bend: wp.vec3
    """Change of `left` per metre along the tangent [1/m]."""
    up_bend: wp.vec3
    curve_left: float
    """Half the curvature of the centre-line towards the left [1/m]."""
    curve_up: float
    width_left: float
    width_right: float
    arc: float
    surface: float
    border_left: float
    border_right: float


@wp.func
def road_at(patch: Patch, position: wp.vec3) -> Road:
    """The road at the foot of a point; the portals through the nodes are normal to their tangents."""
    behind = wp.dot(position - patch.position, patch.tangent)
    ahead = wp.dot(patch.next_position - position, patch.next_tangent)
    total = behind + ahead
    share = bound(behind / wp.where(total > 1.0e-3, total, 1.0e-3), 0.0, 1.0)
    road = Road()
    foot = patch.position + (patch.next_position - patch.position) * share
    road.offset = position - foot
    road.tangent = patch.tangent + (patch.next_tangent - patch.tangent) * share
    road.left = patch.left + (patch.next_left - patch.left) * share
    road.up = patch.up + (patch.next_up - patch.up) * share
    road.left_bend = (patch.next_left - patch.left) * (1.0 / patch.length)
    road.up_bend = (patch.next_up - patch.up) * (1.0 / patch.length)
    road.curve_left = -0.5 * wp.dot(road.left_bend, road.tangent)
    road.curve_up = -0.5 * wp.dot(road.up_bend, road.tangent)
    road.width_left = patch.width_left + (patch.next_width_left - patch.width_left) * share
    road.width_right = patch.width_right + (patch.next_width_right - patch.width_right) * share
    road.arc = patch.arc + patch.length * share
    road.surface = patch.surface
    road.border_left = patch.border_left
    road.border_right = patch.border_right
    return road


@wp.func
def departed(patch: Patch, position: wp.vec3) -> float:
    """1 where a point no longer lies between the portals of a patch, as in segment_step."""
    behind = wp.dot(position - patch.position, patch.tangent)
    ahead = wp.dot(patch.next_position - position, patch.next_tangent)
    return most(flag(behind < 0.0), flag(ahead < 0.0))


@wp.func
def node_vector(nodes: wp.array(dtype=float), node: int, column: int) -> wp.vec3:
    """Three neighbouring columns of a node."""
    k = node * COLUMNS + column
    return wp.vec3(nodes[k], nodes[k + 1], nodes[k + 2])


@wp.func
def segment_step(nodes: wp.array(dtype=float), position: wp.vec3, segment: int) -> int:
    """-1, 0 or 1: the way to the segment between whose portals the point lies."""
    behind = wp.dot(
        position - node_vector(nodes, segment, int(Node.PX)), node_vector(nodes, segment, int(Node.TX))
    )
    ahead = wp.dot(
        node_vector(nodes, segment + 1, int(Node.PX)) - position,
        node_vector(nodes, segment + 1, int(Node.TX)),
    )
    return wp.where(behind < 0.0, -1, wp.where(ahead < 0.0, 1, 0))
