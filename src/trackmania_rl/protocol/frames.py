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
and their final info (count, 5) f32 = finished, lap time [s], completion, episode return, cause code.
An observation frame (answer to a reset) holds observations only.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from trackmania_rl.protocol import PROTOCOL_VERSION

MAGIC = 0x4D54
HEADER = struct.Struct("<HBBIIi")


class Kind(IntEnum):
    """Kinds of binary frames."""

    POSES = 1
    ACTIONS = 2
    OBSERVATIONS = 3
    STEP = 4


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


CAUSES = ("", "finish", "stuck", "off_road", "time_limit")
"""Why an episode ended; the index is the cause code of the final info."""
FINAL_INFO = ("finished", "lap_time", "track_completion", "episode_return", "cause")
"""Columns of the final info."""
