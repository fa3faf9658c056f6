"""Rows of float32 in few bytes, exactly.

A car's numbers change smoothly, so the second difference of their bit patterns in time is small. Layout
of a block: first tick u32, rows u16, columns u16, then for every column the zigzag-coded second
differences of its `rows` bit patterns, the lowest bytes of all rows first. What is left of it after
zstd is about a third of the plain floats.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ENCODING = "trackmania-rl-samples"
"""Name of the message encoding in MCAP."""

_HEAD = struct.Struct("<IHH")


def encode(first_tick: int, rows: Floats) -> bytes:
    """A block of rows (n, columns), one per step of 50 ms from `first_tick`."""
    bits = np.ascontiguousarray(rows, "<f4").view("<u4")
    change = np.diff(np.diff(bits, axis=0, prepend=np.uint32(0)), axis=0, prepend=np.uint32(0))
    small = (change << np.uint32(1)) ^ (np.uint32(0) - (change >> np.uint32(31)))
    planes = np.ascontiguousarray(small.T).view(np.uint8).reshape(*small.T.shape, 4).transpose(0, 2, 1)
    return _HEAD.pack(first_tick, *rows.shape) + planes.tobytes()


def decode(block: bytes) -> tuple[int, Floats]:
    """First tick and rows of a block.

    Raises:
        ValueError: The bytes are no block.
    """
    if len(block) < _HEAD.size:
        raise ValueError(f"a block of {len(block)} bytes is shorter than its head of {_HEAD.size} bytes")
    first_tick, rows, columns = _HEAD.unpack_from(block)
    if len(block) != _HEAD.size + 4 * rows * columns:
        raise ValueError(f"a block of {rows} rows of {columns} has {len(block)} bytes")
    planes = np.frombuffer(block, np.uint8, offset=_HEAD.size).reshape(columns, 4, rows)
    small = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<u4")[..., 0].T
    change = (small >> np.uint32(1)) ^ (np.uint32(0) - (small & np.uint32(1)))
    bits = np.cumsum(np.cumsum(change, axis=0, dtype=np.uint32), axis=0, dtype=np.uint32)
    return first_tick, bits.view(np.float32)
