"""Ghost files for tests: rows of bytes as the game writes them, in containers of its three kinds."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from trackmania_rl.environment.tracks.track import Track

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
REPLAY, GHOST = 0x03093000, 0x03092000
VEHICLE = 0x0A018000


def container(kind: int, body: bytes) -> bytes:
    """A file of the game with an uncompressed body and no header chunks."""
    return b"GBX" + struct.pack("<H4sIIII", 6, b"BUUR", kind, 0, 1, 0) + body


def chunk(version: int, unpacked: bytes, announced: int | None = None) -> bytes:
    """The node with the recorded rows."""
    packed = zlib.compress(unpacked)
    size = len(unpacked) if announced is None else announced
    return struct.pack("<5I", 0x0911F000, 0x0911F000, version, size, len(packed)) + packed


def row(position: np.ndarray, velocity: np.ndarray, width: int = 116) -> bytes:
    """A row of a car that points where it goes, on level ground."""
    data = bytearray(width)
    speed = float(np.linalg.norm(velocity))
    yaw = np.arctan2(velocity[0], velocity[2])
    half = yaw / 2 % np.pi
    heading = np.arctan2(velocity[1], velocity[0])
    climb = np.arcsin(velocity[2] / speed)
    struct.pack_into("<H", data, 2, 32768 + round(4.0 / 2000 * 65536))
    data[5], data[14], data[15], data[18] = 60, 254, 255, 128
    data[21], data[24], data[26], data[28], data[30] = 7, 16, 6, 2, 74
    data[31], data[32], data[33], data[89], data[91] = 0x82, 0xC0, 42, 3, 13
    struct.pack_into(
        "<3fHhhhbb",
        data,
        47,
        *position,
        round(half / np.pi * 65535),
        round(0.5 * 32767),  # the axis points up: heading 90 degrees, no pitch
        0,
        round(1000 * np.log(speed)),
        round(heading / np.pi * 127),
        round(climb / np.pi * 2 * 127),
    )
    return bytes(data)


def record(version: int, rows: list[bytes]) -> bytes:
    """The unpacked chunk: a thinned copy of the drive, something else, and the drive."""
    kinds = (VEHICLE, 0x0A019000)
    entities = ((0, 20), (1, 10), (0, 1))
    out = struct.pack("<3I", 0, 50 * len(rows), len(kinds))
    for kind in kinds:
        out += struct.pack("<5I2sI", kind, 1, 2, 3, 2, b"??", 5)
    out += struct.pack("<4I", 1, 7, 8, VEHICLE)
    out += b"\1"
    for number, (kind, step) in enumerate(entities):
        out += struct.pack("<5I", kind, 0, 0, 0, 0)
        times = range(10, 10 + 50 * len(rows), 50 * step)
        out += (spread if version >= 11 else listed)(times, rows[::step])
        out += struct.pack("<B", number + 1 < len(entities))
        out += struct.pack("<B3I3sB", 1, 0, 0, 3, b"abc", 0)  # a further change, and no more
    return out + b"\0" + struct.pack("<I", 0)


def spread(times: range, rows: list[bytes]) -> bytes:
    """Rows as version 11 stores them: by column, as changes."""
    table = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1).T
    steps = np.diff(times, prepend=0).astype("<i4")
    changes = np.diff(table, axis=1, prepend=np.uint8(0))
    return struct.pack("<2I", len(rows), len(table)) + steps.tobytes() + changes.tobytes()


def listed(times: range, rows: list[bytes]) -> bytes:
    """Rows as version 10 stores them: one by one."""
    parts = (struct.pack("<BiI", 1, time, len(row)) + row for time, row in zip(times, rows, strict=True))
    return b"".join(parts) + b"\0"


def along(track: Track, speed: float, seconds: float, width: int = 116) -> list[bytes]:
    """Rows of a car that follows the middle of a track's road."""
    rows = []
    for k in range(int(seconds * 20) + 1):
        arc = track.start + speed * k / 20
        n = int(np.argmin(np.abs(track.arc - arc)))
        tangent = track.tangent[n].astype(float)
        rows.append(row(track.position[n] + (arc - track.arc[n]) * tangent, speed * tangent, width))
    return rows
