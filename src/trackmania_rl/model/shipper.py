"""Sends the curves of all runs to a time-series server, VictoriaMetrics, beside the learners.

It reads the runs' own files, so a learner never waits for a network, and those files are the buffer while
the server is away. Points go as lines of /api/v1/import; their time is the run's beginning and the seconds of
training since, so that a point that is sent again is the same point.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import urllib.parse
import urllib.request
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from trackmania_rl.model.metrics import FILE
from trackmania_rl.model.runs import RUN
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import runs_folder

log = logging.getLogger(__name__)

SERIES = "trackmania_curve"
"""Series of all curves; labels: run, curve."""
MARK = "shipped"
"""File in a run's folder: seconds of its training that the server has."""
PERIOD = 1.0
"""Time between looks for new points [s]."""
AGAIN = 60.0
"""What is sent again after a restart, should the server have lost its newest points [s] (guess)."""
TIMEOUT = 5.0
"""Longest wait for the server [s] (guess)."""
ROWS = 20_000
"""Most points in a request (guess)."""


class Shipper:
    """Looks for new points about once a second, in a thread of its own, and sends them.

    Args:
        url: The server's address, e.g. http://127.0.0.1:8428.

    Raises:
        InputError: That is no address of a web server.
    """

    def __init__(self, url: str) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"--metrics-url {url}: expected http://HOST:8428", field="metrics-url")
        self._url = url.rstrip("/")
        self._sent: dict[Path, int] = {}  # newest row that the server has
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
        count = 0
        for folder in sorted(path.parent for path in runs_folder().glob(f"*/{FILE}")):
            while (folder / RUN).exists() and (rows := self._new(folder)):
                self._send(folder, rows)
                self._sent[folder] = rows[-1][0]
                (folder / MARK).write_text(str(rows[-1][2]))
                count += len(rows)
        return count

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(PERIOD)
            try:
                self.ship()
            except (OSError, sqlite3.Error, ValueError, KeyError) as error:
                if not self._absent:
                    log.warning("curves wait in the runs' files: %s takes none (%s)", self._url, error)
                self._absent = True
            else:
                if self._absent:
                    log.info("curves go to %s again", self._url)
                self._absent = False

    def _new(self, folder: Path) -> list[tuple[int, str, float, float]]:
        """Rows (id, curve, seconds, value) that the server does not have, oldest first.

        After a restart, and where the run went back to a checkpoint or began anew, its last minute is
        taken to be new.
        """
        with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as database:
            newest, seconds = database.execute(
                "SELECT coalesce(max(rowid), 0), coalesce(max(t), 0) FROM scalars"
            ).fetchone()
            sent = self._sent.get(folder)
            if sent is None or sent > newest:
                mark = float((folder / MARK).read_text()) if (folder / MARK).exists() else 0.0
                since = min(mark, seconds) - AGAIN
                (before,) = database.execute(
                    "SELECT coalesce(min(rowid), 1) - 1 FROM scalars WHERE t >= ?", (since,)
                ).fetchone()
                sent = self._sent[folder] = int(before)
            return database.execute(
                "SELECT scalars.rowid, name, t, value FROM scalars JOIN keys ON keys.id = key_id "
                "WHERE scalars.rowid > ? ORDER BY scalars.rowid LIMIT ?",
                (sent, ROWS),
            ).fetchall()

    def _send(self, folder: Path, rows: list[tuple[int, str, float, float]]) -> None:
        """Write points to the server: an object per curve and line."""
        began = datetime.fromisoformat(json.loads((folder / RUN).read_text())["started"]).timestamp()
        lines: dict[str, dict[str, Any]] = {}
        for _, name, seconds, value in rows:
            label = {"__name__": SERIES, "run": folder.name, "curve": name}
            line = lines.setdefault(name, {"metric": label, "values": [], "timestamps": []})
            line["values"].append(value)
            line["timestamps"].append(round(1000.0 * (began + seconds)))
        body = b"\n".join(map(msgspec.json.encode, lines.values()))
        request = urllib.request.Request(f"{self._url}/api/v1/import", data=body, method="POST")
        urllib.request.urlopen(request, timeout=TIMEOUT).close()
