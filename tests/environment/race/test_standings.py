"""The leaderboard."""

from __future__ import annotations

import pytest

from trackmania_rl.environment.race.standings import Drive, standings


def test_the_leaderboard_ranks_finishers_by_time_and_others_by_distance() -> None:
    lines = standings(
        [
            Drive("third", [0.0, 10.0, 15.0, 25.0], 0.15, False, True),
            Drive("second", [0.0, 20.0], 12.5, True, False),
            Drive("first", [0.0, 10.0, 20.0, 30.0], 12.0, True, False, best_time=11.0),
        ]
    )
    assert [line.agent_id for line in lines] == ["first", "second", "third"]
    assert [line.gap for line in lines] == [None, 0.5, pytest.approx(0.025)]
    assert lines[0].best_time == 11.0
