"""The leaderboard of a heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trackmania_rl.environment.clock import STEP
from trackmania_rl.protocol.messages import Standing


@dataclass(frozen=True)
class Drive:
    """One car's heat so far.

    Attributes:
        agent_id: Who drives.
        progress: Distance along the track at each step since the start [m].
        lap_time: Its clock [s].
        finished: Whether it has finished.
        running: Whether it still drives.
        best_time: Best finish in all heats [s].
        contacts: Contacts with other cars.
    """

    agent_id: str
    progress: ArrayLike
    lap_time: float
    finished: bool
    running: bool
    best_time: float | None = None
    contacts: int = 0


def standings(drives: Sequence[Drive]) -> list[Standing]:
    """The leaderboard, best first: those who finished by their time, the others by their distance.

    The gap is the time since the leader was where the car is now, for a finished car since the leader's
    finish.
    """
    distance = {drive.agent_id: float(np.asarray(drive.progress)[-1]) for drive in drives}
    ranked = sorted(
        drives,
        key=lambda drive: (0, drive.lap_time) if drive.finished else (1, -distance[drive.agent_id]),
    )
    return [
        Standing(
            agent_id=drive.agent_id,
            place=place,
            progress=round(distance[drive.agent_id], 3),
            lap_time=round(drive.lap_time, 3),
            finished=drive.finished,
            running=drive.running,
            gap=_gap(drive, ranked[0], distance[drive.agent_id]),
            best_time=None if drive.best_time is None else round(drive.best_time, 3),
            contacts=drive.contacts,
        )
        for place, drive in enumerate(ranked, 1)
    ]


def _gap(drive: Drive, leader: Drive, distance: float) -> float | None:
    if drive is leader:
        return None
    if drive.finished:
        return round(drive.lap_time - leader.lap_time, 3)
    furthest = np.maximum.accumulate(np.asarray(leader.progress, np.float64))
    was_there = float(np.interp(distance, furthest, np.arange(len(furthest)) * STEP))
    return round(max(0.0, drive.lap_time - was_there), 3)
