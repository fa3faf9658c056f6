"""Read recorded races, whole or cut off."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader
from numpy.typing import NDArray
from zstandard import ZstdError

from trackmania_rl.environment.replay import samples
from trackmania_rl.environment.replay.recording import About
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    Car,
    EventMessage,
    Replay,
    ReplayCar,
    ReplayEvent,
    ReplayResult,
    ReplaySummary,
)
from trackmania_rl.protocol.poses import POSE_FIELDS

Floats = NDArray[np.float32]

RATE_HZ = 20.0
RECORD_MAX = 1 << 28
"""Largest record that is believed [bytes]; a damaged length would ask for more memory than there is."""
CUT_OFF = (McapError, ZstdError, struct.error, OverflowError, MemoryError, ValueError)
"""What reading runs into where a file was cut off or is damaged."""
_LAP_TIME = POSE_FIELDS.index("lap_time")


@dataclass(frozen=True)
class Recorded:
    """A recorded race.

    Attributes:
        about: What it is of.
        poses: Poses of each car at 20 Hz from the start, (n, len(POSE_FIELDS)), by agent.
        inputs: The actions driven from each of those moments on, (n, 3), by agent; none of ghosts.
        events: What happened.
        complete: The heat was recorded to its end.
        size_bytes: Size of the file.
    """

    about: About
    poses: dict[str, Floats] = field(default_factory=dict)
    inputs: dict[str, Floats] = field(default_factory=dict)
    events: list[EventMessage] = field(default_factory=list)
    complete: bool = False
    size_bytes: int = 0

    @property
    def duration(self) -> float:
        """Length of the recording [s]."""
        return max((len(rows) - 1 for rows in self.poses.values()), default=0) / RATE_HZ

    def result(self, car: Car) -> ReplayResult:
        """How the race ended for a car."""
        finish = next(
            (
                event.value
                for event in self.events
                if event.kind == "finish" and event.agent_id == car.agent_id
            ),
            None,
        )
        rows = self.poses.get(car.agent_id)
        last = float(rows[-1, _LAP_TIME]) if rows is not None and len(rows) else 0.0
        return ReplayResult(
            agent_id=car.agent_id,
            name=car.name,
            colour=car.colour,
            finished=finish is not None,
            time=round(last if finish is None else finish, 3),
            policy=car.policy,
        )

    def summary(self) -> ReplaySummary:
        """Its line in the list."""
        about = self.about
        return ReplaySummary(
            id=about.id,
            track=about.track,
            track_name=about.track_name,
            track_hash=about.track_hash,
            recorded=about.recorded,
            duration=round(self.duration, 3),
            cars=[self.result(car) for car in about.cars],
            size_bytes=self.size_bytes,
            complete=self.complete,
        )

    def replay(self) -> Replay:
        """What viewers play: numbers rounded to a tenth of a millimetre."""
        about = self.about
        return Replay(
            id=about.id,
            track=about.track,
            track_name=about.track_name,
            track_hash=about.track_hash,
            recorded=about.recorded,
            duration=round(self.duration, 3),
            rate_hz=RATE_HZ,
            pose_fields=list(POSE_FIELDS),
            cars=[self._replay_car(car) for car in about.cars],
            events=[
                ReplayEvent(kind=event.kind, time=event.time, agent_id=event.agent_id, value=event.value)
                for event in self.events
            ],
            physics=about.physics,
            seed=about.seed,
            complete=self.complete,
        )

    def _replay_car(self, car: Car) -> ReplayCar:
        result = self.result(car)
        rows = self.poses.get(car.agent_id, np.zeros((0, len(POSE_FIELDS)), np.float32))
        return ReplayCar(
            agent_id=car.agent_id,
            name=car.name,
            colour=car.colour,
            policy=car.policy,
            finished=result.finished,
            time=result.time,
            samples=np.round(rows.astype(np.float64), 4).ravel().tolist(),
            ghost=car.ghost,
        )


def read(path: Path) -> Recorded:
    """Read a recording; one that was cut off is read up to the cut.

    Raises:
        InputError: The file is missing or no recording.
    """
    about: About | None = None
    complete = False
    channels: dict[int, str] = {}
    blocks: dict[str, list[tuple[int, Floats]]] = {}
    events: list[EventMessage] = []
    try:
        for record in _records(path):
            if isinstance(record, Metadata) and record.name == "race":
                about = msgspec.json.decode(record.metadata["about"], type=About)
            elif isinstance(record, Metadata) and record.name == "result":
                complete = True
            elif isinstance(record, Channel):
                channels[record.id] = record.topic
            elif isinstance(record, Message):
                topic = channels[record.channel_id]
                if topic == "events":
                    events.append(msgspec.json.decode(record.data, type=EventMessage))
                elif topic.startswith(("poses/", "inputs/")):
                    blocks.setdefault(topic, []).append(samples.decode(record.data))
    except (ValueError, KeyError, msgspec.MsgspecError) as error:
        raise InputError(f"{path.name} is damaged: {error}", field="replay") from error
    if about is None:
        raise InputError(f"{path.name} is no recording of a race: it says nothing about one", field="replay")
    return Recorded(
        about=about,
        poses=_joined(blocks, "poses/"),
        inputs=_joined(blocks, "inputs/"),
        events=events,
        complete=complete,
        size_bytes=path.stat().st_size,
    )


def _records(path: Path) -> Any:
    """The records of a file, up to where it is cut off.

    Raises:
        InputError: There is no such file, or it is no MCAP.
    """
    try:
        with path.open("rb") as file:
            if file.read(8) != b"\x89MCAP0\r\n":
                raise InputError(f"{path.name} is no MCAP file: it begins otherwise", field="replay")
            file.seek(0)
            try:
                yield from StreamReader(file, validate_crcs=True, record_size_limit=RECORD_MAX).records
            except CUT_OFF:
                return
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", status=404, field="replay") from error


def _joined(blocks: dict[str, list[tuple[int, Floats]]], prefix: str) -> dict[str, Floats]:
    """All rows of each car; a block that does not follow on the one before ends its drive."""
    joined = {}
    for topic, parts in blocks.items():
        if not topic.startswith(prefix):
            continue
        rows: list[Floats] = []
        expected = parts[0][0]
        for first_tick, block in parts:
            if first_tick != expected:
                break
            rows.append(block)
            expected += 5 * len(block)
        joined[topic.removeprefix(prefix)] = np.concatenate(rows)
    return joined
