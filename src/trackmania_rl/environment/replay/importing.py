"""Drives from elsewhere in the archive: human drives become replays, recordings are checked and kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

import numpy as np

from trackmania_rl.environment.clock import TICKS_PER_STEP
from trackmania_rl.environment.replay.archive import ID
from trackmania_rl.environment.replay.drive import Drive, read_drive
from trackmania_rl.environment.replay.reading import MAGIC, read
from trackmania_rl.environment.replay.recording import Recording
from trackmania_rl.environment.replay.script import About
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car, EventMessage, timestamp
from trackmania_rl.protocol.poses import POSE_FIELDS

COLOUR = "#ffd23f"
"""Of the human's car."""
_PROGRESS = POSE_FIELDS.index("progress")


def import_drive(file: Path, track: Track, folder: Path, name: str | None = None) -> Path:
    """Make a replay of a human drive; importing it again replaces it.

    Args:
        file: A ghost of the game or a table; see trackmania_rl.environment.replay.drive.
        track: The track that it was driven on.
        folder: Where the replay goes.
        name: Who drove. [default: the file's name]

    Returns:
        The replay's file, `<track>-<name>.mcap`.

    Raises:
        InputError: The drive cannot be read, was driven elsewhere, or the replay cannot be written.
    """
    drive = read_drive(file, track)
    name = name or drive.name
    id = _id(track, name)
    car = Car(agent_id="human", name=name, colour=COLOUR, policy="human")
    about = About(
        id=id,
        track=track.id,
        track_name=track.name,
        track_hash=track.hash,
        recorded=timestamp(),
        physics="",
        seed=0,
        cars=[car],
        lateral=[],
    )
    recording = Recording(folder, about, track)
    for event in _events(drive, track):
        recording.event(event)
    for step, pose in enumerate(drive.samples):
        recording.sample(TICKS_PER_STEP * step, {car.agent_id: pose}, {})
    recording.close()
    recording.wait()
    if recording.failure is not None:
        raise InputError(f"{recording.failure}: expected a folder with room, {folder}")
    return recording.path


def _id(track: Track, name: str) -> str:
    """An id that tells track and driver; names whose letters an id cannot have are told apart by a digest."""
    id = re.sub(r"[^A-Za-z0-9_.:-]", "-", f"{track.id[:32]}-{name}")
    if name.isascii():
        return id[:64].strip(".:-")
    return f"{id[:55].strip('.:-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def import_upload(data: bytes, track: Track | None, folder: Path, name: str | None = None) -> Path:
    """Keep what somebody sent: an MCAP recording, a ghost of the game, or a table of a drive.

    Args:
        data: The file. What it is, its first bytes tell.
        track: The track that a drive was driven on; a recording knows its own.
        folder: Where the replay goes.
        name: Who drove; a recording knows that, too.

    Raises:
        InputError: It is none of these, is damaged, or is there already (status 409).
    """
    if not data:
        raise InputError(
            "the body is empty, expected an .mcap, .Ghost.Gbx, .Replay.Gbx or .csv", field="body"
        )
    with tempfile.TemporaryDirectory() as temporary:
        if data.startswith(MAGIC):
            file = Path(temporary) / "upload.mcap"
            file.write_bytes(data)
            return _keep(file, folder)
        if track is None:
            raise InputError("a drive does not tell its track: name it with ?track=ID", field="track")
        file = Path(temporary) / ("upload.Ghost.Gbx" if data.startswith(b"GBX") else "upload.csv")
        file.write_bytes(data)
        return import_drive(file, track, folder, name)


def _keep(file: Path, folder: Path) -> Path:
    """Put a recording into the archive under its own id, never over another one."""
    recorded = read(file)
    id = recorded.about.id
    if not ID.fullmatch(id) or not recorded.poses:
        raise InputError(f"the recording «{id[:64]}» holds no drive, or has no usable id", field="body")
    path = folder / f"{id}.mcap"
    folder.mkdir(parents=True, exist_ok=True)
    handle, waiting = tempfile.mkstemp(suffix=".upload", dir=folder)  # whole before it has a name
    try:
        with os.fdopen(handle, "wb") as copy:
            copy.write(file.read_bytes())
        os.chmod(waiting, 0o644)
        _name(waiting, path)
    except FileExistsError:
        raise InputError(
            f"the replay {id} is there already: delete it first", status=409, field="body"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(waiting)
    return path


def _name(file: str, path: Path) -> None:
    """Give a file its name.

    Raises:
        FileExistsError: Another one has it.
    """
    try:
        os.link(file, path)  # which, unlike a rename, never replaces
    except FileExistsError:
        raise
    except OSError:  # a volume without links
        if path.exists():
            raise FileExistsError(path) from None
        os.rename(file, path)


def _events(drive: Drive, track: Track) -> list[EventMessage]:
    """What happened in a drive: its start, checkpoints and finish."""
    events = [EventMessage(kind="start", time=0.0)]
    furthest = np.maximum.accumulate(drive.samples[:, _PROGRESS])
    for number, mark in enumerate(track.checkpoints, start=1):
        passed = int(np.searchsorted(furthest, mark - track.start))
        if passed < len(drive.time):
            time = round(float(drive.time[passed]), 3)
            events.append(EventMessage(kind="checkpoint", time=time, agent_id="human", value=number))
    if drive.finish_time is not None:
        time = round(drive.finish_time, 3)
        events.append(EventMessage(kind="finish", time=time, agent_id="human", value=time))
    return events
