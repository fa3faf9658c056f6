"""The start grid."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, straight

from trackmania_rl.environment.simulator.grid import start_grid
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.vehicle import HALF_WIDTH, NOSE, TAIL
from trackmania_rl.environment.tracks import library

TRACKS = {
    "sprint": library.load("sprint"),
    "narrow circuit": circle(120.0, half_width=4.0),
    "lane": straight(2000.0, half_width=2.0),
    "no room behind": straight(start=3.0),
}


@pytest.mark.parametrize("name", TRACKS)
@pytest.mark.parametrize("count", [1, 2, 5, 16, 64])
def test_cars_stand_apart_on_the_road(name: str, count: int) -> None:
    track = TRACKS[name]
    arc, lateral = start_grid(track, count)
    assert len(arc) == len(lateral) == count
    node = np.searchsorted(track.arc, arc % track.centreline_length).clip(0, len(track.arc) - 1)
    assert (lateral + HALF_WIDTH <= track.half_width_left[node]).all()
    assert (HALF_WIDTH - lateral <= track.half_width_right[node]).all()
    if not track.closed:
        assert arc.min() >= TAIL  # nobody stands on nothing
    along = np.abs(arc[:, None] - arc) >= NOSE + TAIL
    beside = np.abs(lateral[:, None] - lateral) >= 2 * HALF_WIDTH
    assert (along | beside | np.eye(count, dtype=bool)).all()


def test_a_car_alone_stands_at_the_spawn_point() -> None:
    track = TRACKS["sprint"]
    arc, lateral = start_grid(track, 1)
    assert (arc.tolist(), lateral.tolist()) == ([track.start], [0.0])


def test_every_world_has_the_same_grid() -> None:
    """And the first row is level: who spawns is where the grid says."""
    simulator = Simulator(TRACKS["sprint"], 3, cars_per_world=20)
    arc, lateral = start_grid(simulator.track, 20)
    assert simulator.progress.reshape(3, 20) == pytest.approx(
        np.tile(arc - simulator.track.start, (3, 1)), abs=1e-4
    )
    simulator.spawn([7, 33])
    assert simulator.poses()[[7, 33], 0] == pytest.approx(simulator.poses()[[27, 53], 0])
    assert np.ptp(arc[:8]) == 0.0 and arc[19] < arc[0]
    assert lateral[0] < 0 < lateral[7]  # from right to left
