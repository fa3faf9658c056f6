"""Re-drive a recorded race and compare it bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ, TICK, TICKS_PER_STEP
from trackmania_rl.environment.replay import samples
from trackmania_rl.environment.replay.reading import Recorded
from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.environment.simulator.simulator import CARS_MAX, PHYSICS_VERSION, Simulator
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS

Floats = NDArray[np.float32]

_VISIBLE = np.array([0.51 * samples.STEPS[name] for name in POSE_FIELDS], np.float32)
_VISIBLE[POSE_FIELDS.index("state")] = np.inf  # it has a bit of the race
"""Differences between a rounded and an exact pose that are more than the rounding."""


@dataclass(frozen=True)
class Verdict:
    """What came of re-driving one car.

    Attributes:
        agent_id: Whose car.
        samples: Samples compared.
        equal: All of them are the same to the last bit.
        first_difference: Time of the first that is not [s], or None; where it is too small to be seen in the
            rounded poses, the beginning of its second.
        distance: Largest distance between recorded and re-driven position, as far as it was kept [m].
    """

    agent_id: str
    samples: int
    equal: bool
    first_difference: float | None
    distance: float


def verify(recorded: Recorded, track: Track) -> list[Verdict]:
    """Re-drive every car's tape.

    Raises:
        InputError: The track or the physics is another than the one recorded, or there is no tape.
    """
    about = recorded.about
    if track.hash != about.track_hash:
        raise InputError(
            f"the track {track.id} has changed since the recording (hash {track.hash[:12]}, recorded "
            f"{about.track_hash[:12]}): name the file of the track that was driven with --track",
            field="track",
        )
    if not about.physics:
        raise InputError(f"{about.id} is a human drive: there is no tape to drive again", field="replay")
    if about.physics != PHYSICS_VERSION:
        raise InputError(
            f"recorded with physics {about.physics}, this program has {PHYSICS_VERSION}: "
            "verify it with the release that recorded it",
            field="physics",
        )
    drivers = [car.agent_id for car in about.cars if not car.ghost]
    if not any(len(recorded.inputs.get(agent_id, ())) for agent_id in drivers):
        raise InputError(
            f"{about.id} holds no tape: it was cut off before the first piece of it", field="replay"
        )
    _check_sizes(recorded, drivers)
    driven = drive(recorded, track, drivers)
    return [
        _compare(agent_id, recorded.poses[agent_id], recorded.digests[agent_id], rows)
        for agent_id, rows in driven.items()
    ]


def _check_sizes(recorded: Recorded, drivers: list[str]) -> None:
    """Refuse a recording whose parts do not belong together, as none of ours.

    Raises:
        InputError: They do not.
    """
    about = recorded.about
    placed = len(about.lateral) == len(drivers) and len(about.arc) in (0, len(drivers))
    taped = all(
        len(recorded.inputs[agent_id]) == len(recorded.poses.get(agent_id, ()))
        for agent_id in drivers
        if agent_id in recorded.inputs
    )
    if not (placed and taped and len(drivers) <= CARS_MAX):
        raise InputError(
            f"{about.id} is damaged: its start places or tapes do not fit its {len(drivers)} cars",
            field="replay",
        )


def drive(recorded: Recorded, track: Track, drivers: list[str]) -> dict[str, Floats]:
    """Drive the tapes on a fresh simulator: poses at each step, by agent."""
    tapes = {agent_id: recorded.inputs[agent_id] for agent_id in drivers if agent_id in recorded.inputs}
    about = recorded.about
    simulator = Simulator(track, 1, cars_per_world=len(drivers), contact=about.contact, threads=1)
    lateral = np.array(about.lateral)
    arc = np.array(about.arc or [track.start] * len(drivers))
    simulator.spawn(arc=arc, lateral=lateral)
    events = [
        (event.kind, round(event.time / TICK), drivers.index(event.agent_id), event.value)
        for event in recorded.events
        if event.agent_id in drivers
    ]
    respawns = [event[1:] for event in events if event[0] == "respawn"]
    out = [event[1:3] for event in events if event[0] in ("stuck", "off_road")]
    steps = np.array([len(tapes.get(agent_id, ())) for agent_id in drivers])
    forecast = weathers.forecast(recorded.about.weather) if recorded.about.weather else None
    rows: dict[str, list[Floats]] = {agent_id: [] for agent_id in tapes}
    action = np.zeros((len(drivers), 3), np.float32)
    for step in range(max(map(len, tapes.values()))):
        solid = steps > step
        solid[[car for moment, car in out if moment <= TICKS_PER_STEP * step]] = False
        simulator.solid = solid
        poses = simulator.poses()
        for car, agent_id in enumerate(drivers):
            if step < len(tapes.get(agent_id, ())):
                action[car] = tapes[agent_id][step]
                pose = poses[car].copy()
                rows[agent_id].append(pose)
        if forecast is not None:
            weathers.feel(simulator, forecast.at(step / CONTROL_HZ))
        for tick in range(TICKS_PER_STEP * step, TICKS_PER_STEP * (step + 1)):
            for _, car, checkpoint in [respawn for respawn in respawns if respawn[0] == tick]:
                back = simulator.spawn if checkpoint is None else simulator.respawn
                back(car, arc=arc[car], lateral=lateral[car])
            simulator.step(action, 1)
    return {agent_id: np.stack(poses) for agent_id, poses in rows.items()}


def _compare(agent_id: str, recorded: Floats, digests: NDArray[np.uint32], driven: Floats) -> Verdict:
    """Compare a drive: every second by its digest, and the rounded poses to tell where it differs."""
    differing = np.flatnonzero(samples.digests(driven) != digests)
    first = None
    if len(differing):
        visible = np.flatnonzero(np.any(np.abs(driven - recorded) > _VISIBLE, axis=1))
        begin = int(differing[0]) * samples.SECOND
        within = visible[(visible >= begin) & (visible < begin + samples.SECOND)]
        first = float(within[0] if len(within) else begin) / CONTROL_HZ
    return Verdict(
        agent_id=agent_id,
        samples=len(driven),
        equal=first is None,
        first_difference=first,
        distance=float(np.linalg.norm(recorded[:, :3] - driven[:, :3], axis=1).max()),
    )
