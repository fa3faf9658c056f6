"""Jumps over gaps and vertical loops: they need speed."""

import numpy as np
import pytest

from trackmania_rl.environment.race import drivers
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks import blocks
from trackmania_rl.environment.tracks.track import Surface

JUMP = "start\nstraight 9\njump 2\nstraight 8\nfinish\nstraight 2"
LOOP = "start\nstraight 9\nloop {side}\nstraight 8\nfinish\nstraight 2"


def drive(text: str, kmh: float, seconds: float = 25.0) -> tuple[Simulator, np.ndarray]:
    """Follow the road at a speed held up to the stunt, then at full throttle.

    Returns:
        The simulator, and the states on the way: (steps, fields).
    """
    simulator = Simulator(blocks.read(text, id="stunt"), 1)
    states = []
    for _ in range(int(seconds * 20)):
        action = drivers.pursuit(simulator)
        if simulator.progress[0] < 290.0 and simulator.speed[0] * 3.6 > kmh:
            action[0, 0] = 0.0
        simulator.step(action)
        states.append(simulator.fields()[:, 0].copy())
        if simulator.finished[0] or states[-1][Field.OFF_ROAD] > 3:
            break
    return simulator, np.array(states)


def test_a_fast_car_flies_over_the_gap_and_lands():
    simulator, states = drive(JUMP, 250.0)
    assert simulator.finished[0]
    track = simulator.track
    arcs = track.start + states[:, Field.PROGRESS]
    gap = track.arc[track.surface == Surface.NONE]
    over = (arcs > gap.min() + 3) & (arcs < gap.max() - 3)
    assert over.sum() > 5
    assert (states[over, Field.CONTACTS] == 0).all()
    assert (states[arcs > gap.max() + 150, Field.CONTACTS] == 4).all()
    assert np.abs(states[:, Field.LATERAL]).max() < 1.0


def test_a_slow_car_falls_into_the_gap():
    simulator, states = drive(JUMP, 110.0)
    assert not simulator.finished[0]
    assert states[-1, Field.OFF_ROAD] == 4
    track = simulator.track
    assert track.surface[np.searchsorted(track.arc, track.start + simulator.progress[0])] == Surface.NONE


def test_there_is_no_ground_in_a_gap_for_a_car_that_stands_there():
    simulator, states = drive(JUMP, 12.0, seconds=120.0)
    assert states[-1, Field.OFF_ROAD] == 4
    assert simulator.progress[0] < 450.0


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_fast_car_goes_around_a_loop_and_comes_out_beside_it(side):
    simulator, states = drive(LOOP.format(side=side), 240.0)
    assert simulator.finished[0]
    height = states[:, Field.Y] - states[0, Field.Y]
    assert height.max() == pytest.approx(2 * blocks.LOOP_RADIUS, abs=1.5)
    upside_down = 1 - 2 * (states[:, Field.QX] ** 2 + states[:, Field.QZ] ** 2)
    assert upside_down.min() < -0.95
    aside = states[-1, Field.X] - states[0, Field.X]
    assert aside == pytest.approx(blocks.CELL if side == "left" else -blocks.CELL, abs=3.0)


def test_a_slow_car_falls_out_of_a_loop():
    simulator, states = drive(LOOP.format(side="left"), 90.0)
    assert not simulator.finished[0]
    height = states[:, Field.Y] - states[0, Field.Y]
    assert 2.0 < height.max() < 1.8 * blocks.LOOP_RADIUS
    assert np.isfinite(states).all()
