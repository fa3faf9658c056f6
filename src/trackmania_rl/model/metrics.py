"""Learning curves: one SQLite file per run, written by the learner and read by anybody meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

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
SELECT avg(step), avg(t), avg(value), min(value), max(value) FROM (
    SELECT step, t, value, ntile(:points) OVER (ORDER BY step, t) AS bucket
    FROM scalars JOIN keys ON keys.id = key_id WHERE name = :key
) GROUP BY bucket ORDER BY bucket
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
        """Append the values at a step and time of the run, and commit."""
        with self._database:
            for name in values.keys() - self._keys.keys():
                cursor = self._database.execute("INSERT INTO keys (name) VALUES (?)", (name,))
                self._keys[name] = cursor.lastrowid or 0
            self._database.executemany(
                "INSERT INTO scalars VALUES (?, ?, ?, ?)",
                [(step, seconds, self._keys[name], value) for name, value in values.items()],
            )

    def forget_after(self, step: int) -> None:
        """Drop what was written after a step: the run goes on from its checkpoint there."""
        with self._database:
            self._database.execute("DELETE FROM scalars WHERE step > ?", (step,))

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
    curves = []
    with closing(_open(folder)) as database:
        for key in keys or known:
            rows = database.execute(CURVE, {"points": points, "key": key}).fetchall()
            step, seconds, value, low, high = (list(column) for column in zip(*rows, strict=True))
            curves.append(Curve(key=key, step=step, seconds=seconds, value=value, low=low, high=high))
    return curves


def _open(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
