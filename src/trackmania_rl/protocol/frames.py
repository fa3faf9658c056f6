"""Binary frames: a 16-byte header and little-endian float32 rows.

    offset  type   meaning
    0       u16    0x4D54, "TM"
    2       u8     protocol version
    3       u8     kind of frame
    4       u32    rows
    8       u32    columns
    12      u32    sequence number (batch) or tick of 10 ms since the heat's start, countdown negative (poses)

A pose frame holds `rows` cars of `columns` pose fields. An action frame holds one action per world.
A step frame holds, one after the other: observations (rows, columns) f32, rewards (rows,) f32,
terminated (rows,) u8, truncated (rows,) u8, zero bytes up to a multiple of four, then for the worlds
whose episode ended: their count u32, their indices u32, their final observations (count, columns) f32
and their final info (count, 7) f32, the columns of FINAL_INFO.
An observation frame (answer to a reset) holds observations only.
A picture frame (of a hosted environment) holds a JPEG of `rows` x `columns` pixels; its sequence number is
the step of the episode.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol import PROTOCOL_VERSION

Floats = NDArray[np.float32]

MAGIC = 0x4D54
HEADER = struct.Struct("<HBBIIi")


class Kind(IntEnum):
    """Kinds of binary frames."""

    POSES = 1
    ACTIONS = 2
    OBSERVATIONS = 3
    STEP = 4
    PICTURE = 5


class Header(NamedTuple):
    """The first 16 bytes of a frame."""

    kind: Kind
    rows: int
    columns: int
    seq: int


def pack_header(kind: Kind, rows: int, columns: int, seq: int) -> bytes:
    """The header of a frame."""
    return HEADER.pack(MAGIC, PROTOCOL_VERSION, kind, rows, columns, seq)


def unpack_header(data: bytes | memoryview) -> Header:
    """Read the header of a frame.

    Raises:
        ValueError: The bytes are no frame of this protocol version.
    """
    if len(data) < HEADER.size:
        raise ValueError(f"a frame of {len(data)} bytes is shorter than its header of {HEADER.size} bytes")
    magic, version, kind, rows, columns, seq = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise ValueError(
            f"the frame begins with 0x{magic:04x}, expected 0x{MAGIC:04x}: not one of TrackMania RL"
        )
    if version != PROTOCOL_VERSION:
        raise ValueError(
            f"the frame is of protocol {version}, this side speaks {PROTOCOL_VERSION}: update the older one"
        )
    if kind not in Kind._value2member_map_:
        raise ValueError(f"frame kind {kind} is unknown, expected one of {[int(k) for k in Kind]}")
    return Header(Kind(kind), rows, columns, seq)


CAUSES = ("", "finish", "stuck", "off_road", "time_limit", "fault")
"""Why an episode ended; the index is the cause code of the final info. After a fault of the simulation, a
state that is no longer a number, the final observation is the next episode's first one."""
FINAL_INFO = (
    "finished", "lap_time", "track_completion", "episode_return", "cause", "start_distance", "distance",
)  # fmt: skip
"""Columns of the final info: times in s, distances along the track past its start in m."""


class Step(NamedTuple):
    """What a step frame holds, for n worlds of which m have ended their episode.

    Attributes:
        observations: Flat observations after the step, of the new episode where one has ended, (n, columns).
        rewards: (n,).
        terminated: The episode ended by what happened in it, (n,) bool.
        truncated: The episode was cut off by the clock, (n,) bool.
        ended: Indices of the worlds whose episode ended, (m,).
        final_observations: Last observations of those episodes, (m, columns).
        final_info: Their FINAL_INFO, NaN where the environment says nothing, (m, 7).
    """

    observations: Floats
    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    ended: NDArray[np.uint32]
    final_observations: Floats
    final_info: Floats


def pack_rows(kind: Kind, rows: Floats, seq: int) -> bytes:
    """A frame that holds one array of (rows, columns)."""
    return pack_header(kind, rows.shape[0], rows.shape[1], seq) + _float_bytes(rows)


def unpack_rows(data: bytes | memoryview, kind: Kind) -> tuple[Floats, int]:
    """The array of a frame and its sequence number; the array shares the frame's memory.

    Raises:
        ValueError: The frame is of another kind, or cut off.
    """
    header = _expected(data, kind)
    size = HEADER.size + 4 * header.rows * header.columns
    if len(data) != size:
        raise ValueError(f"the frame has {len(data)} bytes, expected {size}: {header}")
    return _floats(data, HEADER.size, header.rows, header.columns), header.seq


def pack_step(step: Step, seq: int) -> bytes:
    """A step frame."""
    rows, columns = step.observations.shape
    flags = step.terminated.tobytes() + step.truncated.tobytes()
    return b"".join(
        (
            pack_header(Kind.STEP, rows, columns, seq),
            _float_bytes(step.observations),
            _float_bytes(step.rewards),
            flags + bytes(-len(flags) % 4),
            len(step.ended).to_bytes(4, "little"),
            np.asarray(step.ended, "<u4").tobytes(),
            _float_bytes(step.final_observations),
            _float_bytes(step.final_info),
        )
    )


def unpack_step(data: bytes | memoryview) -> tuple[Step, int]:
    """The content of a step frame and its sequence number.

    Raises:
        ValueError: The frame is of another kind, or cut off.
    """
    header = _expected(data, Kind.STEP)
    rows, columns = header.rows, header.columns
    at = HEADER.size + 4 * rows * columns
    flags_at = at + 4 * rows
    count_at = flags_at + 2 * rows + -2 * rows % 4
    if len(data) < count_at + 4:
        raise ValueError(f"the frame has {len(data)} bytes, expected at least {count_at + 4}: {header}")
    (ended,) = struct.unpack_from("<I", data, count_at)
    final_at = count_at + 4 + 4 * ended
    info_at = final_at + 4 * ended * columns
    size = info_at + 4 * ended * len(FINAL_INFO)
    if len(data) != size:
        raise ValueError(f"the frame has {len(data)} bytes, expected {size}: {header}, {ended} ended")
    flags = np.frombuffer(data, np.bool_, 2 * rows, flags_at)
    step = Step(
        observations=_floats(data, HEADER.size, rows, columns),
        rewards=_floats(data, at, 1, rows)[0],
        terminated=flags[:rows],
        truncated=flags[rows:],
        ended=np.frombuffer(data, "<u4", ended, count_at + 4),
        final_observations=_floats(data, final_at, ended, columns),
        final_info=_floats(data, info_at, ended, len(FINAL_INFO)),
    )
    return step, header.seq


def _expected(data: bytes | memoryview, kind: Kind) -> Header:
    header = unpack_header(data)
    if header.kind is not kind:
        raise ValueError(f"the frame holds {header.kind.name.lower()}, expected {kind.name.lower()}")
    return header


def _floats(data: bytes | memoryview, offset: int, rows: int, columns: int) -> Floats:
    return np.frombuffer(data, "<f4", rows * columns, offset).reshape(rows, columns)


def _float_bytes(values: Floats) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
