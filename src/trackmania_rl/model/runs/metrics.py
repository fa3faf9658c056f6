"""Learning curves: one SQLite file per run, written by the learner and read by anybody meanwhile."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Curve

FILE = "metrics.sqlite"

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS scalars (
    step INTEGER NOT NULL,  -- environment steps, over all worlds
    t REAL NOT NULL,        -- seconds of training
    key_id INTEGER NOT NULL REFERENCES keys (id),
    value REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS scalars_by_key ON scalars (key_id, step);
"""

CURVE = """
SELECT step, t, value FROM scalars JOIN keys ON keys.id = key_id WHERE name = ? ORDER BY step, t
"""


class Point(NamedTuple):
    """A value of a curve at an environment step and second of training."""

    key: str
    step: int
    seconds: float
    value: float


class Curves(Protocol):
    """Where the curves of runs are read, whichever store is behind it."""

    def read(self, run: str, keys: Sequence[str] | None = None, points: int = 500) -> list[Curve]:
        """Curves of a run, by name, each in at most `points` buckets; all of them if none is named.

        Raises:
            InputError: There is no such run or curve.
        """


class MetricsWriter:
    """Writes a run's curves. Write-ahead logging: readers never wait, a killed run loses no commit."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / FILE)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(SCHEMA)
        self._keys: dict[str, int] = dict(self._database.execute("SELECT name, id FROM keys"))

    def write(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """Append the values at a step and time of the run, and commit; what is not finite is left out."""
        known = {name: value for name, value in values.items() if math.isfinite(value)}
        with self._database:
            for name in known.keys() - self._keys.keys():
                cursor = self._database.execute("INSERT INTO keys (name) VALUES (?)", (name,))
                self._keys[name] = cursor.lastrowid or 0
            self._database.executemany(
                "INSERT INTO scalars VALUES (?, ?, ?, ?)",
                [(step, seconds, self._keys[name], value) for name, value in known.items()],
            )

    def forget_after(self, step: int) -> None:
        """Drop what was written after a step: the run goes on from its checkpoint there.

        If there was something, the file's version is raised, so that those who have copied it know.
        """
        with self._database:
            if self._database.execute("DELETE FROM scalars WHERE step > ?", (step,)).rowcount:
                (version,) = self._database.execute("PRAGMA user_version").fetchone()
                self._database.execute(f"PRAGMA user_version = {version + 1}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def read_keys(folder: Path) -> list[str]:
    """Names of the curves of the run in `folder`; none if it has written none yet."""
    if not (folder / FILE).exists():
        return []
    with closing(_open(folder)) as database:
        return [name for (name,) in database.execute("SELECT name FROM keys ORDER BY name")]


def last_step(folder: Path) -> int:
    """Step of the newest point of the run in `folder`."""
    if not (folder / FILE).exists():
        return 0
    with closing(_open(folder)) as database:
        return int(database.execute("SELECT coalesce(max(step), 0) FROM scalars").fetchone()[0])


def read_curves(folder: Path, keys: Sequence[str] | None = None, points: int = 500) -> list[Curve]:
    """Curves of the run in `folder`, each down-sampled to at most `points` buckets of equal size.

    Raises:
        InputError: There is no curve of that name.
    """
    known = read_keys(folder)
    for key in keys or ():
        if key not in known:
            raise InputError(f"curve {key!r} is unknown, expected one of {', '.join(known)}", field="keys")
    if not known:
        return []
    with closing(_open(folder)) as database:
        return [
            bucketed(key, np.array(rows, float).T, points)
            for key in keys or known
            if (rows := database.execute(CURVE, (key,)).fetchall())
        ]


def bucketed(key: str, columns: NDArray[np.float64], points: int) -> Curve:
    """A curve in at most `points` buckets of equal size: their means, and the values' least and greatest.

    Args:
        key: Its name.
        columns: Steps, seconds of training and values, (3, n), n > 0.
        points: Most buckets.
    """
    n = columns.shape[1]
    sizes = np.array([len(part) for part in np.array_split(columns[0], min(points, n))])
    edges = np.cumsum(sizes) - sizes
    means: NDArray[np.float64] = np.add.reduceat(columns, edges, axis=1) / sizes
    return Curve(
        key=key,
        step=means[0].tolist(),
        seconds=means[1].tolist(),
        value=means[2].tolist(),
        low=np.minimum.reduceat(columns[2], edges).tolist(),
        high=np.maximum.reduceat(columns[2], edges).tolist(),
    )


def _open(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
