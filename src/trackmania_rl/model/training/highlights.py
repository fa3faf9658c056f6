"""Moments of a training worth seeing again: a table beside the run's curves, each with its replay."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from trackmania_rl.model.runs.metrics import FILE
from trackmania_rl.model.training.evaluation import Drive
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Highlight, HighlightKind

MARGIN = 0.02
"""Share by which a drive must beat the last highlight of its kind, so that not every evaluation makes one
(guess); the best lap needs none."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS highlights (
    kind TEXT NOT NULL,
    step INTEGER NOT NULL,  -- environment steps, over all worlds
    seconds REAL NOT NULL,  -- of training
    track TEXT NOT NULL,
    value REAL NOT NULL,    -- protocol.messages.Highlight says of what
    sentence TEXT NOT NULL,
    replay TEXT
)
"""
NAME = 36
"""Letters of a run's name in the names of its replays, which have room for 64; its end tells the seed."""
CRASHES = ("off_road", "stuck")


class Highlights:
    """Watches a run's evaluations for highlights, and keeps them.

    Args:
        folder: The run's.
        name: Who drives, for the replays.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._run = folder.name
        self._database = sqlite3.connect(folder / FILE)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(SCHEMA)
        self._before: float | None = None  # mean completion of the evaluation before

    def forget_after(self, step: int) -> None:
        """Drop what was written after a step: the run goes on from its checkpoint there."""
        with self._database:
            self._database.execute("DELETE FROM highlights WHERE step > ?", (step,))

    def look(
        self, drives: Sequence[Drive], envs: Any, tracks: Sequence[str], step: int, seconds: float
    ) -> list[Highlight]:
        """Keep what is a highlight among the drives of an evaluation.

        Args:
            drives: The evaluation's.
            envs: Its worlds; those that can `record` an episode make its replay.
            tracks: Track of each world.
            step: Environment steps of the run so far.
            seconds: Wall-clock of the run so far [s].
        """
        found = []
        for kind, drive, value, sentence in self._candidates(drives):
            found.append(
                Highlight(
                    kind=kind,
                    step=step,
                    seconds=seconds,
                    track=tracks[drive.world],
                    value=value,
                    sentence=sentence,
                    replay=self._record(getattr(envs, "record", None), drive, kind),
                )
            )
        with self._database:
            superseded = [(highlight.kind,) for highlight in found]
            self._database.executemany("UPDATE highlights SET replay = NULL WHERE kind = ?", superseded)
            rows = [msgspec.structs.astuple(highlight) for highlight in found]
            self._database.executemany("INSERT INTO highlights VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return found

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _record(
        self, keep: Callable[[int, Any, str, str], str | None] | None, drive: Drive, kind: HighlightKind
    ) -> str | None:
        """Id of a drive's replay, which replaces the one that the run had of this kind.

        A replay that cannot be kept never stops a training.
        """
        if keep is None or drive.tape is None:
            return None
        replay = f"{self._run[-NAME:].lstrip('-_.:')}-{kind}"
        try:
            return keep(drive.world, drive.tape, self._name, replay)
        except InputError as error:
            logging.getLogger(__name__).warning("no replay of an episode: %s", error)
            return None

    def _candidates(self, drives: Sequence[Drive]) -> list[tuple[HighlightKind, Drive, float, str]]:
        """Kind, drive, value and sentence of the drives that beat what is kept."""
        if not drives:
            return []
        told = [drive for drive in drives if drive.completion is not None]
        if not told:
            best = max(drives, key=lambda drive: drive.reward)
            if not self._beaten("best_return", best.reward):
                return []
            return [("best_return", best, best.reward, f"Best return so far: {best.reward:.1f}.")]
        laps = [drive for drive in told if drive.lap_time is not None]
        return [*self._laps(laps), *self._progress(told), *self._crashes(told)]

    def _laps(self, laps: Sequence[Drive]) -> list[tuple[HighlightKind, Drive, float, str]]:
        if not laps:
            return []
        fastest = min(laps, key=lambda drive: drive.lap_time or np.inf)
        lap = fastest.lap_time or np.inf
        known = self._newest("best_lap")
        if known is None:
            return [
                ("first_finish", fastest, lap, f"First finish, in {lap:.3f} s."),
                ("best_lap", fastest, lap, f"Best lap so far: {lap:.3f} s."),
            ]
        if lap >= known:
            return []
        gain = known - lap
        found: list[tuple[HighlightKind, Drive, float, str]] = [
            ("best_lap", fastest, lap, f"Best lap so far: {lap:.3f} s, {gain:.3f} s faster than before.")
        ]
        if self._beaten("lap_gain", gain):
            sentence = f"Largest gain at once: {gain:.3f} s, from {known:.3f} s to {lap:.3f} s."
            found.append(("lap_gain", fastest, gain, sentence))
        return found

    def _progress(self, told: Sequence[Drive]) -> list[tuple[HighlightKind, Drive, float, str]]:
        found: list[tuple[HighlightKind, Drive, float, str]] = []
        furthest = max(told, key=lambda drive: drive.completion or 0.0)
        share = furthest.completion or 0.0
        if share < 1.0 and self._newest("best_lap") is None and self._beaten("furthest", share):
            found.append(("furthest", furthest, share, f"Furthest drive so far: {share:.0%} of the track."))
        mean = float(np.mean([drive.completion or 0.0 for drive in told]))
        if self._before is not None and self._beaten("biggest_improvement", mean - self._before):
            sentence = f"From {self._before:.0%} to {mean:.0%} of the track between two evaluations."
            found.append(("biggest_improvement", furthest, mean - self._before, sentence))
        self._before = mean
        return found

    def _crashes(self, told: Sequence[Drive]) -> list[tuple[HighlightKind, Drive, float, str]]:
        crashed = [drive for drive in told if drive.cause in CRASHES and drive.speed is not None]
        if not crashed:
            return []
        worst = max(crashed, key=lambda drive: drive.speed or 0.0)
        speed = worst.speed or 0.0
        if not self._beaten("worst_crash", speed):
            return []
        how = "left the road" if worst.cause == "off_road" else "got stuck"
        sentence = (
            f"Fastest drive that went wrong: {how} after {worst.completion or 0.0:.0%} of the track, "
            f"at {3.6 * speed:.0f} km/h on average."
        )
        return [("worst_crash", worst, speed, sentence)]

    def _newest(self, kind: HighlightKind) -> float | None:
        row = self._database.execute(
            "SELECT value FROM highlights WHERE kind = ? ORDER BY rowid DESC LIMIT 1", (kind,)
        ).fetchone()
        return None if row is None else float(row[0])

    def _beaten(self, kind: HighlightKind, value: float) -> bool:
        """Whether a value is more than the last highlight's, with a margin; the first must be above 0."""
        known = self._newest(kind)
        if known is None:
            return value > 0.0 or kind == "best_return"
        return value > known + MARGIN * abs(known)


def read_highlights(folder: Path, every: bool = False) -> list[Highlight]:
    """Highlights of the run in `folder`: the newest of each kind, or every one, oldest first."""
    if not (folder / FILE).exists():
        return []
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'highlights'").fetchone():
            return []
        rows = database.execute("SELECT * FROM highlights ORDER BY rowid").fetchall()
    names = [field.name for field in msgspec.structs.fields(Highlight)]
    found = [Highlight(**dict(zip(names, row, strict=True))) for row in rows]
    if every:
        return found
    newest = {highlight.kind: highlight for highlight in found}
    return [newest[kind] for kind in get_args(HighlightKind) if kind in newest]
