"""Pictures: what is where in them, what the weather does to them, and that others are seen."""

from __future__ import annotations

import numpy as np
from tests.environment.simulator.conftest import esses, straight

from trackmania_rl.environment.simulator import camera, weather
from trackmania_rl.environment.simulator.camera import Camera
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.simulator import Simulator


def pictures(simulator: Simulator, *names: str) -> np.ndarray:
    """What each car sees, in the weather of its name."""
    eyes = Camera(simulator)
    if names:
        eyes.weather.assign(np.concatenate([weather.forecast(name).at(60.0) for name in names]))
    return eyes.pictures(None).astype(np.float64)


def test_a_straight_road_lies_between_its_walls_below_the_sky() -> None:
    """Bright sky above, grey road below with a white line in its middle, left and right mirrored."""
    simulator = Simulator(straight(2000.0), 1)
    simulator.spawn(arc=500.0)
    (picture,) = pictures(simulator)
    assert picture[:10].min() > 180 > 150 > np.median(picture[40:])
    assert picture[30:60, 31:33].max() > 240
    assert (picture[10:40] < 60).any(axis=0).sum() > 30  # walls
    assert np.abs(picture - picture[:, ::-1])[:-1].mean() < 2.0


def test_the_way_a_car_looks_is_the_way_the_picture_turns() -> None:
    """Left of the middle the line lies to the right, and the other way round."""
    simulator = Simulator(straight(2000.0), 2)
    simulator.spawn(arc=500.0, lateral=[3.0, -3.0])
    columns = [(picture[45] > 200).nonzero()[0].mean() for picture in pictures(simulator)]
    assert columns[0] > 40 and columns[1] < 24


def test_weather_is_seen() -> None:
    """Night is dark, fog takes contrast from afar, rain darkens the road and moves from step to step."""
    simulator = Simulator(esses(), 4)
    dry, fog, night, rain = pictures(simulator, "dry", "fog", "night", "rain")
    assert night.mean() < 0.5 * dry.mean()
    assert fog[12:25].std() < 0.5 * dry[12:25].std()
    assert np.median(rain[45:]) < 0.9 * np.median(dry[45:])


def test_other_cars_are_seen_and_hide_what_is_behind_them() -> None:
    """A car ahead is a dark box; a world that it has to itself shows none."""
    simulator = Simulator(straight(2000.0), 1, cars_per_world=2)
    simulator.spawn(arc=[500.0, 512.0], lateral=[0.0, 0.0])
    behind, ahead = pictures(simulator)
    assert (behind[25:50, 24:40] < 60).sum() > 20
    assert not (ahead[25:50, 24:40] < 60).any()


def test_the_environment_keeps_four_pictures_and_repeats_them_from_a_seed() -> None:
    """Oldest first; the first one four times at a reset; the same bytes for the same seed."""

    def drive() -> np.ndarray:
        env = TrackVectorEnv(3, track=esses(), observation="camera", weather="rain", delay=0)
        seen = [env.reset(seed=5)[0]]
        for _ in range(4):
            seen.append(env.step(np.tile(np.float32([1, -1, 0.2]), (3, 1)))[0])
        return np.stack(seen)

    seen = drive()
    assert seen.shape == (5, 3, 4, camera.SIZE, camera.SIZE) and seen.dtype == np.uint8
    assert (seen[0] == seen[0][:, :1]).all()
    assert np.array_equal(seen[4][:, 0], seen[1][:, 3])
    assert (seen[4][:, 0] != seen[4][:, 3]).any()
    assert np.array_equal(seen, drive())
