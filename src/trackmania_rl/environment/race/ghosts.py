"""Ghosts from files: a recorded human drive, or the cars of a recorded race."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from trackmania_rl.environment.race.entrant import GHOST_COLOUR, Ghost
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.drive import read_drive
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car

AUTHOR = "author"
"""Stands for the file of the map that is driven: it may hold its author's drive."""


def own_ghosts(files: Sequence[Path], tracks: Sequence[str]) -> list[Path]:
    """Files of ghosts, with the track's own file for "author".

    Args:
        files: What was asked for.
        tracks: The tracks that are driven.

    Raises:
        InputError: "author" was asked for, but the track is not one file of the game.
    """
    own = [track for track in tracks if track.lower().endswith(".gbx")]
    if Path(AUTHOR) in files and (len(tracks) != 1 or not own):
        raise InputError(
            f"--ghost {AUTHOR} is the drive in the track's own map, but --track is "
            f"{', '.join(tracks) or 'none'}: give one .Map.Gbx as --track, or the ghost's file",
            field="ghost",
        )
    return [Path(own[0]) if file == Path(AUTHOR) else file for file in files]


def read(file: Path, track: Track) -> list[Ghost]:
    """The ghosts in a file.

    Args:
        file: A replay (.mcap), a ghost of the game (.Ghost.Gbx, .Replay.Gbx, .Map.Gbx), or a table of a
            recorded drive (.csv).
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
