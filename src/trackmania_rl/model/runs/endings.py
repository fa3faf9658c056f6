"""Where and why the episodes of a run ended: a table of bounded size beside the run's curves."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from trackmania_rl.model.runs.metrics import FILE
from trackmania_rl.protocol.messages import Ending, RunEndings

ENDINGS_MAX = 20_000
"""Most endings kept of a run, about 2 MB (guess)."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS endings (
    episode INTEGER PRIMARY KEY,  -- number in the run, from 1
    step INTEGER NOT NULL,        -- environment steps, over all worlds
    seconds REAL NOT NULL,        -- of training
    track TEXT NOT NULL,
    cause TEXT NOT NULL,
    start_distance REAL NOT NULL, -- along the track past the start line [m]
    distance REAL NOT NULL,
    time REAL NOT NULL,           -- driven [s]
    reward REAL NOT NULL          -- return of the episode
)
"""


def kept_every(episodes: int) -> int:
    """One in how many episodes is kept of so many: a power of two, so that what is kept thins evenly."""
    every = 1
    while episodes // every > ENDINGS_MAX:
        every *= 2
    return every


class EndingsWriter:
    """Writes a run's endings; of long runs every second, fourth, eighth ... of the whole run is kept."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / FILE)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(SCHEMA)
        self._every = kept_every(_newest(self._database))

    def write(self, endings: Sequence[Ending]) -> None:
        """Append endings, in the order of their episodes, and commit."""
        if not endings:
            return
        every = kept_every(endings[-1].episode)
        kept = [msgspec.structs.astuple(ending) for ending in endings if ending.episode % every == 0]
        with self._database:
            if every != self._every:
                self._database.execute("DELETE FROM endings WHERE episode % ? != 0", (every,))
                self._every = every
            self._database.executemany("INSERT INTO endings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)

    def forget_after(self, episode: int) -> None:
        """Drop what was written after an episode: the run goes on from its checkpoint there."""
        with self._database:
            self._database.execute("DELETE FROM endings WHERE episode > ?", (episode,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def read_endings(folder: Path, since: int = 0, limit: int = ENDINGS_MAX) -> RunEndings:
    """Endings of the run in `folder` after episode `since`; more than `limit` are thinned evenly.

    A run whose environment does not say why its episodes end has none.
    """
    nothing = RunEndings(run=folder.name, episodes=0, every=1, endings=[])
    if not (folder / FILE).exists():
        return nothing
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'endings'").fetchone():
            return nothing
        newest = _newest(database)
        every = kept_every(newest)
        while (newest - since) // every > limit:
            every *= 2
        rows = database.execute(
            "SELECT * FROM endings WHERE episode > ? AND episode % ? = 0 ORDER BY episode", (since, every)
        ).fetchall()
    names = msgspec.structs.fields(Ending)
    endings = [Ending(**{field.name: value for field, value in zip(names, row, strict=True)}) for row in rows]
    return RunEndings(run=folder.name, episodes=newest, every=every, endings=endings)


def _newest(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT coalesce(max(episode), 0) FROM endings").fetchone()[0])
