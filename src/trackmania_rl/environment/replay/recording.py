"""Write a race to an MCAP file while it is driven.

Everything slow (compressing, writing) happens in a thread of its own, a second of the race at a time, so
the race is never held up and a crash or a full disk loses at most the last second.

    metadata "race"     About, as JSON: track and its hash, physics, seed, cars, start positions
    poses/<agent>       blocks of POSE_FIELDS at 20 Hz, exact (samples.py)
    inputs/<agent>      blocks of the actions driven from each of those moments on: the tape
    events              EventMessage as JSON
    scene               foxglove.PosesInFrame as JSON at 2 Hz, for other tools
    metadata "result"   written when the heat ended: that the file is whole
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import CompressionType, Writer
from numpy.typing import NDArray

from trackmania_rl.environment.replay import samples
from trackmania_rl.protocol.messages import Car, EventMessage
from trackmania_rl.protocol.poses import POSE_FIELDS

Floats = NDArray[np.float32]

PART = ".part"
"""Ending of a file that is still being written."""
BLOCK = 20
"""Rows in a block: one second."""
INPUT_FIELDS = ("gas", "brake", "steering")
SCENE_ROWS = 10
"""Every so many rows a pose goes to other tools."""
TICK_NS = 10_000_000

logger = logging.getLogger(__name__)


class About(msgspec.Struct, kw_only=True):
    """What a recording is of.

    Attributes:
        id: Its name.
        track: Id of the track.
        track_name: Title of the track.
        track_hash: Hash of everything about the track that a drive depends on.
        recorded: When it started, ISO 8601.
        physics: Version of the physics that drove it.
        seed: Seed of the race.
        cars: Who drove, in the order of the start grid; ghosts last.
        lateral: Start positions of those who are no ghosts, to the left of the centre-line [m].
    """

    id: str
    track: str
    track_name: str
    track_hash: str
    recorded: str
    physics: str
    seed: int
    cars: list[Car]
    lateral: list[float]


def new_id(track: str, heat: int) -> str:
    """An id for a recording: track, time and heat."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
    return f"{track[:32].rstrip('.:')}-{now}-{heat}"


class Recording:
    """A race on its way to the disk.

    Args:
        folder: Where its file `<id>.mcap` appears when it is whole; until then it is `<id>.mcap.part`.
        about: What it is of.

    Attributes:
        id: Its name.
        closing: No more samples are taken.
        closed: Set when the file is whole, or was given up.
        failure: Why it was given up, or None.
    """

    def __init__(self, folder: Path, about: About) -> None:
        self.id = about.id
        self.path = folder / f"{about.id}.mcap"
        self.closing = False
        self.closed = threading.Event()
        self.failure: str | None = None
        self._kept = True
        self._about = about
        self._rows: dict[str, list[Floats]] = {}
        self._inputs: dict[str, list[Floats]] = {}
        self._first_tick: dict[str, int] = {}
        self._work: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"recording {about.id}", daemon=True)
        self._thread.start()

    def sample(self, tick: int, rows: dict[str, Floats], inputs: dict[str, Floats]) -> None:
        """Take the cars' poses at a tick, and the actions that are driven from then on."""
        for agent_id, row in rows.items():
            self._first_tick.setdefault(agent_id, tick)
            self._rows.setdefault(agent_id, []).append(row)
            if agent_id in inputs:
                self._inputs.setdefault(agent_id, []).append(inputs[agent_id])
        if any(len(known) >= BLOCK for known in self._rows.values()):
            self._hand_over()

    def event(self, event: EventMessage) -> None:
        """Take an event."""
        self._work.put(event)

    def close(self, *, complete: bool = True, keep: bool = True) -> None:
        """Take no more; the thread writes what is left and closes the file.

        Args:
            complete: The heat was recorded to its end.
            keep: False deletes the file: nobody drove.
        """
        if not self.closing:
            self.closing = True
            self._hand_over()
            self._kept = keep
            self._work.put(complete)

    @property
    def replay(self) -> str | None:
        """Id under which the recording is kept, or None if it is not."""
        return self.id if self._kept and self.failure is None else None

    def wait(self) -> None:
        """Wait until the file is closed."""
        self._thread.join()

    def _hand_over(self) -> None:
        """Give the rows so far to the thread."""
        if self._rows:
            self._work.put((self._first_tick, self._rows, self._inputs))
            self._first_tick, self._rows, self._inputs = {}, {}, {}

    # --- in the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._write()
        except OSError as error:
            self.failure = f"the recording {self.id} was given up: {error.strerror or error}"
            logger.error(self.failure)
        finally:
            self.closed.set()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + PART)
        with part.open("wb") as file:
            script = _Script(file, self._about)
            while not isinstance(work := self._work.get(), bool):
                if isinstance(work, EventMessage):
                    script.event(work)
                else:
                    script.blocks(*work)
            script.finish(complete=work)
            file.flush()
            os.fsync(file.fileno())
        if self._kept:
            part.rename(self.path)
        else:
            part.unlink()


