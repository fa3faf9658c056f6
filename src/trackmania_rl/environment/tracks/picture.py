"""A picture of a track: the road from above, coloured by height, and its height profile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trackmania_rl.environment.tracks.track import Surface, Track
from trackmania_rl.protocol.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

FORMATS = (".png", ".svg")
INK = "#1d2733"
PAPER = "#f4f1ea"
FAINT = "#8a93a0"
START = "#1f9d55"
FINISH = "#d7263d"
CHECKPOINT = "#2b6cb0"
BOOSTER = "#f5b700"
HEIGHTS = "viridis"
"""Colour map of the road's height."""


SHEET_HEIGHT = 40.0
"""Height that the colours of a sheet span from the lowest road [m]."""


def draw(track: Track, path: Path) -> None:
    """Write a picture of the track as PNG or SVG, by the path's suffix.

    The picture is seen from above with the driver's left on the left: +z is up, +x is left.

    Raises:
        InputError: The suffix names another format, or the folder does not exist.
    """
    _check_path(path)
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    outline = _outline(track)
    width, height = np.ptp(outline, axis=0) + 60.0
    scale = min(11.0 / width, 8.0 / height)
    figure = Figure(
        figsize=(max(width * scale, 6.0) + 0.8, max(height * scale, 2.5) + 3.0), facecolor=PAPER, dpi=110
    )
    grid = figure.add_gridspec(
        2, 1, height_ratios=(max(height * scale, 2.5), 1.3), left=0.07, right=0.97, top=0.9, bottom=0.1,
        hspace=0.16,
    )  # fmt: skip
    heights = track.position[:, 1]
    middle = float(heights.min() + heights.max()) / 2
    reach = max(float(np.ptp(heights)) / 2, 4.0)
    colours = Normalize(middle - reach, middle + reach)
    _plan(figure.add_subplot(grid[0]), track, colours)
    _profile(figure.add_subplot(grid[1]), track, colours)
    facts = f"{track.length:,.0f} m, {'one lap' if track.closed else 'start to finish'}"
    facts += f", climbs {np.ptp(heights):.0f} m" if np.ptp(heights) > 0.5 else ", level"
    facts += f", checkpoints: {len(track.checkpoints)}" if track.checkpoints else ""
    facts += f", author {track.author_time:.3f} s" if track.author_time else ""
    figure.text(0.07, 0.955, track.name, fontsize=17, weight="bold", color=INK, va="center")
    figure.text(0.97, 0.955, facts, fontsize=10, color=INK, va="center", ha="right")
    figure.savefig(path, facecolor=PAPER)


def _check_path(path: Path) -> None:
    """Refuse a file that cannot be drawn."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"cannot draw a «{path.suffix or path.name}», expected a file ending in .png or .svg"
        )
    if not path.parent.is_dir():
        raise InputError(f"no folder {path.parent} to write {path.name} into; create it first")


def sheet(tracks: Sequence[Track], path: Path) -> None:
    """Write a picture of several tracks seen from above, four in a row, each in a scale of its own.

    Raises:
        InputError: The suffix names another format than PNG or SVG, or the folder does not exist.
    """
    _check_path(path)
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    columns = min(len(tracks), 4)
    rows = math.ceil(len(tracks) / columns)
    figure = Figure(figsize=(3.2 * columns, 3.5 * rows), facecolor=PAPER, dpi=100)
    grid = figure.add_gridspec(rows, columns, left=0.02, right=0.98, top=0.97, bottom=0.02, hspace=0.12)
    for place, track in enumerate(tracks):
        axes = figure.add_subplot(grid[place // columns, place % columns])
        low = float(track.position[:, 1].min())
        _plan(axes, track, Normalize(low, low + SHEET_HEIGHT))
        kind = "lap" if track.closed else "sprint"
        axes.set_title(f"{track.name}: {track.length:,.0f} m, {kind}", fontsize=9, color=INK)
    figure.savefig(path, facecolor=PAPER)


def _edges(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Left and right edge of the road seen from above: columns right of picture, up of picture [m]."""
    left = track.position + track.left * track.half_width_left[:, None]
    right = track.position - track.left * track.half_width_right[:, None]
    rows = [*range(len(left)), 0] if track.closed else [*range(len(left))]
    return left[rows][:, [0, 2]] * (-1, 1), right[rows][:, [0, 2]] * (-1, 1)


def _outline(track: Track) -> np.ndarray:
    """Points of both edges."""
    return np.concatenate(_edges(track))


