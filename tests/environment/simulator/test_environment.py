"""The Gymnasium environments: their contract, their reward and the ends of episodes."""

from __future__ import annotations

import gc
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from tests.environment.simulator.conftest import circle, esses, straight

from trackmania_rl.environment import registration
from trackmania_rl.environment.simulator import faults
from trackmania_rl.environment.simulator.environment import TrackEnv, TrackVectorEnv
from trackmania_rl.environment.simulator.state import FIELDS, Field
from trackmania_rl.environment.tracks.track import Border
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import CAUSES, FINAL_INFO

SHAPES = {
    "TrackMania/Lidar-v0": (83,),
    "TrackMania/Progress-v0": (84,),
    "TrackMania/Horizon-v0": (83,),
    "TrackMania/Camera-v0": (4, 64, 64),
    "TrackMania/State-v0": (FIELDS + 6,),
}


@pytest.mark.parametrize(
    ("id", "options"),
    [
        *((id, {}) for id in sorted(registration.LAYOUTS)),
        *((id, {"weather": "storm", "start": "anywhere"}) for id in sorted(registration.LAYOUTS)),
        ("TrackMania/Lidar-v0", {"lidar": "screen", "delay": 0}),
        ("TrackMania/Progress-v0", {"lidar": "screen", "weather": "rain"}),
    ],
)
def test_gymnasium_accepts_the_environments(id: str, options: dict[str, Any]) -> None:
    """The checker passes, and both ways of making one give the same spaces."""
    env = gymnasium.make(id, track=esses(), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env.unwrapped)
    batch = gymnasium.make_vec(
        id, num_envs=7, vectorization_mode="vector_entry_point", track=esses(), **options
    )
    assert batch.single_observation_space == env.observation_space
    assert batch.single_action_space == env.action_space
    assert env.observation_space.shape == SHAPES[id]
    observation, _ = batch.reset(seed=1)
    for _ in range(50):
        observation, *_ = batch.step(batch.action_space.sample())
        assert batch.observation_space.contains(observation)


def test_the_lidar_layout_is_that_of_tmrl() -> None:
    """Speed, four scans oldest first, the last two actions; at a reset one scan four times, no actions."""
    env = TrackVectorEnv(3, track=esses())
    first, _ = env.reset()
    scans = first[:, 1:77].reshape(3, 4, 19)
    assert np.array_equal(scans[:, 0], scans[:, 3])
    assert not first[:, 77:].any()
    actions = np.array([[1, -1, 0.1], [1, -1, 0.2], [1, -1, 0.3]], np.float32)
    second, *_ = env.step(actions)
    third, *_ = env.step(-actions)
    assert np.array_equal(second[:, 80:83], actions)
    assert np.array_equal(third[:, 77:80], actions)
    assert np.array_equal(third[:, 80:83], -actions)
    assert np.array_equal(third[:, 1:58], second[:, 20:77])


def test_the_progress_layout_is_the_lidar_layout_and_the_share_driven() -> None:
    """The share stands behind the speed: 0 at the start line, 1 where the race ends."""
    env, plain = (TrackVectorEnv(1, track=straight(), observation=name) for name in ("progress", "lidar"))
    assert env.reset()[0][0, 1] == 0.0
    plain.reset()
    for _ in range(60):
        action = np.array([[1.0, -1.0, 0.1]], np.float32)
        observation, expected = env.step(action)[0], plain.step(action)[0]
    assert 0.1 < observation[0, 1] == pytest.approx(env.simulator.progress[0] / env.track.length)
    assert np.array_equal(np.delete(observation, 1, axis=1), expected)


def test_the_horizon_layout_is_the_car_its_actions_and_the_road() -> None:
    """On a straight road: each point dead ahead at its distance, half-widths over 12.8 m."""
    env = TrackVectorEnv(1, track=straight(2000.0, half_width=6.4, start=100.0), observation="horizon")
    env.reset()
    env.step(np.array([[0.1, -1.0, 0.2]], np.float32))
    observation = env.step(np.array([[0.3, -1.0, 0.4]], np.float32))[0][0]
    assert observation[17:23] == pytest.approx([0.1, -1.0, 0.2, 0.3, -1.0, 0.4])
    points = observation[23:].reshape(-1, 5)
    assert points[:, 2:] == pytest.approx(np.tile([1.0, 0.5, 0.5], (len(points), 1)), abs=0.01)
    assert np.abs(points[:, :2]).max() < 0.1