class _Script:
    """The MCAP file: its channels, and what is written to them."""

    def __init__(self, file: BinaryIO, about: About) -> None:
        self.start = time.time_ns()
        self.channels: dict[str, int] = {}
        self.writer: Any = Writer(file, chunk_size=1 << 24, compression=CompressionType.ZSTD)
        self.writer.start(profile="", library="trackmania-rl")
        self.writer.add_metadata("race", {"about": msgspec.json.encode(about).decode()})
        file.flush()

    def event(self, event: EventMessage) -> None:
        """An event; it is on the disk with the second that it belongs to."""
        channel = self._channel("events", "trackmania_rl.Event", MessageEncoding.JSON, _EVENT_SCHEMA)
        self._message(channel, round(event.time * 100), msgspec.json.encode(event))

    def blocks(
        self, first: dict[str, int], rows: dict[str, list[Floats]], inputs: dict[str, list[Floats]]
    ) -> None:
        """A second of poses and inputs of every car."""
        for agent_id, poses in rows.items():
            tick = first[agent_id]
            channel = self._channel(
                f"poses/{agent_id}", "trackmania_rl.Poses", samples.ENCODING, _POSE_SCHEMA
            )
            self._message(channel, tick, samples.encode(tick, np.stack(poses)))
        for agent_id, actions in inputs.items():
            tick = first[agent_id]
            channel = self._channel(
                f"inputs/{agent_id}", "trackmania_rl.Inputs", samples.ENCODING, _INPUT_SCHEMA
            )
            self._message(channel, tick, samples.encode(tick, np.stack(actions)))
        self._scene(first, rows)
        self.writer.flush()

    def finish(self, *, complete: bool) -> None:
        """The end of the file."""
        if complete:
            self.writer.add_metadata("result", {"complete": "true"})
        self.writer.finish()

    def _scene(self, first: dict[str, int], rows: dict[str, list[Floats]]) -> None:
        """The cars' places for other tools, a few times a second."""
        channel = self._channel("scene", "foxglove.PosesInFrame", MessageEncoding.JSON, _SCENE_SCHEMA)
        for k in range(0, max(map(len, rows.values())), SCENE_ROWS):
            tick = min(first.values()) + 5 * k
            poses = [_foxglove_pose(known[k]) for known in rows.values() if k < len(known)]
            moment = self.start + tick * TICK_NS
            stamp = {"sec": moment // 10**9, "nsec": moment % 10**9}
            scene = {"timestamp": stamp, "frame_id": "world", "poses": poses}
            self._message(channel, tick, msgspec.json.encode(scene))

    def _channel(self, topic: str, schema: str, encoding: str, definition: bytes) -> int:
        if topic not in self.channels:
            schema_id = self.writer.register_schema(schema, SchemaEncoding.JSONSchema, definition)
            self.channels[topic] = self.writer.register_channel(topic, encoding, schema_id)
        return self.channels[topic]

    def _message(self, channel: int, tick: int, data: bytes) -> None:
        moment = self.start + tick * TICK_NS
        self.writer.add_message(channel, log_time=moment, data=data, publish_time=moment)


def _foxglove_pose(row: Floats) -> dict[str, dict[str, float]]:
    x, y, z, qx, qy, qz, qw = (round(float(value), 3) for value in row[:7])
    return {"position": {"x": x, "y": y, "z": z}, "orientation": {"x": qx, "y": qy, "z": qz, "w": qw}}


def _block_schema(title: str, columns: tuple[str, ...]) -> bytes:
    """Says what the columns of a block are; how a block is coded is in docs/replay.md."""
    return msgspec.json.encode({"title": title, "type": "string", "columns": columns, "rate_hz": 20.0})


def _numbers(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "number"} for name in names}}


_POSE_SCHEMA = _block_schema("trackmania_rl.Poses", POSE_FIELDS)
_INPUT_SCHEMA = _block_schema("trackmania_rl.Inputs", INPUT_FIELDS)
_EVENT_SCHEMA = msgspec.json.encode(msgspec.json.schema(EventMessage))
_SCENE_SCHEMA = msgspec.json.encode(
    {
        "title": "foxglove.PosesInFrame",
        "type": "object",
        "properties": {
            "timestamp": {
                "type": "object",
                "title": "time",
                "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}},
            },
            "frame_id": {"type": "string"},
            "poses": {
                "type": "array",
                "items": {
                    "title": "foxglove.Pose",
                    "type": "object",
                    "properties": {
                        "position": _numbers("x", "y", "z"),
                        "orientation": _numbers("x", "y", "z", "w"),
                    },
                },
            },
        },
    }
)
