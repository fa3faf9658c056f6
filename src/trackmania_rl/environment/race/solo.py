"""A race driven in this process, as fast as it goes: for tests of tracks, drivers and policies."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.race import drivers
from trackmania_rl.environment.race.entrant import Entrant
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.replay.recording import Recording
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd

Floats = NDArray[np.float32]
Driver = Callable[[Race, Entrant], Floats]
"""What a car does next, (3,) of -1..1, from the race as it stands."""

POLICIES = "trackmania_rl.policies"
"""Group of entry points that read files of policies: each takes a path and returns a Trained."""
BUILT_IN = {"full-throttle": drivers.full_throttle, "pursuit": drivers.pursuit}


class Policy(Protocol):
    """Something that acts on observations."""

    def act(self, observation: Floats, /) -> Floats:
        """Actions (n, 3) for observations (n, o)."""


class Trained(Protocol):
    """A policy's file, opened.

    Attributes:
        env: Id of the environment whose observations it takes.
    """

    env: str

    def policy(self) -> Policy:
        """What acts."""


@dataclass(frozen=True)
class Result:
    """How the race ended.

    Attributes:
        finished: Whether every car finished.
        times: Finish times of the cars that finished [s].
        causes: Why each car's drive ended.
        completion: Share of the track that each car drove, 0..1.
        replay: File of the recording, if one was wanted.
    """

    finished: bool
    times: list[float]
    causes: list[str]
    completion: list[float]
    replay: Path | None = None


def run(
    track: Track,
    driver: str,
    *,
    cars: int = 1,
    contact: bool = False,
    record: Path | None = None,
    record_sensors: bool = False,
    weather: str | None = None,
) -> Result:
    """Drive one heat.

    Args:
        track: Where.
        driver: "full-throttle", "pursuit", or the file of a policy.
        cars: How many cars the driver drives, on a start grid.
        contact: Whether they hit one another.
        record: File to record to.
        record_sensors: LIDAR scans and rewards are recorded too.
        weather: Forecast, see simulator/weather.py; None for none.

    Raises:
        InputError: Unknown driver or weather, or the recording could not be written.
    """
    observation, act = _driver(driver)
    rules = Rules(
        countdown=0.1,
        finish_seconds=float("inf"),
        heats=1,
        agents_max=cars,
        weather=weather,
        contact=contact,
    )
    race = Race("solo", track, rules, folder=record.parent if record else None, record_sensors=record_sensors)
    for number in range(cars):
        name = driver if driver in BUILT_IN else Path(driver).stem
        race.add(AgentAdd(agent_id=f"car-{number + 1}", name=name, observation=observation, policy=name))
    while not race.over:
        race.tick()
        if race.at_step:
            for entrant in race.grid:
                entrant.send(act(race, entrant))
    race.close()
    if record is not None and race.recording is not None:
        _keep(race.recording, record)
    times = [entrant.best_time for entrant in race.grid if entrant.best_time is not None]
    return Result(
        finished=len(times) == cars,
        times=[round(time, 3) for time in times],
        causes=[entrant.cause for entrant in race.grid],
        completion=[race.sensed(entrant).info.track_completion for entrant in race.grid],
        replay=record,
    )


def _driver(name: str) -> tuple[str | None, Driver]:
    """The observation that a driver wants, and what it does.

    Raises:
        InputError: There is no such driver.
    """
    if name in BUILT_IN:
        drive = BUILT_IN[name]
        return None, lambda race, entrant: drive(race.simulator)[entrant.slot]
    if not Path(name).is_file():
        raise InputError(
            f"no driver {name}: expected {', '.join(BUILT_IN)} or the file of a checkpoint", field="driver"
        )
    trained = _trained(Path(name))
    policy = trained.policy()

    def act(race: Race, entrant: Entrant) -> Floats:
        vector = race.sensed(entrant).observation.vector
        action: Floats = policy.act(np.array([vector], np.float32))[0]
        return np.clip(action, -1.0, 1.0)

    return trained.env, act


def _trained(path: Path) -> Trained:
    """A policy's file, opened by whichever installed package reads such files."""
    readers = importlib.metadata.entry_points(group=POLICIES)
    if not readers:
        raise InputError(f"nothing installed reads the policy {path}: install trackmania-rl[model]")
    trained: Trained = next(iter(readers)).load()(path)
    return trained


def _keep(recording: Recording, record: Path) -> None:
    """Give a recording the name that was asked for."""
    recording.wait()
    if recording.failure is not None:
        raise InputError(f"{recording.failure}: expected a folder with room, {record.parent}", field="record")
    recording.path.rename(record)
