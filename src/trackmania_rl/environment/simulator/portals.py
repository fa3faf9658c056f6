"""The lines across the road that LIDAR beams fly through, chosen among the ribbon's nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.simulator.ribbon import Node, Ribbon
from trackmania_rl.environment.tracks.track import Track

TOLERANCE = 0.03
"""The beams see borders of straight pieces that miss the track's own border by no more than this [m]."""
ROWS = 32
"""Portals that are brought into the car's plane together."""
GROUP = 4
"""Portals that a fan passes before it is asked whether any beam still flies."""


@dataclass(frozen=True)
class Portals:
    """The lines across the road that a beam flies through, and the borders between them.

    Attributes:
        table: Rows x, y, z of the left ends and of the right ends as met when driving forwards, then the
            same as met when driving backwards, (12, columns) [m]. A circuit is laid out three times, so
            that no walk of one lap meets the end of the table; an open road's ends are repeated.
        lead: Column of the first portal, in either direction.
        count: Segments between portals.
        of_segment: The segment between portals in which each segment of the ribbon lies.
    """

    table: NDArray[np.float32]
    lead: int
    count: int
    of_segment: NDArray[np.int32]


def portals(track: Track, ribbon: Ribbon) -> Portals:
    """Choose portals among the ribbon's nodes, as few as the tolerance allows."""
    last = [0] if track.closed else []
    order = np.array([*range(len(track.position)), *last])
    centre, left = track.position[order], track.left[order]
    border = np.stack(
        [
            centre + left * track.half_width_left[order, None],
            centre - left * track.half_width_right[order, None],
        ],
        axis=1,
    )
    arc = np.append(track.arc, track.centreline_length) if track.closed else track.arc
    places = np.searchsorted(arc, ribbon.nodes[:, Node.ARC].astype(np.float64) - 1e-3)
    keep = [0]
    while keep[-1] < ribbon.segments:
        begin = keep[-1]
        end = begin + 1
        while end < ribbon.segments and _straight(border[places[begin] : places[end + 1] + 1]):
            end += 1
        keep.append(end)
    count = len(keep) - 1
    pad = ROWS + GROUP
    if track.closed:
        forwards = np.arange(-count - pad, 2 * count + pad) % count
    else:
        forwards = np.clip(np.arange(-pad, count + pad), 0, count)
    lead = pad + (count if track.closed else 0)
    backwards = (count - forwards) % count if track.closed else count - forwards
    ends = np.stack([ribbon.left[keep], ribbon.right[keep]])
    table = np.concatenate([ends[0, forwards], ends[1, forwards], ends[1, backwards], ends[0, backwards]])
    return Portals(
        table=np.concatenate([*table.reshape(4, -1, 3).transpose(0, 2, 1)]).astype(np.float32),
        lead=lead,
        count=count,
        of_segment=(np.searchsorted(keep, np.arange(ribbon.segments), side="right") - 1).astype(np.int32),
    )


def _straight(border: NDArray[np.float64]) -> bool:
    """Whether pieces of both borders, (points, 2, 3), keep within the tolerance of their chords."""
    chord = border[-1] - border[0]
    inner = border[1:-1] - border[0]
    share = np.sum(inner * chord, axis=-1) / (np.sum(chord * chord, axis=-1) + 1e-12)
    return bool(np.linalg.norm(inner - share[..., None] * chord, axis=-1).max() <= TOLERANCE)
