"""Compare drives on a track: how far behind at each checkpoint, and where the time was lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.drive import read_drive
from trackmania_rl.environment.replay.reading import Recorded
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS

Doubles = NDArray[np.float64]

PIECE = 100.0
"""Length of the pieces of road for which the lost time is told [m]."""
SPACING = 5.0
"""Distance between the points of a gap's curve [m]."""
PICTURES = (".png", ".svg")
_PROGRESS = POSE_FIELDS.index("progress")


@dataclass(frozen=True, eq=False)
class Line:
    """One car's drive, as it is compared.

    Attributes:
        name: Who drove, and in which replay.
        progress: Distance along the track at each sample [m], (n,).
        finish_time: When it finished [s], or None.
    """

    name: str
    progress: Doubles
    finish_time: float | None

    def reached(self, marks: Doubles) -> Doubles:
        """When the car first came to these distances along the track [s]; NaN where it never did."""
        after = np.searchsorted(np.maximum.accumulate(self.progress), marks)
        known = np.minimum(after, len(self.progress) - 1)
        before = np.maximum(known - 1, 0)
        step = np.maximum(self.progress[known] - self.progress[before], 1e-9)
        share = np.clip((marks - self.progress[before]) / step, 0.0, 1.0)
        return np.where(after < len(self.progress), (before + share) / CONTROL_HZ, np.nan)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Drives beside the first of them.

    Attributes:
        track: Where.
        lines: The drives; the first is the one that the others are compared with.
        marks: Names of the checkpoints (of the quarters, where there are none) and the finish.
        distances: Their distances from the start [m], (marks,).
        times: When each drive came there [s], NaN where it never did, (lines, marks).
        along: Distances from the start [m], (m,).
        gaps: How far each drive is behind there [s], NaN where it never came, (lines, m).
    """

    track: Track
    lines: list[Line]
    marks: list[str]
    distances: Doubles
    times: Doubles
    along: Doubles
    gaps: Doubles

    def lost(self) -> Doubles:
        """Time that each drive lost on each PIECE of road [s], (lines, pieces)."""
        edges = np.append(np.arange(0.0, self.track.length, PIECE), self.track.length)
        at = np.array([np.interp(edges, self.along, gaps) for gaps in self.gaps])
        return np.diff(at, axis=1)

    def report(self) -> dict[str, Any]:
        """Everything as plain values; None where a drive never came."""
        lost = self.lost()

        def value(number: float) -> float | None:
            return None if np.isnan(number) else round(float(number), 3)

        return {
            "track": self.track.id,
            "cars": [
                {
                    "name": line.name,
                    "time_s": None if line.finish_time is None else round(line.finish_time, 3),
                    "marks": [
                        {
                            "mark": mark,
                            "distance_m": round(float(distance), 1),
                            "time_s": value(time),
                            "gap_s": value(time - first),
                        }
                        for mark, distance, time, first in zip(
                            self.marks, self.distances, times, self.times[0], strict=True
                        )
                    ],
                    "lost": [
                        {"from_m": PIECE * k, "lost_s": value(seconds)} for k, seconds in enumerate(pieces)
                    ],
                }
                for line, times, pieces in zip(self.lines, self.times, lost, strict=True)
            ],
        }


def compare(names: list[str], track: Track | None = None, *, in_order: bool = False) -> Comparison:
    """Compare the drives in some replays.

    Args:
        names: Ids of replays, or files: replays, ghosts of the game, tables.
        track: Where they were driven; found by the first replay that names it, if None.
        in_order: Compare with the first drive; otherwise with the fastest.

    Raises:
        InputError: One cannot be read, they are on different tracks, or there is only one drive.
    """
    found = {name: None if _is_drive(name) else archive.load(name) for name in names}
    track = track or _track([recorded for recorded in found.values() if recorded is not None])
    lines: list[Line] = []
    for name, recorded in found.items():
        if recorded is None:
            drive = read_drive(Path(name), track)
            lines.append(Line(drive.name, drive.samples[:, _PROGRESS].astype(np.float64), drive.finish_time))
        elif recorded.about.track_hash != track.hash:
            raise InputError(
                f"{name} was driven on {recorded.about.track}, or on another version of it, expected drives "
                f"on {track.id}",
                field="replay",
            )
        else:
            lines += _lines(recorded)
    if len(lines) < 2:
        raise InputError(f"found {len(lines)} drive in {', '.join(names)}, expected two or more to compare")
    if not in_order:
        lines = _fastest_first(lines)
    mark_names, marks = _marks(track)
    times = np.array([line.reached(marks) for line in lines])
    finishes = [line.finish_time for line in lines]
    times[:, -1] = [np.nan if time is None else time for time in finishes]
    along = np.append(np.arange(0.0, track.length, SPACING), track.length)
    reached = np.array([line.reached(along) for line in lines])
    reached[:, -1] = times[:, -1]
    return Comparison(
        track=track,
        lines=lines,
        marks=mark_names,
        distances=marks,
        times=times,
        along=along,
        gaps=reached - reached[0],
    )


def draw(comparison: Comparison, path: Path) -> None:
    """Write a picture of the gaps along the track, as PNG or SVG by the path's suffix.

    Raises:
        InputError: The suffix names another format, or the folder does not exist.
    """
    if path.suffix.lower() not in PICTURES or not path.parent.is_dir():
        raise InputError(f"cannot draw {path}, expected a .png or .svg in a folder that exists")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.5), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for line, gaps in zip(comparison.lines, comparison.gaps, strict=True):
        axes.plot(comparison.along, gaps, label=line.name, linewidth=1.6)
    for distance in comparison.distances[:-1]:
        axes.axvline(float(distance), color="0.8", linewidth=0.8, zorder=0)
    axes.set_xlim(0.0, comparison.track.length)
    axes.set_xlabel("distance along the track [m]; grey: checkpoints or quarters")
    axes.set_ylabel(f"behind {comparison.lines[0].name} [s]")
    axes.set_title(comparison.track.name, loc="left")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


def _marks(track: Track) -> tuple[list[str], Doubles]:
    """Names and distances of the checkpoints and the finish; quarters where there are no checkpoints."""
    if track.checkpoints:
        names = [f"checkpoint {number + 1}" for number in range(len(track.checkpoints))]
        between = [mark - track.start for mark in track.checkpoints]
    else:
        names = ["1/4", "2/4", "3/4"]
        between = [track.length * quarter / 4 for quarter in (1, 2, 3)]
    return [*names, "finish"], np.array([*between, track.length])


def _is_drive(name: str) -> bool:
    """Whether this is a file of a human drive."""
    path = Path(name)
    return path.is_file() and path.suffix != ".mcap" and not path.name.endswith(".mcap.part")


def _track(replays: list[Recorded]) -> Track:
    """The track that the first replay names."""
    if not replays:
        raise InputError("no replay among these tells the track: name it with --track", field="track")
    return library.load(replays[0].about.track)


def _lines(recorded: Recorded) -> list[Line]:
    """The drives of a replay's cars, the fastest first; ghosts are drives of other replays."""
    lines = []
    for car in recorded.about.cars:
        if not car.ghost and car.agent_id in recorded.poses:
            result = recorded.result(car)
            name = car.name if car.name == car.agent_id else f"{car.name} ({car.agent_id})"
            lines.append(
                Line(
                    name,
                    recorded.poses[car.agent_id][:, _PROGRESS].astype(np.float64),
                    result.time if result.finished else None,
                )
            )
    return _fastest_first(lines)


def _fastest_first(lines: list[Line]) -> list[Line]:
    """The drives by their finish times; those that did not finish last, the one that came further first."""

    def rank(line: Line) -> tuple[float, float]:
        time = np.inf if line.finish_time is None else line.finish_time
        return time, -float(line.progress.max(initial=0.0))

    return sorted(lines, key=rank)
