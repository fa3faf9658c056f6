"""Read recorded races, whole or cut off."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Metadata
from mcap.stream_reader import StreamReader, get_chunk_data_stream
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.replay import samples
from trackmania_rl.environment.replay.samples import Block
from trackmania_rl.environment.replay.script import FORMAT, TICK_NS, About
from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    Car,
    EventMessage,
    Replay,
    ReplayCar,
    ReplayEvent,
    ReplayResult,
    ReplaySummary,
    Weather,
)
from trackmania_rl.protocol.poses import POSE_FIELDS

Floats = NDArray[np.float32]

MAGIC = b"\x89MCAP0\r\n"
"""How an MCAP file begins."""
RECORD_MAX = 1 << 28
"""Largest record that is believed [bytes]; a damaged length would ask for more memory than there is."""
UNPACKED_MAX = 1 << 29
"""Most that a file may unpack to [bytes]; an hour of sixteen cars with their sensors takes almost all."""
ROWS_MAX = 2_000_000
"""Most rows of poses in a file: an hour of 27 cars."""
CUT_OFF = (McapError, zstandard.ZstdError, struct.error, OverflowError, MemoryError, ValueError)
"""What reading runs into where a file was cut off or is damaged."""
_LAP_TIME = POSE_FIELDS.index("lap_time")


@dataclass(frozen=True)
class Recorded:
    """A recorded race.

    Attributes:
        about: What it is of.
        poses: Poses of each car at 20 Hz from the start, rounded, (n, len(POSE_FIELDS)), by agent.
        inputs: The actions driven from each of those moments on, (n, 3), by agent; none of ghosts.
        digests: A digest of the exact poses of each started second (samples.digests), by agent.
        events: What happened.
        complete: The heat was recorded to its end.
        size_bytes: Size of the file.
    """

    about: About
    poses: dict[str, Floats] = field(default_factory=dict)
    inputs: dict[str, Floats] = field(default_factory=dict)
    digests: dict[str, NDArray[np.uint32]] = field(default_factory=dict)
    events: list[EventMessage] = field(default_factory=list)
    complete: bool = False
    size_bytes: int = 0

    @property
    def duration(self) -> float:
        """Length of the recording [s]."""
        return max((len(rows) - 1 for rows in self.poses.values()), default=0) / CONTROL_HZ

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
            rate_hz=CONTROL_HZ,
            pose_fields=list(POSE_FIELDS),
            cars=[self._replay_car(car) for car in about.cars],
            events=[
                ReplayEvent(
                    kind=event.kind,
                    time=event.time,
                    agent_id=event.agent_id,
                    value=event.value,
                    other=event.other,
                )
                for event in self.events
            ],
            physics=about.physics,
            seed=about.seed,
            complete=self.complete,
            weather=self._weather(),
        )

    def _weather(self) -> list[Weather] | None:
        """The weather at each second."""
        if self.about.weather is None:
            return None
        forecast = weathers.forecast(self.about.weather)
        return [forecast.weather(float(second)) for second in range(math.ceil(self.duration) + 1)]

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
    head, entries = opened(path)
    complete = False
    blocks: dict[str, list[Block]] = {}
    events: list[EventMessage] = []
    rows = 0
    try:
        for entry in entries:
            kind, _, agent_id = entry.topic.partition("/")
            if kind == "result":
                complete = True
            elif kind == "events":
                events.append(msgspec.json.decode(entry.data, type=EventMessage))
            elif kind == "drive":
                block = samples.decode(entry.data, head.format)
                rows += len(block.poses)
                if rows > ROWS_MAX:
                    raise ValueError(f"more than {ROWS_MAX} rows of poses")
                blocks.setdefault(agent_id, []).append(block)
        size_bytes = path.stat().st_size
    except InputError:
        raise
    except OSError as error:  # deleted meanwhile
        raise _unreadable(path, error) from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise InputError(f"{path.name} is damaged: {error}", field="replay") from error
    drives = {agent_id: samples.joined(parts) for agent_id, parts in blocks.items()}
    return Recorded(
        about=head.about,
        poses={agent_id: drive.poses for agent_id, drive in drives.items()},
        inputs={agent_id: drive.tape for agent_id, drive in drives.items() if len(drive.tape)},
        digests={agent_id: drive.digests for agent_id, drive in drives.items()},
        events=events,
        complete=complete,
        size_bytes=size_bytes,
    )


@dataclass(frozen=True)
class Head:
    """How a recording begins.

    Attributes:
        about: What it is of.
        start: Time of tick 0 [ns since 1970].
        format: Of the file, one of samples.GRIDS.
    """

    about: About
    start: int
    format: str


@dataclass(frozen=True)
class Entry:
    """A message of a recording, or its end.

    Attributes:
        topic: As in script.py; "result" at the end of one that is whole.
        tick: When.
        data: The message.
    """

    topic: str
    tick: int
    data: bytes


def opened(path: Path) -> tuple[Head, Iterator[Entry]]:
    """What a recording is of, and what follows, up to where it is cut off.

    Raises:
        InputError: The file is missing, no recording, or of another format; while iterating: damaged.
    """
    records = _records(path)
    for record in records:
        if isinstance(record, Metadata) and record.name == "race":
            head = _head(record.metadata, path.name)
            return head, _entries(records, head, path.name)
    raise InputError(f"{path.name} is no recording of a race: it says nothing about one", field="replay")


def _head(told: dict[str, str], source: str) -> Head:
    """What a file says of itself."""
    format = told.get("format", "1")
    if format not in samples.GRIDS:
        raise InputError(
            f"{source} is a replay of format {format}, this program reads formats {min(samples.GRIDS)} to "
            f"{FORMAT}: open it with the release that recorded it",
            field="replay",
        )
    try:
        return Head(msgspec.json.decode(told["about"], type=About), int(told["start"]), format)
    except (ValueError, KeyError, msgspec.MsgspecError) as error:
        raise InputError(f"{source} is damaged: {error}", field="replay") from error


def _entries(records: Iterator[Any], head: Head, source: str) -> Iterator[Entry]:
    """The messages among the records, and the end."""
    topics: dict[int, str] = {}
    for record in records:
        if isinstance(record, Channel):
            topics[record.id] = record.topic
        elif isinstance(record, Message):
            if record.channel_id not in topics:
                raise InputError(f"{source} is damaged: a message on no channel", field="replay")
            tick = (record.log_time - head.start) // TICK_NS
            yield Entry(topics[record.channel_id], tick, record.data)
        elif isinstance(record, Metadata) and record.name == "result":
            yield Entry("result", 0, b"")


def _records(path: Path) -> Iterator[Any]:
    """The records of a file, up to where it is cut off.

    Raises:
        InputError: There is no such file, or it is no MCAP.
    """
    try:
        with path.open("rb") as file:
            if (begun := file.read(len(MAGIC))) != MAGIC:
                found = "begins otherwise" if begun else "is empty"
                raise InputError(
                    f"{path.name} is no MCAP file, expected a recorded race: it {found}", field="replay"
                )
            file.seek(0)
            reader = StreamReader(file, emit_chunks=True, validate_crcs=True, record_size_limit=RECORD_MAX)
            room = UNPACKED_MAX
            try:
                for record in reader.records:
                    if isinstance(record, Chunk):
                        room -= _unpacked_size(record)
                        if room < 0:
                            return
                        yield from _inside(record)
                    else:
                        yield record
            except CUT_OFF:
                return
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot read {path}: {error.strerror}, expected a recorded race", status=404, field="replay"
    )


def _inside(chunk: Any) -> Iterator[Any]:
    """The records in a chunk; what is none ends it, so that it costs no time to skip much of nothing.

    Raises:
        ValueError: There is something else.
    """
    stream, size = get_chunk_data_stream(chunk, validate_crc=True)
    while stream.count < size:
        kind, length = stream.read1(), stream.read8()
        if kind == Opcode.MESSAGE:
            yield Message.read(stream, length)
        elif kind == Opcode.CHANNEL:
            yield Channel.read(stream)
        elif kind == Opcode.SCHEMA:
            stream.read(length)
        else:
            raise ValueError(f"a record of kind {kind} in a chunk")


def _unpacked_size(chunk: Any) -> int:
    """Bytes that a chunk unpacks to.

    Raises:
        ValueError: It is packed otherwise than we do, or what it says of its size is not true.
    """
    size = int(chunk.uncompressed_size)
    told = zstandard.frame_content_size(chunk.data) if chunk.compression == "zstd" else len(chunk.data)
    if chunk.compression not in ("", "zstd") or told not in (size, -1):
        raise ValueError(f"a chunk of {size} bytes holds {told} bytes of «{chunk.compression}»")
    return size
