"""The road ahead against the track, and what a car feels of itself."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, esses, straight

from trackmania_rl.environment.simulator import sensors
from trackmania_rl.environment.simulator.simulator import HORIZON, Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD
from trackmania_rl.environment.tracks.track import Surface


def test_the_horizon_is_the_road_ahead() -> None:
    """Each point lies on the centre-line at its distance, seen from the car."""
    track = circle(80.0)
    simulator = Simulator(track, 1)
    points = simulator.horizon().reshape(-1, 5)
    angle = np.array(HORIZON) / 80.0
    assert points[:, 0] == pytest.approx(80.0 - 80.0 * np.cos(angle), abs=0.15)
    assert points[:, 2] == pytest.approx(80.0 * np.sin(angle), abs=0.15)
    assert points[:, 3:] == pytest.approx(12.8, abs=0.01)


def test_a_look_ahead_of_some_cars_is_that_of_all() -> None:
    """Asking for some cars changes nothing but the rows."""
    simulator = Simulator(esses(), 300)
    simulator.spawn(arc=np.linspace(20.0, 400.0, 300))
    some = np.array([7, 299, 0])
    assert np.array_equal(simulator.horizon(some), simulator.horizon()[some])


def test_the_horizon_ends_with_the_road() -> None:
    """Past the end of an open road its last point repeats; a circuit goes on across its seam."""
    simulator = Simulator(straight(384.0), 1)
    simulator.spawn(arc=300.0)
    ahead = simulator.horizon().reshape(-1, 5)[:, 2]
    assert ahead == pytest.approx(np.minimum(HORIZON, 384.0 - 300.0 - CENTRE_FORWARD), abs=1e-2)
    track = circle(80.0)
    simulator = Simulator(track, 2)
    simulator.spawn(arc=[10.0, track.centreline_length - 60.0])
    first, last = simulator.horizon()
    assert last == pytest.approx(first, abs=0.2)


def test_a_car_feels_itself() -> None:
    """Seventeen numbers of order 1, each in the unit that policies have learnt it in."""
    simulator = Simulator(straight(2000.0, half_width=12.8, surface=Surface.DIRT), 1)
    simulator.spawn(arc=100.0, lateral=3.2)
    state = simulator.full_state()
    state[[Field.VX, Field.VY, Field.VZ], 0] = 5.0, -2.0, 40.0
    state[[Field.WX, Field.WY, Field.WZ], 0] = 0.2, -1.0, 0.4
    state[[Field.STEER, Field.GEAR, Field.SHIFT, Field.CUT, Field.TURBO], 0] = 0.5, 3.0, 0.15, 0.06, 0.125
    state[Field.SLIDING] = 1.0
    simulator.restore(state)
    expected = [40.0 / 50, 5.0 / 10, -2.0 / 10]  # forward, left, up
    expected += [0.2 / 2, -1.0 / 2, 0.4 / 2]
    expected += [0.0, 0.0]  # level
    expected += [0.5, 3 / 5, 0.15 / 0.3, 0.125 / 0.25, 1.0, 1.0]
    expected += [9.6 / 12.8, 16.0 / 12.8, 0.65]
    assert sensors.body(simulator)()[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("surface", "grip"), [(0, 1.0), (1, 0.65), (2, 0.45), (3, 0.28), (4, 1.0), (5, 1.0)])
def test_a_car_feels_the_ground_as_policies_have_learnt_it(surface: int, grip: float) -> None:
    simulator = Simulator(straight(surface=Surface(surface)), 1)
    assert sensors.body(simulator)()[0, 16] == np.float32(grip)


@pytest.mark.parametrize(("slope", "bank"), [(0.3, 0.0), (0.0, 0.2)])
def test_a_car_feels_where_down_is(slope: float, bank: float) -> None:
    """Its left axis rises with the bank, its forward axis with the slope."""
    simulator = Simulator(straight(2000.0, slope=slope, bank=bank), 1)
    simulator.spawn(arc=100.0)
    assert sensors.body(simulator)()[0, 6:8] == pytest.approx([np.sin(bank), np.sin(slope)], abs=1e-5)
