"""The recorded races in the data volume."""

from __future__ import annotations

import contextlib
import math
import os
import re
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from trackmania_rl.environment.replay.reading import Recorded, read
from trackmania_rl.environment.replay.recording import PART
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import ReplaySummary
from trackmania_rl.protocol.volume import replays_folder

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
RESULTS = ("finished", "unfinished")
WRITING = 5.0
"""A part that changed less than this ago is still being written [s]."""


def find(name: str) -> Path:
    """The file of a replay, by its id or as a path.

    Raises:
        InputError: There is none; names some that there are.
    """
    path = Path(name)
    if path.is_dir():
        raise InputError(f"{name} is a folder, expected the id of a replay or an .mcap file", field="replay")
    return path if path.is_file() else stored(name)


def stored(id: str) -> Path:
    """The file of a replay in the data volume, by its name or by the id inside: nothing else.

    Raises:
        InputError: There is none; names some that there are.
    """
    if ID.fullmatch(id):
        for ending in ("", PART):
            path = replays_folder() / f"{id}.mcap{ending}"
            if path.is_file():
                return path
        for path, status in _files():
            summary = _summary(path, status.st_mtime_ns)
            if summary is not None and summary.id == id:
                return path
    raise _unknown(id)


def summaries(
    *,
    track: str | None = None,
    agent: str | None = None,
    after: str | None = None,
    before: str | None = None,
    result: str | None = None,
    limit: int = 200,
) -> list[ReplaySummary]:
    """The newest replays, newest first.

    Args:
        track: Only of this track.
        agent: Only those in which this agent drove.
        after: Only those recorded at this time or later, ISO 8601; without a zone it is UTC.
        before: Only those recorded before this time.
        result: "finished": only those that somebody finished; "unfinished": nobody.
        limit: At most so many.

    Raises:
        InputError: A time or result that is none.
    """
    if result not in (None, *RESULTS):
        raise InputError(f"result is {result!r}, expected {' or '.join(RESULTS)}", field="result")
    if limit < 1:
        raise InputError(f"limit is {limit}, expected at least 1", field="limit")
    earliest, latest = _moment(after, "after"), _moment(before, "before")
    found: list[ReplaySummary] = []
    for path, status in _files():
        summary = _summary(path, status.st_mtime_ns)
        if summary is None or (track is not None and summary.track != track):
            continue
        if agent is not None and agent not in (car.agent_id for car in summary.cars):
            continue
        if result is not None and (result == "finished") != any(car.finished for car in summary.cars):
            continue
        recorded = _moment(summary.recorded, "recorded")
        if recorded is not None and (
            (earliest is not None and recorded < earliest) or (latest is not None and recorded >= latest)
        ):
            continue
        found.append(summary)
        if len(found) >= limit:
            break
    return found


def _moment(text: str | None, field: str) -> datetime | None:
    """A time that was given as text."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{field} is {text!r}, expected a time as 2026-01-31T12:00Z", field=field) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def load(name: str) -> Recorded:
    """A replay, by its id or as a path."""
    return read(find(name))


def delete(id: str) -> None:
    """Delete a replay of the data volume.

    Raises:
        InputError: There is none of this id.
    """
    stored(id).unlink(missing_ok=True)


@dataclass(frozen=True)
class Retention:
    """How much of the data volume replays may take.

    Attributes:
        count: So many of the newest are kept.
        size_bytes: And no more than take this room together.
    """

    count: int = 1000
    size_bytes: int = 10_000_000_000


def prune(retention: Retention) -> None:
    """Delete the oldest replays of the data volume that are more than may be kept; never the newest."""
    room = retention.size_bytes
    for number, (path, status) in enumerate(_files()):
        room -= status.st_size
        if number >= retention.count or (number > 0 and room < 0):
            path.unlink(missing_ok=True)


def _files() -> list[tuple[Path, os.stat_result]]:
    """All replays with their status, newest first; also those cut off, but none that is being written."""
    now = time.time()
    found: list[tuple[Path, os.stat_result]] = []
    for ending, age in (("", -math.inf), (PART, WRITING)):
        for path in replays_folder().glob(f"*.mcap{ending}"):
            with contextlib.suppress(FileNotFoundError):  # packed or deleted meanwhile
                status = path.stat()
                if stat.S_ISREG(status.st_mode) and now - status.st_mtime > age:
                    found.append((path, status))
    return sorted(found, key=lambda file: file[1].st_mtime_ns, reverse=True)


@lru_cache(maxsize=4096)
def _summary(path: Path, changed: int) -> ReplaySummary | None:
    """A file's line in the list, read once; None for a file that is no recording."""
    try:
        return read(path).summary()
    except InputError:
        return None


def _unknown(name: str) -> InputError:
    known = [path.name.split(".mcap")[0] for path, _ in _files()[:5]]
    newest = f"the newest are {', '.join(known)}" if known else "there is none yet"
    return InputError(
        f"no replay {name}, {newest}: GET /api/replays or `trackmania-rl replay list` names all",
        status=404,
        field="replay",
    )
