"""TMRL's LIDAR on the screen: its rays, what they read off a picture, and the kernel against a drawn road."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, esses, straight

from trackmania_rl.environment.simulator import screen
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.simulator.lens import Lens
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field

LENGTHS = [458, 466, 489, 532, 604, 551, 485, 446, 424, 418, 424, 446, 485, 551, 604, 532, 489, 466, 459]
"""Samples of each ray in TMRL's own window [measured]."""


def test_the_rays_are_those_of_tmrl() -> None:
    """From the bottom's middle to the right, up and to the left, as long as in the original."""
    rays = screen.pixels()
    assert [ray.shape[1] for ray in rays] == LENGTHS
    assert screen.longest().tolist() == [length - 1 for length in LENGTHS]
    assert rays[0][:, 0].tolist() == [438, 499]
    assert rays[9][:, 0].tolist() == [418, 479]
    assert rays[18][:, 0].tolist() == [438, 459]


def test_a_drawn_border_is_read_where_it_is() -> None:
    """A black line across each ray counts by its first black sample; grey and empty ones do not."""
    picture = np.full((488, 958, 3), 120, np.uint8)
    assert screen.march(picture).tolist() == [length - 1 for length in LENGTHS]
    picture[100:110] = 54  # crosses the upward rays
    picture[:, 700:705] = 0  # and those to the right
    picture[300] = (0, 0, 55)  # not black in its third channel
    distances = screen.march(picture)
    assert distances[9] == 438 - 20 - 109
    assert distances[0] == 700 - 499
    assert distances[18] == LENGTHS[18] - 1


def drawn(simulator: Simulator) -> np.ndarray:
    """The picture of a car's camera where the rays go: black where the road's plane is no road."""
    lens = Lens()
    state = simulator.full_state()[:, 0].astype(np.float64)
    x, y, z, w = state[Field.QX : Field.QW + 1]
    left = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    forward = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    up = np.cross(forward, left)
    height, ahead, pitch, half = lens.row()
    eye = state[Field.X : Field.Z + 1] + up * height + forward * ahead
    rows, columns = np.concatenate(screen.pixels(), axis=1)
    down = (rows - 244) * half / 244
    right = (columns - 479) * half / 244
    along = np.cos(pitch) * forward - np.sin(pitch) * up
    below = -np.sin(pitch) * forward - np.cos(pitch) * up
    direction = along - right[..., None] * left + down[..., None] * below
    with np.errstate(divide="ignore"):
        distance = -eye[1] / direction[..., 1]  # the road lies at height 0
    point = eye + np.where(distance > 0, distance, np.nan)[..., None] * direction
    track = simulator.track
    steps = point[..., None, [0, 2]] - track.position[:, [0, 2]]
    node = np.nan_to_num(np.sum(steps**2, axis=-1), nan=1e9).argmin(axis=-1)
    offset = np.sum((point - track.position[node]) * track.left[node], axis=-1)
    beyond = (distance > 0) & (np.abs(offset) > track.half_width_left[0])
    picture = np.full((488, 958, 3), 120, np.uint8)
    picture[rows[beyond], columns[beyond]] = 0
    return picture


@pytest.mark.parametrize(("arc", "lateral"), [(20.0, 0.0), (60.0, 5.0), (100.0, -7.0)])
def test_the_kernel_reads_what_is_drawn(arc: float, lateral: float) -> None:
    """On a flat curve every ray agrees with the marched picture to a pixel or two."""
    simulator = Simulator(circle(60.0), 1)
    simulator.spawn(arc=arc, lateral=lateral)
    scan = screen.ScreenLidar(simulator).scan(None)[0]
    expected = screen.march(drawn(simulator))
    assert np.abs(scan - expected).max() <= 3, (scan, expected)
    assert (scan < screen.longest()).sum() > 5


def test_the_environment_speaks_pixels() -> None:
    """Straight ahead nothing is met; closer to a border its side is shorter; the space holds them."""
    env = TrackVectorEnv(2, track=straight(), lidar="screen")
    observation, _ = env.reset()
    assert env.observation_space.contains(observation)
    assert observation[0, 1:20][9] == 417
    env.simulator.spawn(lateral=[8.0, -8.0])
    left, right = env.observer.restart(np.arange(2))[:, 1:20]
    assert left[10:].sum() < right[10:].sum()
    assert left[:9].sum() > right[:9].sum()


def test_a_lens_of_its_own_changes_the_view() -> None:
    """A higher camera sees the borders nearer to the middle of the picture."""
    simulator = Simulator(esses(), 2)
    lidar = screen.ScreenLidar(simulator)
    lidar.lens.assign(np.array([Lens().row(), Lens(height=3.0).row()], np.float32))
    low, high = lidar.scan(None)
    assert high[[5, 13]].sum() < low[[5, 13]].sum()
