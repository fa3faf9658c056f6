"""Ghosts from files: a recorded human drive, or the cars of a recorded race."""

from __future__ import annotations

import re
from pathlib import Path

from trackmania_rl.environment.entrant import GHOST_COLOUR, Ghost
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.drive import read_drive
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car


def read(file: Path, track: Track) -> list[Ghost]:
    """The ghosts in a file.

    Args:
        file: A table of a recorded drive (.csv), or a replay (.mcap).
        track: The track that it was driven on.

    Raises:
        InputError: The file cannot be read, or was driven on another track.
    """
    if file.suffix != ".mcap":
        drive = read_drive(file, track)
        return [Ghost(_car(drive.name, drive.name, "human"), drive.samples)]
    recorded = archive.load(str(file))
    if recorded.about.track_hash != track.hash:
        raise InputError(
            f"{file.name} was driven on {recorded.about.track}, expected a replay on {track.id}",
            field="ghost",
        )
    return [
        Ghost(_car(car.agent_id, car.name, car.policy), recorded.poses[car.agent_id])
        for car in recorded.about.cars
        if not car.ghost and car.agent_id in recorded.poses
    ]


def _car(id: str, name: str, policy: str) -> Car:
    allowed = re.sub(r"[^A-Za-z0-9_.:-]", "-", id)[:58]
    return Car(agent_id=f"ghost-{allowed}", name=name, colour=GHOST_COLOUR, policy=policy, ghost=True)
