"""Blocks of float32 rows come back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trackmania_rl.environment.replay.samples import decode, encode


@given(
    st.integers(0, 2**32 - 1),
    arrays.arrays(
        np.uint32, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.integers(0, 2**32 - 1)
    ),
)
def test_any_bits_come_back(first_tick: int, bits: np.ndarray) -> None:
    tick, rows = decode(encode(first_tick, bits.view(np.float32)))
    assert tick == first_tick
    np.testing.assert_array_equal(rows.view(np.uint32), bits)


@pytest.mark.parametrize("length", [0, 7, 8, 20])
def test_a_cut_off_block_is_refused(length: int) -> None:
    block = encode(0, np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match="bytes"):
        decode(block[:length])
