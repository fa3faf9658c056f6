"""The drivers that need no learning."""

from __future__ import annotations

import numpy as np
import pytest

from trackmania_rl.environment.race.drivers import full_throttle, pursuit
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.tracks import library


@pytest.mark.parametrize("name", library.bundled_ids())
def test_pursuit_finishes_every_bundled_track(name: str) -> None:
    """From the line, in a sane time, without leaving the road."""
    track = library.load(name)
    simulator = Simulator(track, 1)
    while not simulator.finished[0] and simulator.lap_time[0] < track.length / 20.0:
        simulator.step(pursuit(simulator))
        assert not simulator.fallen[0]
    assert simulator.finished[0]


def test_full_throttle_presses_only_the_gas() -> None:
    """One row per car."""
    simulator = Simulator(library.load("sprint"), 3)
    assert np.array_equal(full_throttle(simulator), np.tile([[1, 0, 0]], (3, 1)))
