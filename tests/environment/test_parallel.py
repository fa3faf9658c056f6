"""The race as a PettingZoo environment."""

from __future__ import annotations

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test
from tests.environment.simulator.conftest import straight

from trackmania_rl.environment.parallel import RaceParallelEnv, parallel_env
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.tracks.track import Border
from trackmania_rl.protocol.errors import InputError

GAS = np.array([1.0, -1.0, 0.0], np.float32)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("observation", ["lidar", "progress", "horizon"])
def test_it_passes_pettingzoos_own_tests(observation: str) -> None:
    parallel_api_test(parallel_env(cars=3, observation=observation), num_cycles=80)
    parallel_seed_test(lambda: parallel_env(cars=3, observation=observation, start="anywhere"), num_cycles=30)


def test_everybody_finishes_and_leaves() -> None:
    """Full throttle down a straight road: rewards, ends and infos are each agent's own."""
    race = RaceParallelEnv(5, track=straight())
    observations, infos = race.reset(seed=1)
    assert list(observations) == list(infos) == race.possible_agents
    total = dict.fromkeys(race.possible_agents, 0.0)
    finished: dict[str, float] = {}
    while race.agents:
        driving = list(race.agents)
        observations, rewards, terminations, truncations, infos = race.step(dict.fromkeys(driving, GAS))
        assert list(observations) == list(rewards) == driving
        for agent in driving:
            total[agent] += rewards[agent]
            if terminations[agent]:
                finished[agent] = infos[agent]["lap_time"]
                assert infos[agent]["finished"] and not truncations[agent]
                assert infos[agent]["episode_return"] == pytest.approx(total[agent], rel=1e-4)
    assert set(finished) == set(race.possible_agents)
    assert race.step({}) == ({}, {}, {}, {}, {})


def test_cars_see_one_another_and_ghosts_do_not() -> None:
    """From the second row: the two cars of the first that stand beside the gap."""
    nearest = {}
    for contact in (True, False):
        race = RaceParallelEnv(9, track=straight(), contact=contact)
        observations, _ = race.reset(seed=1)
        nearest[contact] = observations["car_8"][1:20][[8, 10]].max()
    assert nearest[True] < 6.0 < nearest[False]


def test_a_car_that_left_is_no_obstacle() -> None:
    """In single file: the first one does not start, is out, and the one behind drives through it."""
    race = RaceParallelEnv(2, track=straight(half_width=2.0), stuck_seconds=0.3)
    race.reset(seed=1)
    infos: dict = {}
    while race.agents:
        _, _, _, _, last = race.step({"car_0": np.zeros(3, np.float32), "car_1": GAS})
        infos |= last
    assert not infos["car_0"]["finished"] and infos["car_0"]["track_completion"] < 0.02
    assert infos["car_1"]["finished"]


def test_a_respawn_costs_time_and_not_the_episode() -> None:
    """Off an open border: back at the start, the clock and the furthest point as before."""
    track = straight(border=Border.OPEN)
    swerve = np.array([[1.0, -1.0, 0.8]], np.float32)
    for respawn in (False, True):
        worlds = TrackVectorEnv(1, track=track, respawn=respawn, stuck_seconds=60.0)
        worlds.reset(seed=0)
        ended, back = False, False
        for _ in range(200):
            before = worlds.simulator.progress[0]
            _, _, terminated, _, _ = worlds.step(swerve)
            ended |= bool(terminated[0])
            if worlds.simulator.progress[0] < before - 10.0:
                back = True
                if respawn:
                    assert worlds.simulator.lap_time[0] > 1.0
                    assert worlds.simulator.furthest[0] > 10.0
                break
        assert back and ended != respawn


def test_cars_must_fill_their_worlds() -> None:
    with pytest.raises(InputError, match="multiple"):
        TrackVectorEnv(10, cars_per_world=4, track=straight())


def test_the_cars_of_a_batch_meet_in_their_own_worlds() -> None:
    """Two worlds of three, driven alike: alike, and each car's episode ends and begins for itself."""
    worlds = TrackVectorEnv(6, cars_per_world=3, track=straight(), observation="horizon")
    observation, _ = worlds.reset(seed=0)
    assert observation.shape[0] == 6
    finishes = np.zeros(6, int)
    for step in range(260):
        steer = np.tile(0.2 * np.sin(step / 9.0 + np.arange(3)), 2)
        action = np.stack([np.ones(6), np.full(6, -1.0), steer], axis=1).astype(np.float32)
        observation, reward, terminated, _, _ = worlds.step(action)
        assert np.array_equal(observation[:3], observation[3:]) and np.array_equal(reward[:3], reward[3:])
        finishes += terminated
    assert finishes[0] > 0 and finishes[:3].tolist() == finishes[3:].tolist()
    assert worlds.simulator.worlds == 2