@pytest.mark.parametrize("delay", [0, 1])
def test_an_action_is_felt_after_the_delay(delay: int) -> None:
    """With the delay of the game the first step still drives the action of the reset: none."""
    env = TrackVectorEnv(1, track=straight(), delay=delay)
    env.reset()
    observation, *_ = env.step(np.array([[1.0, -1.0, 0.0]], np.float32))
    assert (observation[0, 0] > 0.5) == (delay == 0)
    observation, *_ = env.step(np.array([[-1.0, -1.0, 0.0]], np.float32))
    assert observation[0, 0] > 0.5


def test_rocking_to_and_fro_earns_nothing() -> None:
    """Only metres beyond the furthest point pay: the return is that of the furthest point."""
    env = TrackVectorEnv(1, track=straight(), delay=0, stuck_seconds=1e9, time_limit=1e9)
    env.reset()
    earned = 0.0
    for step in range(600):
        gas = step % 60 < 20
        action = np.array([[1.0 if gas else -1.0, -1.0 if gas else 1.0, 0.0]], np.float32)
        earned += float(env.step(action)[1][0])
    assert earned == pytest.approx(0.1 * float(env.simulator.furthest[0]), rel=1e-3)
    assert env.simulator.furthest[0] > env.simulator.progress[0] + 5.0


def test_a_finish_terminates_with_its_bonus_and_resets_in_the_same_step() -> None:
    """The final observation and info are those of the drive; the observation is the next start's."""
    env = TrackVectorEnv(2, track=straight(), delay=0)
    start, _ = env.reset()
    actions = np.array([[1.0, -1.0, 0.0], [-1.0, -1.0, 0.0]], np.float32)
    rewards = np.zeros(2)
    for _ in range(400):
        observation, reward, terminated, truncated, info = env.step(actions)
        rewards += reward
        if terminated[0]:
            break
        actions[1, 0] = 1.0 if info["lap_time"][1] > 2.0 else -1.0
    final = info["final_info"]
    assert set(final) == set(FINAL_INFO)
    assert info["_final_obs"].tolist() == info["_final_info"].tolist() == [True, False]
    assert final["finished"][0] and CAUSES[final["cause"][0]] == "finish"
    assert final["lap_time"][0] == pytest.approx(7.708, rel=0.005)
    assert final["track_completion"][0] == 1.0
    assert final["episode_return"][0] == pytest.approx(rewards[0], rel=1e-4)
    assert reward[0] > 10.0 and not truncated.any()
    assert info["final_obs"].dtype == np.float32
    assert info["final_obs"][0, 0] > 60.0
    assert np.array_equal(observation[0], start[0])


@pytest.mark.parametrize(
    ("track", "action", "options", "cause"),
    [
        (straight(), (-1, -1, 0), {}, "stuck"),
        (straight(), (-1, -1, 0), {"time_limit": 1.0}, "time_limit"),
        (straight(border=Border.OPEN), (1, -1, 1), {}, "off_road"),
    ],
)
def test_episodes_end_for_the_reason_they_give(track, action, options, cause) -> None:
    """Stuck and fallen terminate, the time limit truncates."""
    env = TrackEnv(track=track, **options)
    env.reset()
    terminated = truncated = False
    for _ in range(400):
        _, _, terminated, truncated, info = env.step(np.array(action, np.float32))
        if terminated or truncated:
            break
    assert CAUSES[info["cause"]] == cause
    assert truncated == (cause == "time_limit")
    assert terminated == (cause != "time_limit")


def test_seeds_repeat_and_differ() -> None:
    """The same seed gives the same bytes over resets, another seed other starts."""

    def drive(seed: int) -> bytes:
        env = TrackVectorEnv(20, track=circle(), observation="horizon", start="anywhere", time_limit=1.0)
        observations = [env.reset(seed=seed)[0]]
        for _ in range(45):
            observations.append(env.step(np.full((20, 3), [1.0, -1.0, -0.4], np.float32))[0])
        return np.stack(observations).tobytes()

    assert drive(3) == drive(3) != drive(4)


