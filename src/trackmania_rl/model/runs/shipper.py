"""Sends the curves of all runs to a time-series server beside the learners.

It reads the runs' own files, so a learner never waits for a network, and those files are the buffer while
the server is away. The time of a point is the run's beginning and the seconds of training since, so that a
point that is sent again is the same point.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from trackmania_rl.model.runs.metrics import FILE, Point
from trackmania_rl.model.runs.runs import RUN
from trackmania_rl.model.runs.timeseries import TIMEOUT, TimeSeries
from trackmania_rl.protocol.volume import runs_folder

log = logging.getLogger(__name__)

MARK = "shipped"
"""File in a run's folder: how far the server has its curves."""
PERIOD = 1.0
"""Time between looks for new points [s]."""
AGAIN = 60.0
"""What is sent again after a restart, should the server have lost its newest points [s] (guess)."""
ROWS = 20_000
"""Most points in a request (guess)."""


class Mark(msgspec.Struct):
    """How far the server has a run's curves."""

    writing: str
    """Which writing of the file: its run's beginning, and how often it went back to a checkpoint."""
    row: int
    """The newest row that is there."""


class Shipper:
    """Looks for new points about once a second, in a thread of its own, and sends them.

    Args:
        server: Where they go.
    """

    def __init__(self, server: TimeSeries) -> None:
        self._server = server
        self._marks: dict[Path, Mark] = {}
        self._absent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Send what is left, if the server is there, and end."""
        self._stopping.set()
        self._thread.join(2.0 * TIMEOUT)

    def ship(self) -> int:
        """Send what is new of every run and return how many points that was.

        Raises:
            OSError: The server is away or refuses; the next call sends what this one could not.
        """
        files = sorted(runs_folder().glob(f"*/{FILE}"))
        return sum(self._ship(file.parent) for file in files if (file.parent / RUN).exists())

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(PERIOD)
            try:
                self.ship()
            except (OSError, sqlite3.Error, ValueError, KeyError) as error:
                if not self._absent:
                    log.warning("curves wait in the runs' files: %s takes none (%s)", self._server.url, error)
                self._absent = True
            else:
                if self._absent:
                    log.info("curves go to %s again", self._server.url)
                self._absent = False

    def _ship(self, folder: Path) -> int:
        """Send what is new of a run, and return how many points that was."""
        count = 0
        started = json.loads((folder / RUN).read_text())["started"]
        with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as database:
            mark = self._mark(folder, database, started)
            while rows := database.execute(
                "SELECT scalars.rowid, name, step, t, value FROM scalars JOIN keys ON keys.id = key_id "
                "WHERE scalars.rowid > ? ORDER BY scalars.rowid LIMIT ?",
                (mark.row, ROWS),
            ).fetchall():
                began = datetime.fromisoformat(started).timestamp()
                self._server.write(folder.name, began, (Point(*row[1:]) for row in rows))
                mark.row = rows[-1][0]
                (folder / MARK).write_bytes(msgspec.json.encode(mark))
                count += len(rows)
        return count

    def _mark(self, folder: Path, database: sqlite3.Connection, started: str) -> Mark:
        """How far the server has this writing of the file; what it has of another one is deleted there.

        After a restart the last minute is taken not to be there.
        """
        (version,) = database.execute("PRAGMA user_version").fetchone()
        writing = f"{started} {version}"
        mark = self._marks.get(folder)
        if mark is not None and mark.writing == writing:
            return mark
        kept = _kept(folder / MARK)
        if kept is not None and kept.writing == writing:
            (row,) = database.execute(
                "SELECT coalesce(min(rowid), 1) - 1 FROM scalars "
                "WHERE t >= (SELECT max(t) FROM scalars WHERE rowid <= ?) - ?",
                (kept.row, AGAIN),
            ).fetchone()
        else:
            self._server.forget(folder.name)
            row = 0
        mark = self._marks[folder] = Mark(writing, row)
        return mark


def _kept(file: Path) -> Mark | None:
    """What a mark's file says; None if there is none, or one of an older version."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Mark)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
