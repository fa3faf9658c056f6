"""Drives in few bytes: rows of poses rounded for the eye, the tape exactly, and a digest of the exact poses.

A replay can be driven again from its tape, so its poses need only be as fine as can be seen: STEPS. What is
left of a row after it was predicted from the row before takes a few bits:

    position            moves by the mean of the two rows' velocities, and a little off that as before
    steer, gas, brake   are what the tape said one step before
    lap_time, ...       go on as they did: second differences

Layout of a block, little-endian: first tick u32, rows u16, columns u16; a CRC-32 for each started SECOND of
rows, over the exact float32 values; then, packed by LZMA, for every column the zigzag-coded residuals of its
rows in u32, the lowest bytes of all rows first.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import TICKS_PER_STEP
from trackmania_rl.protocol.poses import ACTION_STEP, POSE_FIELDS, STATE_OUT

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

ENCODING = "trackmania-rl-drive"
"""Name of the message encoding in MCAP."""
SECOND = 20
"""Rows per digest."""
TAPE_FIELDS = ("gas", "brake", "steering")

STEPS: dict[str, float] = {
    "x": 2e-3, "y": 2e-3, "z": 2e-3,
    "qx": 1 / 3000, "qy": 1 / 3000, "qz": 1 / 3000, "qw": 1 / 3000,
    "vx": 0.08, "vy": 0.08, "vz": 0.08,
    "steer": ACTION_STEP, "gas": ACTION_STEP, "brake": ACTION_STEP,
    "gear": 1.0, "rpm": 0.02, "progress": 0.02, "lap_time": 1e-3, "state": 1.0,
    "suspension_fl": 0.01, "suspension_fr": 0.01, "suspension_rl": 0.01, "suspension_rr": 0.01,
    "wheel_angle": 0.01,
}  # fmt: skip
"""What one unit of each stored pose column is: metres, quaternion parts (0.04 degrees), m/s, ..."""
_HALVED = ("x", "y", "z", "vx", "vy", "vz", "progress", *POSE_FIELDS[-5:])
"""Columns that format 2 kept twice as fine."""

_STEPS = np.array([STEPS[name] for name in POSE_FIELDS] + [ACTION_STEP] * len(TAPE_FIELDS))
GRIDS = {"2": _STEPS / [2 if name in _HALVED else 1 for name in (*POSE_FIELDS, *TAPE_FIELDS)], "3": _STEPS}
"""The steps of the columns in each format that can be read (script.py); the last is written."""
_POSES = len(POSE_FIELDS)
_DRIVE = _POSES + len(TAPE_FIELDS)
_POSITION, _VELOCITY = slice(0, 3), slice(7, 10)
_PEDALS = [POSE_FIELDS.index(name) for name in ("gas", "brake", "steer")]
_TAPE = slice(_POSES, _DRIVE)
_STATE = POSE_FIELDS.index("state")
_LARGEST = 2.0**29
"""Residuals stay within 32 bits when the values stay within this."""
_HEAD = struct.Struct("<IHH")
_LZMA = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 1 << 16,
        "lc": 0,
        "lp": 0,
        "pb": 0,
    }
]


@dataclass(frozen=True, eq=False)
class Block:
    """Successive rows of one car's drive, 50 ms apart.

    Attributes:
        first_tick: Tick of the first row.
        poses: Rounded poses, (n, len(POSE_FIELDS)).
        tape: The actions driven from each of these moments on, (n, 3), or (0, 3) of a car without a tape.
        digests: CRC-32 of the exact poses of each started second, (ceil(n / SECOND),).
    """

    first_tick: int
    poses: Floats
    tape: Floats
    digests: NDArray[np.uint32]


def digests(poses: Floats) -> NDArray[np.uint32]:
    """CRC-32 of the exact poses of each started second; the bit "out" is the race's, not the physics'."""
    exact = np.array(poses, "<f4")
    exact[:, _STATE] = exact[:, _STATE].astype(np.int32) & ~STATE_OUT
    return np.array(
        [zlib.crc32(exact[k : k + SECOND].tobytes()) for k in range(0, len(exact), SECOND)], np.uint32
    )


def exact_block(first_tick: int, poses: Floats, tape: Floats) -> Block:
    """A block of a drive as it was driven."""
    return Block(first_tick, poses, tape, digests(poses))


def joined(blocks: list[Block]) -> Block:
    """Successive blocks of a car as one; it ends where the next one does not follow."""
    known = blocks[:1]
    for before, block in pairwise(blocks):
        rows = len(before.poses)
        if rows % SECOND or block.first_tick != before.first_tick + TICKS_PER_STEP * rows:
            break
        known.append(block)
    return Block(
        blocks[0].first_tick,
        np.concatenate([block.poses for block in known]),
        np.concatenate([block.tape for block in known]),
        np.concatenate([block.digests for block in known]),
    )


def encode(block: Block) -> bytes:
    """A block in bytes; its poses are rounded."""
    values = np.concatenate([block.poses, block.tape], axis=1) if len(block.tape) else block.poses
    scaled = np.nan_to_num(values / _STEPS[: values.shape[1]], nan=0.0, posinf=0.0, neginf=0.0)
    rest = _predict(np.clip(np.round(scaled), -_LARGEST, _LARGEST).astype(np.int64))
    small = ((rest << 1) ^ (rest >> 63)).astype("<u4").T
    planes = np.ascontiguousarray(small).view(np.uint8).reshape(*small.shape, 4).transpose(0, 2, 1)
    head = _HEAD.pack(block.first_tick, *values.shape)
    packed = lzma.compress(planes.tobytes(), lzma.FORMAT_RAW, filters=_LZMA)
    return head + block.digests.astype("<u4").tobytes() + packed


def decode(data: bytes, format: str = "3") -> Block:
    """The block in these bytes.

    Args:
        data: The bytes.
        format: Of the recording that they are from, one of GRIDS.

    Raises:
        ValueError: The bytes are no block.
    """
    if len(data) < _HEAD.size:
        raise ValueError(f"a block of {len(data)} bytes is shorter than its head of {_HEAD.size} bytes")
    first_tick, rows, columns = _HEAD.unpack_from(data)
    body = _HEAD.size + 4 * -(-rows // SECOND)
    if columns not in (_POSES, _DRIVE) or rows == 0 or len(data) <= body:
        raise ValueError(f"a block of {rows} rows of {columns} has {len(data)} bytes")
    planes = _unpack(data[body:], 4 * rows * columns).reshape(columns, 4, rows)
    small = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<u4")[..., 0].T.astype(np.int64)
    values = (_restore((small >> 1) ^ -(small & 1)) * GRIDS[format][:columns]).astype(np.float32)
    return Block(
        first_tick,
        values[:, :_POSES],
        values[:, _POSES:] if columns == _DRIVE else np.zeros((0, len(TAPE_FIELDS)), np.float32),
        np.frombuffer(data[_HEAD.size : body], "<u4").astype(np.uint32),
    )


def _unpack(packed: bytes, size: int) -> NDArray[np.uint8]:
    """Unpack what must give exactly `size` bytes; it is never given more room."""
    try:
        data = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_LZMA).decompress(packed, size + 1)
    except lzma.LZMAError as error:
        raise ValueError(f"a block's compressed part is damaged ({error})") from error
    if len(data) != size:
        raise ValueError(f"a block does not unpack to its {size} bytes")
    return np.frombuffer(data, np.uint8)


def _predict(rows: Whole) -> Whole:
    """What is left of whole rows (n, columns) after each was predicted from the one before."""
    rest = np.diff(rows, axis=0, prepend=0)
    rest = np.diff(rest, axis=0, prepend=0)
    strayed = rows[:, _POSITION] - _moved(rows)
    rest[:, _POSITION] = np.diff(np.diff(strayed, axis=0, prepend=0), axis=0, prepend=0)
    rest[:, _TAPE] = np.diff(rows[:, _TAPE], axis=0, prepend=0)
    rest[:, _PEDALS] = rows[:, _PEDALS]
    rest[1:, _PEDALS] -= rows[:-1, _TAPE if rows.shape[1] == _DRIVE else _PEDALS]
    return rest


def _restore(rest: Whole) -> Whole:
    """The rows of which `_predict` left this."""
    rows = np.cumsum(np.cumsum(rest, axis=0), axis=0)
    rows[:, _TAPE] = np.cumsum(rest[:, _TAPE], axis=0)
    if rows.shape[1] == _DRIVE:
        rows[:, _PEDALS] = rest[:, _PEDALS]
        rows[1:, _PEDALS] += rows[:-1, _TAPE]
    else:
        rows[:, _PEDALS] = np.cumsum(rest[:, _PEDALS], axis=0)
    rows[:, _POSITION] += _moved(rows)
    return rows


def _moved(rows: Whole) -> Whole:
    """How far a car moved by its velocities [8 cm/s] since the first row [2 mm]: the sum of two is 50 ms."""
    velocity = rows[:, _VELOCITY]
    return np.cumsum(np.concatenate([velocity[:1] * 0, velocity[1:] + velocity[:-1]]), axis=0)
