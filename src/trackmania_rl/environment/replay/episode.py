"""Keep an episode that was driven in a batch of worlds as a replay: the physics drive its tape again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import STEP, TICKS_PER_STEP
from trackmania_rl.environment.replay.recording import Recording
from trackmania_rl.environment.replay.script import About
from trackmania_rl.environment.simulator.simulator import PHYSICS_VERSION, Simulator
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car, EventKind, EventMessage, timestamp
from trackmania_rl.protocol.poses import on_grid
from trackmania_rl.protocol.volume import replays_folder

Floats = NDArray[np.float32]

STEPS_MAX = 12_000
"""Longest episode that is kept, ten minutes [steps of 50 ms] (guess)."""
COLOUR = "#3da5ff"
FLOOR = np.array([0.0, 0.0, -1.0], np.float32)


def record(
    track: Track, actions: Floats, name: str, replay: str, *, delay: int = 0, time_limit: float = np.inf
) -> str:
    """Drive an episode from the start line again and write its replay.

    Args:
        track: Where it was driven.
        actions: What was sent at each step, (n, 3) of -1..1, on the grid (protocol.poses.on_grid): then
            the replay is the episode bit for bit.
        name: Who drove, for people; also the agent's id.
        replay: What it is called: its id is this behind "episode-"; a former one of this name is replaced.
        delay: Steps from sending an action to the car feeling it, as in the episode.
        time_limit: An episode that lasted this long and neither finished nor left the road was cut off [s].

    Returns:
        Id of the replay, which lies in the volume's replays.

    Raises:
        InputError: No actions or too many, or the file cannot be written.
    """
    if not 1 <= len(actions) <= STEPS_MAX or actions.shape[1:] != (3,) or not np.isfinite(actions).all():
        raise InputError(
            f"a tape of shape {actions.shape}, expected 1 to {STEPS_MAX} steps of 3 finite numbers",
            field="actions",
        )
    sent = np.concatenate([np.zeros((delay, 3), np.float32), actions.astype(np.float32)])[: len(actions)]
    tape = on_grid(np.clip(sent, FLOOR, 1.0))
    car = Car(agent_id=name, name=name, colour=COLOUR, policy=name)
    simulator = Simulator(track, 1, threads=1)
    simulator.spawn(arc=np.array([track.start]), lateral=np.zeros(1))
    recording = Recording(replays_folder(), _about(track, car, f"episode-{replay}"), track)
    recording.event(EventMessage(kind="start", time=0.0))
    for step, action in enumerate(tape):
        recording.sample(TICKS_PER_STEP * step, {name: simulator.poses()[0]}, {name: action})
        simulator.step(action[None], TICKS_PER_STEP)
    recording.event(_end(simulator, name, len(tape) * STEP, time_limit))
    recording.close()
    recording.wait()
    if recording.failure is not None:
        raise InputError(f"{recording.failure}: make room in {replays_folder()}", status=507)
    return recording.id


def _about(track: Track, car: Car, id: str) -> About:
    return About(
        id=id,
        track=track.id,
        track_name=track.name,
        track_hash=track.hash,
        recorded=timestamp(),
        physics=PHYSICS_VERSION,
        seed=0,
        cars=[car],
        lateral=[0.0],
        arc=[track.start],
    )


def _end(simulator: Simulator, name: str, time: float, time_limit: float) -> EventMessage:
    """How the drive ended; of one that was cut off, that its time was over."""
    if simulator.finished[0]:
        lap = round(float(simulator.lap_time[0]), 3)
        return EventMessage(kind="finish", time=lap, agent_id=name, value=lap)
    if not simulator.fallen[0] and time >= time_limit:
        return EventMessage(kind="heat_end", time=round(time, 3))
    kind: EventKind = "off_road" if simulator.fallen[0] else "stuck"
    return EventMessage(kind=kind, time=round(time, 3), agent_id=name)
