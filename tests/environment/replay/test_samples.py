"""Blocks of a drive: rounded poses, an exact tape, digests; damaged ones."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trackmania_rl.environment.replay.samples import (
    SECOND,
    STEPS,
    decode,
    digests,
    encode,
    exact_block,
    joined,
)
from trackmania_rl.protocol.poses import ACTION_STEP, POSE_FIELDS, STATE_OUT, on_grid

COLUMNS = len(POSE_FIELDS)
SIZES = np.array([STEPS[name] for name in POSE_FIELDS])
STATE = POSE_FIELDS.index("state")


def drive(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    poses = (random.normal(0, 50, (rows, COLUMNS))).astype(np.float32)
    poses[:, STATE] = random.integers(0, 16, rows)
    return poses, on_grid(random.uniform(-1, 1, (rows, 3)).astype(np.float32))


@given(st.integers(0, 2**32 - 1), st.integers(1, 65), st.booleans())
def test_a_drive_comes_back_rounded_and_its_tape_exactly(first_tick: int, rows: int, taped: bool) -> None:
    poses, tape = drive(rows, rows)
    block = exact_block(first_tick, poses, tape if taped else tape[:0])
    back = decode(encode(block))
    assert back.first_tick == first_tick
    assert np.all(np.abs(back.poses - poses) <= 0.5 * SIZES + 1e-5)
    np.testing.assert_array_equal(back.tape, tape if taped else tape[:0])
    np.testing.assert_array_equal(back.digests, digests(poses))
    # What was rounded once is not rounded again.
    again = decode(encode(back))
    np.testing.assert_array_equal(again.poses, back.poses)
    np.testing.assert_array_equal(again.digests, back.digests)


@given(arrays.arrays(np.uint32, (3, COLUMNS), elements=st.integers(0, 2**32 - 1)))
def test_any_numbers_can_be_written(bits: np.ndarray) -> None:
    poses = bits.view(np.float32).copy()
    poses[:, STATE] = 0
    back = decode(encode(exact_block(0, poses, np.zeros((0, 3), np.float32))))
    assert np.isfinite(back.poses).all()
    near = np.abs(poses) < 1000
    assert np.all((np.abs(back.poses - poses) <= 0.5 * SIZES + 1e-4)[near])


def test_the_digest_sees_the_last_bit_but_not_who_is_out() -> None:
    poses, _ = drive(45)
    before = digests(poses)
    assert len(before) == 3
    out = poses.copy()
    out[:, STATE] = out[:, STATE].astype(int) | STATE_OUT
    np.testing.assert_array_equal(digests(out), before)
    poses[SECOND, 4] = np.nextafter(poses[SECOND, 4], np.float32(np.inf))
    assert (digests(poses) == before).tolist() == [True, False, True]


def test_blocks_are_joined_up_to_a_gap() -> None:
    poses, tape = drive(50)
    parts = [exact_block(100 + 5 * k, poses[k : k + 20], tape[k : k + 20]) for k in (0, 20, 40)]
    whole = joined(parts)
    np.testing.assert_array_equal(whole.poses, poses)
    np.testing.assert_array_equal(whole.digests, digests(poses))
    assert len(joined([parts[0], parts[2]]).poses) == 20
    assert len(joined([parts[2], parts[1]]).poses) == 10


@pytest.mark.parametrize("action", [-1.0, 0.0, 1.0, 0.5])
def test_actions_of_the_grid_stay(action: float) -> None:
    assert on_grid(np.float32(action)) == action
    assert abs(on_grid(np.float32(action + 0.4 * ACTION_STEP)) - action) == 0.0


GOOD = encode(exact_block(0, *drive(25)))


@pytest.mark.parametrize("length", [0, 7, 8, 15, 16, 20])
def test_a_cut_off_block_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="block"):
        decode(GOOD[:length])


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8))
@example([])
def test_a_damaged_block_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(GOOD)
    for place, value in changes:
        damaged[place] = value
    try:
        block = decode(bytes(damaged))
    except ValueError:
        return
    assert block.poses.shape[1] == COLUMNS


def test_a_bomb_is_not_unpacked() -> None:
    import lzma

    bomb = lzma.compress(bytes(50_000_000), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}])
    with pytest.raises(ValueError, match="does not unpack to its"):
        decode(struct.pack("<IHHI", 0, 1, COLUMNS, 0) + bomb)
