"""Tracks by chance, over thousands of seeds."""

import numpy as np
import pytest

from trackmania_rl.environment.race import drivers
from trackmania_rl.environment.simulator.parameters import STEERING_RADIUS
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.tracks import blocks, generator, library
from trackmania_rl.environment.tracks.ribbon import ROAD_HALF_WIDTH
from trackmania_rl.environment.tracks.track import Border, Surface
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from tracks.test_ribbon import check_frames

LENGTH = 900.0
CORNER_RADIUS = 16.0
"""Of the narrowest curve [m]."""


def built(seed: int, difficulty: float, kind: str = "sprint", length: float = LENGTH):
    text = generator.generate(seed, difficulty, length, kind)
    return blocks.read(text, id=f"{seed}-{difficulty}-{kind}")


def tightest(track) -> float:
    """Least radius of the centre-line in plan [m]."""
    heading = np.unwrap(np.arctan2(track.tangent[:, 0], track.tangent[:, 2]))
    turn = np.abs(np.diff(heading)) / np.diff(track.arc)
    return float(1.0 / max(turn.max(), 1e-6))


def test_two_thousand_seeds_are_sound_and_can_be_driven():
    """blocks.read itself refuses a road that runs into itself or does not close."""
    assert STEERING_RADIUS[2] < CORNER_RADIUS  # full steering at 90 km/h is narrower
    off, thrills = [], []
    for seed in range(2000):
        difficulty, kind = seed % 11 / 10, generator.KINDS[seed % 2]
        track = built(seed, difficulty, kind)
        off.append(track.length / LENGTH - 1.0)
        assert track.closed == (kind == "lap"), seed
        loops = track.up[:, 1].min() < 0.0
        thrills.append((loops, (track.surface == Surface.NONE).any()))
        assert loops or tightest(track) > 0.97 * CORNER_RADIUS, seed
        assert track.half_width_left.min() == pytest.approx(ROAD_HALF_WIDTH)
        assert loops or np.abs(track.tangent[:, 1]).max() < 0.33, seed
        assert track.position[:, 1].min() > blocks.cell_centre(0, generator.START_STOREY, 0)[1] - 0.01
        ahead = (track.arc > track.start) & (track.arc < track.start + 128.0)
        assert np.ptp(track.tangent[ahead], axis=0).max() < 1e-3, seed  # straight behind the start
        assert (track.border_left[ahead] == Border.WALL).all()
        if not track.closed:
            assert track.centreline_length - track.finish > 60.0  # room to brake
    assert np.percentile(np.abs(off), 95) < 0.15
    assert max(map(abs, off)) < 0.4
    assert np.sum(thrills, axis=0).min() > 10  # loops, and jumps


def test_frames_are_sound():
    for seed in range(30):
        check_frames(built(seed, 1.0, generator.KINDS[seed % 2]), loops=True)


def test_the_same_arguments_give_the_same_track():
    assert generator.generate(7, 0.4, 2000.0) == generator.generate(7, 0.4, 2000.0)
    texts = {
        generator.generate(seed, difficulty, 1500.0, kind)
        for seed in range(50)
        for difficulty in (0.0, 0.5, 1.0)
        for kind in generator.KINDS
    }
    assert len({text.split("\n", 3)[3] for text in texts}) > 290


def test_difficulty_steers_what_there_is():
    easy, hard = (
        [generator.generate(seed, difficulty, 2000.0) for seed in range(60)] for difficulty in (0.0, 1.0)
    )

    def share(texts: list[str], word: str) -> float:
        return sum(line.startswith(word) for text in texts for line in text.splitlines()) / len(texts)

    for word in ("left 1", "right 1", "chicane", "slope", "surface dirt", "surface ice", "border open"):
        assert share(hard, word) > share(easy, word), word
    assert share(easy, "left 4") > share(hard, "left 4")
    assert share(easy, "left 1") < 0.3  # where there is no room for a wider one
    assert share(easy, "surface ice") == share(easy, "border open") == 0.0


def test_long_tracks_are_as_long_as_asked():
    for length in (600.0, 5000.0, 20_000.0):
        assert built(3, 0.5, "lap", length).length == pytest.approx(length, rel=0.2)


@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_the_pursuit_driver_finishes_them(difficulty):
    for seed in range(100, 112):
        simulator = Simulator(built(seed, difficulty, generator.KINDS[seed % 2], 700.0), 1)
        for _ in range(1400):
            simulator.step(drivers.pursuit(simulator))
            if simulator.finished[0]:
                break
        assert simulator.finished[0], seed


@pytest.mark.parametrize("stunt", ["jump", "loop"])
def test_the_pursuit_driver_takes_jumps_and_loops(stunt):
    texts = [generator.generate(seed, 0.4, 1500.0) for seed in range(150)]
    for text in [text for text in texts if stunt in text][:4]:
        simulator = Simulator(blocks.read(text, id=stunt), 1)
        for _ in range(2000):
            simulator.step(drivers.pursuit(simulator))
            if simulator.finished[0]:
                break
        assert simulator.finished[0], text


def test_a_generated_track_is_used_by_its_name():
    track = library.load("generated:42:0.5:1200:lap", files=False)
    assert track.closed
    assert track.hash == blocks.read(generator.generate(42, 0.5, 1200.0, "lap"), id="x").hash
    assert library.load("generated:42").length == pytest.approx(1500, rel=0.2)
    for name in ("generated:", "generated:x", "generated:1:2", "generated:1:0.5:9", "generated:1:0:900:rally",
                 "generated:-1", "generated:1..9", "generated:" + "9" * 30):  # fmt: skip
        with pytest.raises(InputError, match="expected"):
            library.load(name)


def test_a_range_of_seeds_shares_the_worlds():
    worlds = make_vector_env("TrackMania/Horizon-v0", 6, track="generated:1..2:0.2:700,sprint")
    assert worlds.num_envs == 6
    worlds.close()
    for names in ("generated:5..1", "generated:1..999999999"):
        with pytest.raises(InputError, match=r"such as generated:1\.\.64"):
            make_vector_env("TrackMania/Horizon-v0", 8, track=names)
