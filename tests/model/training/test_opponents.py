"""Races against older selves: who drives which car, what the learner sees, and who meets whom."""

from typing import Any

import numpy as np
import pytest

from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.opponents import NEWEST_SHARE, Opponents
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError

pytest.importorskip("warp")

WORLDS, SIZE = 4, 3
FULL, NOTHING, BRAKE = ([1.0, -1.0, 0.0], [-1.0, -1.0, 0.0], [-1.0, 1.0, 0.0])


class Steady:
    """Drives the same action everywhere."""

    def __init__(self, action: list[float]) -> None:
        self.action = np.array(action, np.float32)

    def act(self, observation: Any) -> Any:
        return np.tile(self.action, (len(observation), 1))


def cars(**options: Any) -> Any:
    return make_vector_env(
        "TrackMania/Lidar-v0", WORLDS * SIZE, track="sprint", seed=1, cars_per_world=SIZE, **options
    )


def own(action: list[float]) -> Any:
    return np.tile(np.array(action, np.float32), (WORLDS, 1))


def race(newest: Any, *ages: Any, **options: Any) -> Opponents:
    worlds = Opponents(cars(**options), SIZE - 1, seed=0)
    worlds.meet(newest, ages)
    worlds.reset(seed=2)
    return worlds


def test_each_world_has_one_learner_and_the_others_drive_as_its_older_selves() -> None:
    worlds = race(Steady(FULL))
    for _ in range(30):
        observation, reward, *_ = worlds.step(own(NOTHING))
    speed = worlds.cars.unwrapped.simulator.speed
    others = np.setdiff1d(np.arange(WORLDS * SIZE), worlds.own)
    assert observation.shape == (WORLDS, 83) and reward.shape == (WORLDS,)
    assert (speed[others] > 8.0).all() and (speed[worlds.own] < 1.0).all()
    assert sorted(set(worlds.own % SIZE)) == [0, 1, 2]  # another place on the grid in each world
    worlds.close()


def test_they_touch() -> None:
    """The learner's car is hit by those beside it who steer into it; without contact it is not."""
    hardest = []
    for contact in (True, False):
        worlds = race(Steady([1.0, -1.0, 0.2]), contact=contact)
        felt = 0.0
        for _ in range(60):
            worlds.step(own(FULL))
            felt = max(felt, worlds.cars.unwrapped.simulator.bump[worlds.own].max())
        hardest.append(felt)
        worlds.close()
    assert hardest[0] > 0.0 == hardest[1]


def test_the_learners_end_lines_its_world_up_anew() -> None:
    worlds = race(Steady(FULL), stuck_seconds=1.0)
    for _ in range(40):
        seen, _, terminated, _, info = worlds.step(own(NOTHING))
        if terminated.any():
            break
    assert terminated.any()
    world = int(np.flatnonzero(terminated)[0])
    places = worlds.cars.unwrapped.simulator.progress[world * SIZE : (world + 1) * SIZE]
    assert (places < 1.0).all()  # also those who had driven on
    assert info["_final_obs"].shape == (WORLDS,) and info["final_obs"].shape == seen.shape
    assert set(info["final_info"]) >= {"finished", "lap_time", "cause"}
    worlds.close()


def test_most_are_the_newest_and_the_others_of_any_age() -> None:
    worlds = race(Steady(FULL), Steady(NOTHING), Steady(BRAKE))
    counts = np.zeros(3)
    for _ in range(200):
        worlds._draw(np.arange(WORLDS * SIZE))
        counts += np.bincount(worlds._drawn, minlength=3)
    shares = counts / counts.sum()
    assert shares[2] == pytest.approx(NEWEST_SHARE, abs=0.03)
    assert shares[0] == pytest.approx(shares[1], abs=0.03)
    worlds.close()


def config(**changes: Any) -> LearnerConfig:
    small: dict[str, Any] = {
        "env": "TrackMania/Lidar-v0", "track": "sprint", "run": "selves", "worlds": 4, "opponents": 2,
        "hidden": [16], "batch": 16, "warmup_steps": 40, "buffer": 2_000, "compile": False,
        "evaluation_episodes": 1,
    }  # fmt: skip
    return LearnerConfig.of({**small, **changes})


def test_a_learner_meets_its_ages() -> None:
    learner = Learner(config())
    assert learner.opponents is not None and len(learner.opponents._selves) == 1
    for _ in range(20):
        learner.advance()
    learner.save()
    assert learner.steps == 80 and learner.updates > 5
    assert [one.version for one in learner.opponents._selves] == [
        "sac:80",
        "sac:80",
    ]  # an age, and the newest
    assert len(checkpoints.ages(learner.folder)) == 1
    learner.close()


@pytest.mark.parametrize(
    "changes", [{"env": "gymnasium:Pendulum-v1"}, {"track": "sprint,esses"}, {"opponents": -1}]
)
def test_races_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="opponents"):
        config(**changes)