def test_the_single_world_is_the_first_of_a_batch() -> None:
    """Both drive the same physics to the same bytes."""
    single, batch = TrackEnv(track=esses()), TrackVectorEnv(5, track=esses())
    single.reset(seed=0)
    batch.reset(seed=0)
    for step in range(60):
        action = np.array([1.0, -1.0, np.sin(step / 9.0)], np.float32)
        one = single.step(action)[0]
        many = batch.step(np.tile(action, (5, 1)))[0]
        assert np.array_equal(one, many[0])


@pytest.mark.parametrize("observation", ["lidar", "horizon", "camera"])
def test_memory_stays_flat(observation: str) -> None:
    """Thousands of steps and many episodes later nothing has been left behind."""
    env = TrackEnv(
        track=straight(), observation=observation, time_limit=2.0, randomise="mild", weather="rain"
    )
    env.reset(seed=0)

    def drive(steps: int) -> int:
        for _ in range(steps):
            *_, terminated, truncated, _ = env.step(np.float32([1.0, -1.0, 0.1]))
            if terminated or truncated:
                env.reset()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = drive(300)
        after = drive(1500)
    finally:
        tracemalloc.stop()
    assert after - before < 50_000  # bytes; 1,500 steps that each left an array behind would be more


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_no_number_is_refused_and_drives_nothing(value: float) -> None:
    """One world and many: the message says whose number it is."""
    single, batch = TrackEnv(track=straight()), TrackVectorEnv(3, track=straight())
    single.reset()
    batch.reset()
    actions = np.zeros((3, 3), np.float32)
    actions[1, 2] = value
    with pytest.raises(InputError, match=r"world 1 .* column 2"):
        batch.step(actions)
    with pytest.raises(InputError):
        single.step(actions[1])
    assert not batch.simulator.fields()[Field.CLOCK].any()


def test_a_broken_world_is_reset_and_kept_while_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its episode is cut off with finite numbers; the others drive as if nothing had happened."""
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    options = {"track": esses(), "observation": "horizon", "weather": "rain"}
    sound, broken = TrackVectorEnv(3, **options), TrackVectorEnv(3, **options)
    sound.reset(seed=1)
    broken.reset(seed=1)
    actions = np.tile(np.float32([1.0, -1.0, 0.1]), (3, 1))
    for step in range(20):
        if step == 10:
            state = broken.simulator.full_state()
            state[[Field.VX, Field.GRIP], 1] = np.nan
            broken.simulator.restore(state)
        expected, given = sound.step(actions), broken.step(actions)
        assert np.array_equal(given[0][[0, 2]], expected[0][[0, 2]])
        assert np.isfinite(given[0]).all() and np.isfinite(given[1]).all()
        assert given[3].tolist() == [False, step == 10, False]
        if step == 10:
            final = given[4]
            assert CAUSES[final["final_info"]["cause"][1]] == "fault"
            assert np.isfinite(final["final_obs"]).all()
    assert broken.nan_worlds == 1 and sound.nan_worlds == 0
    (kept,) = (tmp_path / "faults").iterdir()
    with np.load(kept) as file:
        assert not np.isfinite(file["state"]).all()
        assert file["action"].shape == (1, 3) and file["track"] == "test"


def test_the_files_of_broken_worlds_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it happens, the disk does not fill."""
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    for _ in range(faults.FILES_MAX + 5):
        faults.keep(np.zeros((FIELDS, 1), np.float32), np.zeros((1, 3), np.float32), straight())
    assert len(list((tmp_path / "faults").iterdir())) == faults.FILES_MAX


@pytest.mark.parametrize(
    "options",
    [
        {"lidar": "sonar"},
        {"delay": 2},
        {"start": "moon"},
        {"reward": {"style": 1.0}},
        {"track": "no-such-track"},
    ],
)
def test_wrong_options_are_refused_in_words(options: dict[str, object]) -> None:
    """The message names the value and what was expected."""
    with pytest.raises(InputError):
        TrackEnv(**{"track": straight(), **options})