def _plan(axes: Axes, track: Track, colours: Normalize) -> None:
    """Draw the road from above."""
    from matplotlib import colormaps
    from matplotlib.collections import PolyCollection

    left, right = _edges(track)
    quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1)
    road = track.surface[: len(quads)] != Surface.NONE
    quads, heights = quads[road], track.position[: len(road), 1][road]
    order = np.argsort(heights, kind="stable")
    shades = colormaps[HEIGHTS](colours(heights))
    axes.add_collection(
        PolyCollection(list(quads), facecolors="none", edgecolors=INK, linewidths=2.4, zorder=1)
    )
    axes.add_collection(
        PolyCollection(list(quads[order]), facecolors=shades[order], edgecolors=shades[order], linewidths=0.4,
                       zorder=2)
    )  # fmt: skip
    for pad in track.boosters:
        inside = ((track.arc[: len(road)] >= pad.begin) & (track.arc[: len(road)] <= pad.end))[road]
        axes.add_collection(PolyCollection(list(quads[inside]), facecolors=BOOSTER, zorder=3))
    for arc in track.checkpoints:
        _gate(axes, track, arc, CHECKPOINT)
    if not track.closed:
        _gate(axes, track, track.finish, FINISH)
    _gate(axes, track, track.start, START)
    _arrow(axes, track)
    _scale_bar(axes, left, right)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.margins(0.04)
    axes.axis("off")


def _node(track: Track, arc: float) -> int:
    """Index of the node nearest to an arc length."""
    return int(np.argmin(np.abs(track.arc - arc % track.centreline_length)))


def _gate(axes: Axes, track: Track, arc: float, colour: str) -> None:
    """Draw a line across the road, a little wider than it."""
    k = _node(track, arc)
    reach = np.array([track.half_width_left[k] + 6.0, -track.half_width_right[k] - 6.0])
    ends = track.position[k] + reach[:, None] * track.left[k]
    axes.plot(-ends[:, 0], ends[:, 2], color=PAPER, linewidth=5.5, solid_capstyle="butt", zorder=4)
    axes.plot(-ends[:, 0], ends[:, 2], color=colour, linewidth=3.5, solid_capstyle="butt", zorder=5)


def _arrow(axes: Axes, track: Track) -> None:
    """Point in the driving direction behind the start."""
    a, b = (track.position[_node(track, track.start + ahead)] for ahead in (12.0, 60.0))
    axes.annotate(
        "", (-b[0], b[2]), (-a[0], a[2]), zorder=6,
        arrowprops={"arrowstyle": "-|>", "color": "white", "linewidth": 2.2, "mutation_scale": 16},
    )  # fmt: skip


def _scale_bar(axes: Axes, left: np.ndarray, right: np.ndarray) -> None:
    """Draw a bar of a round length below the road."""
    low = np.minimum(left.min(axis=0), right.min(axis=0))
    high = np.maximum(left.max(axis=0), right.max(axis=0))
    width = float(max(high - low))
    wish = max(width / 6, 10.0)
    power = 10 ** math.floor(math.log10(wish))
    length = max(step * power for step in (1, 2, 5) if step * power <= wish)
    y = float(low[1]) - 0.06 * width
    axes.plot([low[0], low[0] + length], [y, y], color=INK, linewidth=3, solid_capstyle="butt")
    axes.text(low[0] + length / 2, y - 0.012 * width, f"{length:g} m", color=INK, ha="center", va="top")


def _profile(axes: Axes, track: Track, colours: Normalize) -> None:
    """Draw height over distance."""
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection

    heights = track.position[:, 1]
    points = np.stack([track.arc, heights], axis=1)
    lines = np.stack([points[:-1], points[1:]], axis=1)
    road = track.surface[:-1] != Surface.NONE
    low, high = float(colours.vmin or 0.0), float(colours.vmax or 0.0)
    axes.fill_between(track.arc, heights, low, color=FAINT, alpha=0.18, linewidth=0)
    axes.add_collection(
        LineCollection(
            list(lines[road]), colors=colormaps[HEIGHTS](colours(heights[:-1][road])), linewidths=2.6
        )
    )
    marks = [(track.start, START, "start")]
    marks += [] if track.closed else [(track.finish, FINISH, "finish")]
    marks += [(arc, CHECKPOINT, "") for arc in track.checkpoints]
    for arc, colour, word in marks:
        axes.axvline(arc, color=colour, linewidth=1.6)
        axes.text(
            arc, 1.03, word, color=colour, fontsize=8, ha="center", transform=axes.get_xaxis_transform()
        )
    for pad in track.boosters:
        axes.axvspan(pad.begin, pad.end, color=BOOSTER, alpha=0.7, linewidth=0)
    axes.set_xlim(0.0, track.centreline_length)
    axes.set_ylim(low, high + 2.0)
    axes.set_xlabel("distance along the centre-line [m]", color=INK, fontsize=9)
    axes.set_ylabel("height [m]", color=INK, fontsize=9)
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
