"""Weather and the differences between cars: rows of the state that the tick obeys."""

from __future__ import annotations

import numpy as np
import pytest

from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError


def driven(simulator: Simulator, action: tuple[float, float, float], ticks: int = 100) -> np.ndarray:
    """The states after holding an action."""
    simulator.step(np.tile(np.array(action, np.float32), (simulator.cars, 1)), ticks=ticks)
    return simulator.full_state()


def test_power_multiplies_the_engine(plain: Track) -> None:
    """Half the power is half the speed after half a second."""
    simulator = Simulator(plain, 2)
    simulator.condition([1], power=0.5)
    speed = driven(simulator, (1, 0, 0), 50)[Field.VZ]
    assert speed[1] == pytest.approx(0.5 * speed[0], rel=0.01)


@pytest.mark.parametrize("name", ["braking", "grip"])
def test_less_braking_or_grip_is_a_longer_way_to_stop(plain: Track, name: str) -> None:
    """The brake's share of the deceleration shrinks in proportion; engine drag remains."""
    simulator = Simulator(plain, 2)
    simulator.condition(**{name: [1.0, 0.5]})
    simulator.spawn(arc=100.0, speed=60.0)
    lost = 60.0 - driven(simulator, (0, 1, 0), 30)[Field.VZ]
    coasting = Simulator(plain, 1)
    coasting.spawn(arc=100.0, speed=60.0)
    drag = 60.0 - driven(coasting, (0, 0, 0), 30)[Field.VZ, 0]
    assert lost[1] - drag == pytest.approx(0.5 * (lost[0] - drag), rel=0.1)


def test_steering_multiplies_the_turn(plain: Track) -> None:
    """A tenth more steering is a tenth more yaw rate."""
    simulator = Simulator(plain, 2)
    simulator.condition(steering=[1.0, 1.1])
    simulator.spawn(arc=3000.0, speed=80.0)
    rate = driven(simulator, (1, 0, 0.3))[Field.WY]
    assert rate[1] == pytest.approx(1.1 * rate[0], rel=0.02)


def test_little_grip_widens_the_curve(plain: Track) -> None:
    """With a fifth of the grip the car goes straighter."""
    simulator = Simulator(plain, 2)
    simulator.condition(grip=[1.0, 0.2])
    simulator.spawn(arc=3000.0, speed=80.0)
    aside = np.abs(driven(simulator, (1, 0, 1))[Field.X])
    assert aside[1] < 0.7 * aside[0]


def test_wind_carries_a_flying_car_and_slows_a_driving_one(plain: Track) -> None:
    """Air drag acts on the velocity relative to the air."""
    simulator = Simulator(plain, 3)
    simulator.condition([0], wind=(20.0, 0.0))
    simulator.condition([2], wind=[[0.0, -20.0]])
    state = simulator.full_state()
    state[Field.Y, :2] += 100.0
    simulator.restore(state)
    state = driven(simulator, (0, 0, 0))
    assert state[Field.VX, 0] == pytest.approx(20.0 * (1 - np.exp(-0.03)), rel=0.01)
    assert state[Field.VX, 1] == 0.0
    simulator.spawn([1, 2], arc=100.0, speed=70.0)
    speed = driven(simulator, (1, 0, 0))[Field.VZ]
    assert speed[1] - speed[2] == pytest.approx(20.0 * 0.03, rel=0.05)


def test_a_spawn_leaves_the_conditions_and_a_snapshot_holds_them(plain: Track) -> None:
    """They belong to the day and the car, not to the drive."""
    simulator = Simulator(plain, 3)
    assert simulator.fields()[Field.GRIP].tolist() == [1.0, 1.0, 1.0]
    simulator.condition([1], grip=0.5, wind=(3.0, -4.0))
    simulator.spawn()
    state = simulator.full_state()
    assert state[[Field.GRIP, Field.WIND_X, Field.WIND_Z], 1].tolist() == [0.5, 3.0, -4.0]
    assert state[Field.GRIP, [0, 2]].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("values", [{"grip": -1.0}, {"power": float("nan")}, {"wind": [1.0, 2.0, 3.0]}])
def test_impossible_conditions_are_refused(plain: Track, values: dict[str, object]) -> None:
    """Naming the value."""
    with pytest.raises(InputError, match=next(iter(values))):
        Simulator(plain, 1).condition(**values)
