"""The faults that `bench faults` makes, small: what was acknowledged is there, and all work again.

The environment's faults share one service: each leaves it in a race again, which is a part of what is tested.
Learners that are killed at random moments are in tests/model/training/test_resume.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackmania_rl.bench import faults
from trackmania_rl.bench.service import Started
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.service import running

pytestmark = pytest.mark.faults


def first_number(text: str) -> float:
    return float(text.split()[0].replace(",", ""))


@pytest.fixture(scope="module")
def service() -> Iterator[Started]:
    with faults.racing() as service:
        yield service


def test_a_cut_network_stops_no_race(service: Started) -> None:
    outcome = faults.network_cut(service, 1.0)
    assert "the race went on" in outcome.happened


def test_a_full_disk_stops_no_race(service: Started) -> None:
    outcome = faults.disk_full(service, seconds=1.5)
    assert "the race went on" in outcome.happened
    assert first_number(outcome.lost) <= 1.5


def test_an_environment_that_is_asked_to_stop_loses_nothing(service: Started) -> None:
    outcome = faults.environment_stopped(service)
    assert first_number(outcome.lost) <= 0.1
    assert outcome.happened == "viewers got a goodbye and close code 1012"


def test_a_killed_environment_loses_at_most_the_last_second(service: Started) -> None:
    outcome = faults.environment_killed(service, seconds=2.5)
    assert first_number(outcome.lost) <= 1.5  # a second is written at once; what is on its way comes on top


def test_a_killed_model_service_loses_nothing_that_it_acknowledged() -> None:
    outcome = faults.model_killed()
    assert first_number(outcome.lost) == 0


@pytest.mark.skipif(not faults.page_is_built(), reason="the viewer's page is not built: make viewer")
def test_a_killed_page_server_takes_nothing_with_it(service: Started) -> None:
    outcome = faults.viewer_killed(service)
    assert first_number(outcome.happened.split(":")[1]) > 0


def test_a_jump_of_the_clock_is_not_felt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    race = Race("main", library.load("sprint"), Rules(countdown=0.1))
    wall, wall_ns = time.time, time.time_ns
    with running(environment_app([race])) as url, faults.driving(url) as driver:
        faults.until(lambda: driver.lap_time > 0.2)
        for jump in (-86_400, 86_400):
            monkeypatch.setattr(time, "time", lambda jump=jump: wall() + jump)
            monkeypatch.setattr(time, "time_ns", lambda jump=jump: wall_ns() + jump * 10**9)
            began, at = time.monotonic(), driver.lap_time
            faults.until(lambda at=at: driver.lap_time >= at + 1.0)
            assert 0.5 < time.monotonic() - began < 20.0
