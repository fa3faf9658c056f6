"""The MCAP file of a recording: what it says of itself, its channels, and how they are written.

metadata "race"     format, time of the start [ns], and About as JSON
drive/<agent>       blocks of poses and tape at 20 Hz (samples.py)
events              EventMessage as JSON
rewards             rewards of the steps of a second by agent, as JSON; if asked for
scene, transforms   foxglove.SceneUpdate (track, cars) and foxglove.FrameTransforms (where they are)
lidar/<agent>       foxglove.LaserScan at 20 Hz; if asked for
metadata "result"   written when the heat ended: that the file is whole
"""

from __future__ import annotations

from typing import Any, BinaryIO

import msgspec
from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import CompressionType, Writer

from trackmania_rl.environment.clock import CONTROL_HZ, TICK
from trackmania_rl.environment.replay import foxglove, samples
from trackmania_rl.protocol.messages import Car
from trackmania_rl.protocol.poses import ACTION_STEP, POSE_FIELDS

FORMAT = "3"
"""Version of the layout; 2 had finer steps (samples.GRIDS), 1 held every pose exactly."""
TICK_NS = round(TICK * 1e9)
CHUNK_BYTES = 1 << 24
"""Seldom reached: chunks end where the script is flushed, and the text of a packed file is one."""


class About(msgspec.Struct, kw_only=True):
    """What a recording is of.

    Attributes:
        id: Its name.
        track: Id of the track.
        track_name: Title of the track.
        track_hash: Hash of everything about the track that a drive depends on.
        recorded: When it started, ISO 8601.
        physics: Version of the physics that drove it; "" of a human drive that was imported.
        seed: Seed of the race.
        cars: Who drove, in the order of the start grid; ghosts last.
        lateral: Start positions of those who are no ghosts, to the left of the centre-line [m].
        arc: Likewise along the track [m]; empty: all at the spawn point.
        contact: Whether the cars hit one another.
        weather: Forecast that it was driven in, None without any.
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
    weather: str | None = None
    arc: list[float] = []
    contact: bool = False


class Script:
    """A file that is being written.

    Args:
        file: Where to.
        about: What it is of.
        start: Time of tick 0 [ns since 1970].
    """

    def __init__(self, file: BinaryIO, about: About, start: int) -> None:
        self.start = start
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._writer: Any = Writer(file, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="", library="trackmania-rl")
        told = {"format": FORMAT, "start": str(start), "about": msgspec.json.encode(about).decode()}
        self._writer.add_metadata("race", told)
        self.flush()

    def moment(self, tick: int) -> int:
        """Time of a tick [ns since 1970]."""
        return self.start + tick * TICK_NS

    def add(self, topic: str, tick: int, data: bytes) -> None:
        """A message; its topic is one of those above."""
        moment = self.moment(tick)
        self._writer.add_message(self._channel(topic), log_time=moment, data=data, publish_time=moment)

    def flush(self) -> None:
        """Everything so far to the disk, as a chunk."""
        self._writer.flush()

    def finish(self, *, complete: bool) -> None:
        """The end of the file."""
        if complete:
            self._writer.add_metadata("result", {"complete": "true"})
        self._writer.finish()

    def _channel(self, topic: str) -> int:
        if topic not in self._channels:
            schema, encoding, definition = _KINDS[topic.partition("/")[0]]
            if schema not in self._schemas:
                self._schemas[schema] = self._writer.register_schema(
                    schema, SchemaEncoding.JSONSchema, msgspec.json.encode(definition)
                )
            self._channels[topic] = self._writer.register_channel(topic, encoding, self._schemas[schema])
        return self._channels[topic]


_DRIVE_SCHEMA = {
    "title": "trackmania_rl.Drive",
    "type": "string",
    "rate_hz": CONTROL_HZ,
    "columns": [*POSE_FIELDS, *samples.TAPE_FIELDS],
    "steps": [*samples.STEPS.values(), *[ACTION_STEP] * 3],
}
_REWARDS_SCHEMA = {"title": "trackmania_rl.Rewards", "type": "object", "properties": {}}
_EVENT_SCHEMA = {
    "title": "trackmania_rl.Event",
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("type", "kind", "agent_id", "replay")},
        **{name: {"type": "number"} for name in ("time", "value")},
    },
}
_KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "drive": ("trackmania_rl.Drive", samples.ENCODING, _DRIVE_SCHEMA),
    "events": ("trackmania_rl.Event", MessageEncoding.JSON, _EVENT_SCHEMA),
    "rewards": ("trackmania_rl.Rewards", MessageEncoding.JSON, _REWARDS_SCHEMA),
    "scene": ("foxglove.SceneUpdate", MessageEncoding.JSON, foxglove.SCENE_SCHEMA),
    "transforms": ("foxglove.FrameTransforms", MessageEncoding.JSON, foxglove.TRANSFORMS_SCHEMA),
    "lidar": ("foxglove.LaserScan", MessageEncoding.JSON, foxglove.SCAN_SCHEMA),
}
