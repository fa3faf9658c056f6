"""The road ahead against the track."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, esses

from trackmania_rl.environment.simulator.simulator import HORIZON, Simulator


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
