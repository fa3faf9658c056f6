"""Binary frames: what goes in comes out, and damage is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.frames import (
    FINAL_INFO,
    Kind,
    Step,
    pack_header,
    pack_rows,
    pack_step,
    unpack_header,
    unpack_rows,
    unpack_step,
)


def a_step(worlds: int, ended: list[int]) -> Step:
    random = np.random.default_rng(worlds)
    return Step(
        observations=random.normal(size=(worlds, 7)).astype(np.float32),
        rewards=random.normal(size=worlds).astype(np.float32),
        terminated=np.isin(np.arange(worlds), ended[::2]),
        truncated=np.isin(np.arange(worlds), ended[1::2]),
        ended=np.array(ended, np.uint32),
        final_observations=random.normal(size=(len(ended), 7)).astype(np.float32),
        final_info=random.normal(size=(len(ended), len(FINAL_INFO))).astype(np.float32),
    )


def test_the_header_is_as_documented() -> None:
    assert pack_header(Kind.POSES, 3, 5, -100).hex(" ") == (
        f"4d 54 0{PROTOCOL_VERSION} 01 03 00 00 00 05 00 00 00 9c ff ff ff".replace("4d 54", "54 4d")
    )


def test_rows_come_back() -> None:
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    back, seq = unpack_rows(pack_rows(Kind.ACTIONS, rows, 17), Kind.ACTIONS)
    assert seq == 17
    np.testing.assert_array_equal(back, rows)


@pytest.mark.parametrize(("worlds", "ended"), [(1, []), (1, [0]), (3, [2]), (6, [0, 1, 5]), (257, [3, 256])])
def test_steps_come_back(worlds: int, ended: list[int]) -> None:
    step = a_step(worlds, ended)
    back, seq = unpack_step(pack_step(step, 5))
    assert seq == 5
    for sent, received in zip(step, back, strict=True):
        np.testing.assert_array_equal(sent, received)


@pytest.mark.parametrize("length", [0, 5, 15, 16, 40, 90, 150])
def test_a_cut_off_step_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        unpack_step(pack_step(a_step(3, [1]), 0)[:length])


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [(0, 0, "begins with"), (2, 99, "protocol 99"), (3, 77, "kind 77"), (3, int(Kind.POSES), "holds poses")],
)
def test_a_foreign_frame_is_refused(offset: int, value: int, words: str) -> None:
    frame = bytearray(pack_rows(Kind.ACTIONS, np.zeros((2, 3), np.float32), 0))
    frame[offset] = value
    with pytest.raises(ValueError, match=words):
        unpack_rows(bytes(frame), Kind.ACTIONS)


def test_rows_that_are_not_there_are_noticed() -> None:
    with pytest.raises(ValueError, match="expected 4294967"):
        unpack_rows(pack_header(Kind.ACTIONS, 2**20, 2**10, 0), Kind.ACTIONS)
    assert unpack_header(pack_header(Kind.STEP, 1, 2, 3)).rows == 1
