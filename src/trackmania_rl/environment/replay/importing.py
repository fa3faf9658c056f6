"""Human drives in the archive: from then on they are replays like those of races."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from trackmania_rl.environment.replay.drive import Drive, read_drive
from trackmania_rl.environment.replay.recording import Recording
from trackmania_rl.environment.replay.samples import TICKS
from trackmania_rl.environment.replay.script import About
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.client import timestamp
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car, EventMessage
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
    id = re.sub(r"[^A-Za-z0-9_.:-]", "-", f"{track.id[:32]}-{name}")[:64].strip(".:-")
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
        recording.sample(TICKS * step, {car.agent_id: pose}, {})
    recording.close()
    recording.wait()
    if recording.failure is not None:
        raise InputError(f"{recording.failure}: expected a folder with room, {folder}")
    return recording.path


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
