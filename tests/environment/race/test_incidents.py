"""Which impacts and contacts are news."""

from __future__ import annotations

import numpy as np

from trackmania_rl.environment.race.incidents import IMPACT_MIN, IMPACT_PAUSE, Incidents

HARD = np.array([0.0, IMPACT_MIN + 1.0], np.float32)


def test_an_impact_that_goes_on_is_told_once() -> None:
    incidents = Incidents(2)
    told = [bool(incidents.walls(HARD, tick)) for tick in range(3 * IMPACT_PAUSE)]
    assert told == [True] + [False] * (3 * IMPACT_PAUSE - 1)
    assert incidents.walls(HARD, 4 * IMPACT_PAUSE) == [(1, IMPACT_MIN + 1.0)]
    incidents.forget()
    assert incidents.walls(HARD, 0)


def test_a_gentle_touch_is_no_news() -> None:
    incidents = Incidents(2)
    gentle = np.array([IMPACT_MIN, 0.0], np.float32)
    assert incidents.walls(gentle, 0) == []
    assert incidents.contacts(gentle, np.array([1, 0]), 0) == []


def test_two_cars_that_touch_are_one_contact() -> None:
    incidents = Incidents(2)
    both = np.array([IMPACT_MIN + 1.0, IMPACT_MIN + 1.0], np.float32)
    assert incidents.contacts(both, np.array([1, 0]), 0) == [(0, 1, IMPACT_MIN + 1.0)]
    assert incidents.contacts(both, np.array([1, 0]), 1) == []
