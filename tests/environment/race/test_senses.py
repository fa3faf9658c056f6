"""What agents sense in a race."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.race.test_race import GAS, a_race, drive, everyone

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.race.senses import rotation
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.messages import AgentAdd, Observation


@pytest.mark.parametrize("angle", [-2.5, -0.3, 0.0, 0.8, 3.0])
def test_yaw_turns_from_north_to_the_left(angle: float) -> None:
    turned = rotation(0.0, np.sin(angle / 2), 0.0, np.cos(angle / 2))
    assert (turned.yaw, turned.pitch, turned.roll) == (pytest.approx(angle, abs=1e-4), 0.0, 0.0)


def test_nose_up_and_right_side_down_are_positive() -> None:
    sine, cosine = np.sin(0.1), np.cos(0.1)
    assert rotation(-sine, 0.0, 0.0, cosine).pitch == pytest.approx(0.2, abs=1e-4)
    assert rotation(0.0, 0.0, sine, cosine).roll == pytest.approx(0.2, abs=1e-4)


def test_agents_sense_the_weather_of_their_race() -> None:
    """Fog shortens the LIDAR, in the vector and beside it alike; pictures are dark at night."""

    def sensed(weather: str | None, observation: str) -> Observation:
        race = Race("main", library.load("sprint"), Rules(countdown=0.05, agents_max=1, weather=weather))
        entrant = race.add(AgentAdd(agent_id="a", observation=f"TrackMania/{observation}-v0"))
        drive(race, lambda: race.state == "racing")
        return race.sensed(entrant).observation

    clear, fog = sensed(None, "Lidar"), sensed("fog", "Lidar")
    visibility = 1000.0 * 0.03**0.75
    assert any(visibility < distance < 150.0 for distance in clear.lidar)
    assert fog.lidar == [distance if distance < visibility else 150.0 for distance in clear.lidar]
    assert fog.vector is not None
    np.testing.assert_allclose(fog.vector[58:77], fog.lidar, atol=1e-3)
    day, night = sensed(None, "Camera").vector, sensed("night", "Camera").vector
    assert day is not None and night is not None
    assert len(day) == len(night) == 4 * 64 * 64
    assert sum(night) < 0.5 * sum(day)


def test_the_seed_of_a_reset_repeats_the_noise_of_rain() -> None:
    race = Race("main", library.load("sprint"), Rules(countdown=0.05, agents_max=1, weather="storm"))
    entrant = race.add(AgentAdd(agent_id="a"))

    def scans(seed: int) -> list[list[float]]:
        race.reset(seed=seed)
        seen = []
        for clock in (5, 10, 15):
            drive(race, lambda: race.state == "racing" and race.clock == clock)  # noqa: B023 (called at once)
            seen.append(race.sensed(entrant).observation.lidar)
        return seen

    once = scans(7)
    assert scans(7) == once
    assert scans(8) != once


def test_who_joins_with_another_vector_disturbs_nobodys() -> None:
    """An agent's vector remembers its last actions and scans, whoever comes."""

    def vector(disturbed: bool) -> list[float] | None:
        race = a_race("a")
        entrant = race.add(AgentAdd(agent_id="a", observation="TrackMania/Lidar-v0"))
        drive(race, lambda: race.clock == 50, everyone(GAS))
        if disturbed:
            race.add(AgentAdd(agent_id="b", observation="TrackMania/Horizon-v0"))
        drive(race, lambda: race.clock == 55, everyone(GAS))
        return race.sensed(entrant).observation.vector

    alone = vector(disturbed=False)
    assert alone is not None and vector(disturbed=True) == alone
