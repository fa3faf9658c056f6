"""The faults that `bench faults` makes, small: what was acknowledged is there, and all work again.

Learners that are killed are in tests/model/test_resume.py, the model service in test_model_server.py.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from trackmania_rl.bench import faults
from trackmania_rl.environment.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.service import running

pytestmark = pytest.mark.faults


def first_number(text: str) -> float:
    return float(text.split()[0])


def test_a_killed_environment_loses_at_most_the_last_second() -> None:
    outcome = faults.environment_killed(seconds=2.5)
    assert first_number(outcome.lost) <= 1.5  # a second is written at once; what is on its way comes on top


def test_an_environment_that_is_asked_to_stop_loses_nothing() -> None:
    outcome = faults.environment_stopped()
    assert first_number(outcome.lost) <= 0.1
    assert outcome.happened == "viewers got a goodbye and close code 1012"


def test_a_cut_network_stops_no_race() -> None:
    outcome = faults.network_cut(1.0)
    assert "the race went on" in outcome.happened


def test_a_full_disk_stops_no_race() -> None:
    outcome = faults.disk_full()
    assert "the race went on" in outcome.happened
    assert first_number(outcome.lost) <= 1.5


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_jump_of_the_clock_is_not_felt(
    jump: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    race = Race("main", library.load("sprint"), Rules(countdown=0.1))
    with running(environment_app([race])) as url, faults._driver(url) as driver:
        driver.until(lambda: driver.lap_time > 0.2)
        wall = time.time
        monkeypatch.setattr(time, "time", lambda: wall() + jump)
        monkeypatch.setattr(time, "time_ns", lambda: int((wall() + jump) * 1e9))
        began, at = time.monotonic(), driver.lap_time
        driver.until(lambda: driver.lap_time >= at + 1.0)
        assert 0.5 < time.monotonic() - began < 20.0
