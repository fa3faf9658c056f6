"""The car against what was measured in the real game; tables in docs/physics.md."""

from __future__ import annotations

import numpy as np
import pytest
from tests.environment.simulator.conftest import straight

from trackmania_rl.environment.simulator.parameters import SHIPPED
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks.track import Booster, Surface, Track

GAS = (1.0, 0.0, 0.0)
BRAKE = (0.0, 1.0, 0.0)
NOTHING = (0.0, 0.0, 0.0)


def run(simulator: Simulator, action: tuple[float, float, float], ticks: int) -> np.ndarray:
    """Hold an action and return the states after each tick, (ticks, FIELDS, cars)."""
    actions = np.tile(np.array(action, np.float32), (simulator.cars, 1))
    states = []
    for _ in range(ticks):
        simulator.step(actions, ticks=1)
        states.append(simulator.full_state())
    return np.stack(states)


def speeds(states: np.ndarray) -> np.ndarray:
    """Speed in the plane [m/s], (ticks, cars)."""
    return np.hypot(states[:, Field.VX], states[:, Field.VZ])


def test_a_flight_falls_and_drags_as_measured(plain: Track) -> None:
    """Air: 25.0 m/s2 down, 0.030 of the velocity lost per second."""
    simulator = Simulator(plain, 1)
    state = simulator.full_state()
    state[Field.Y] += 200.0
    state[Field.VX], state[Field.VZ] = 20.0, 60.0
    simulator.restore(state)
    states = run(simulator, NOTHING, 200)
    time = 2.0
    assert states[-1, Field.VZ, 0] == pytest.approx(60.0 * np.exp(-0.030 * time), rel=1e-3)
    assert states[-1, Field.VX, 0] == pytest.approx(20.0 * np.exp(-0.030 * time), rel=1e-3)
    terminal = 25.0 / 0.030
    assert states[-1, Field.VY, 0] == pytest.approx(-terminal * (1 - np.exp(-0.030 * time)), rel=2e-3)


@pytest.mark.parametrize(
    ("kmh", "acceleration"), [(60.0, 15.79), (130.0, 10.88), (210.0, 6.9), (300.0, 6.9), (450.0, 5.1)]
)
def test_full_throttle_climbs_the_staircase(plain: Track, kmh: float, acceleration: float) -> None:
    """Acceleration between the shifts, within 4 %."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=50.0, speed=kmh / 3.6)
    speed = speeds(run(simulator, GAS, 60))[:, 0]
    assert (speed[-1] - speed[29]) / 0.30 == pytest.approx(acceleration, rel=0.04)


@pytest.mark.parametrize("surface", [surface for surface in Surface if surface is not Surface.NONE])
def test_the_engine_pushes_harder_on_loose_ground_alone(surface: Surface) -> None:
    """Dirt and grass multiply it by what was fitted; ice and plastic take grip, not power."""
    simulator = Simulator(straight(2000.0, surface=surface), 1)
    simulator.spawn(arc=50.0, speed=60.0 / 3.6)
    speed = speeds(run(simulator, GAS, 30))[:, 0]
    loose = SHIPPED["loose_power"] if surface in (Surface.DIRT, Surface.GRASS) else 1.0
    assert (speed[-1] - speed[9]) / 0.20 == pytest.approx(15.79 * loose, rel=0.02)


def test_the_launch_is_the_recorded_one(plain: Track) -> None:
    """28.4, 56.8 and 85.4 km/h after 0.5, 1.0 and 1.5 s, within 2 %."""
    speed = speeds(run(Simulator(plain, 1), GAS, 150))[:, 0] * 3.6
    assert speed[[49, 99, 149]] == pytest.approx([28.4, 56.8, 85.4], rel=0.02)


def test_gears_shift_where_the_game_does(plain: Track) -> None:
    """Upshifts at 102.4, 162.2, 235.1, 341.7 km/h with 0.295 s without force."""
    states = run(Simulator(plain, 1), GAS, 1600)
    speed, gear = speeds(states)[:, 0] * 3.6, states[:, Field.GEAR, 0]
    ups = np.flatnonzero(np.diff(gear) > 0)
    assert gear[0] == 1 and gear[-1] == 5
    assert speed[ups] == pytest.approx([102.4, 162.2, 235.1, 341.7], abs=2.0)
    for up in ups:
        idle = np.count_nonzero(np.diff(speed[up : up + 60]) < 0.02)
        assert 0.25 <= idle * 0.01 <= 0.33


def test_gears_shift_down_when_coasting(plain: Track) -> None:
    """Downshifts at 276, 194, 138 and 88 km/h."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=50.0, speed=100.0)
    states = run(simulator, NOTHING, 900)
    speed, gear = speeds(states)[:, 0] * 3.6, states[:, Field.GEAR, 0]
    downs = np.flatnonzero((np.diff(gear) < 0) & (gear[1:] > 0))
    assert speed[downs] == pytest.approx([276.0, 194.0, 138.0, 88.0], abs=2.0)


@pytest.mark.parametrize(
    ("kmh", "radius"),
    [(90, 14.3), (110, 18.2), (190, 45.0), (230, 65.7), (290, 98.9), (310, 98.7), (350, 114.0), (370, 120.2),
     (410, 139.6), (430, 144.8), (450, 151.2)],
)  # fmt: skip
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_full_steering_drives_the_recorded_radius(
    plain: Track, kmh: float, radius: float, side: float
) -> None:
    """Radius of the path at full steering, within 10 %."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=kmh / 3.6)
    states = np.concatenate(
        [run(simulator, (float(simulator.speed[0] < kmh / 3.6), 0.0, side), 1) for _ in range(120)]
    )[80:]
    heading = np.unwrap(np.arctan2(states[:, Field.VX, 0], states[:, Field.VZ, 0]))
    rate = (heading[-1] - heading[0]) / (0.01 * (len(heading) - 1))
    speed = speeds(states).mean()
    assert speed * 3.6 == pytest.approx(kmh, rel=0.05)
    assert np.sign(rate) == -side
    assert speed / abs(rate) == pytest.approx(radius, rel=0.10)


@pytest.mark.parametrize(("kmh", "deceleration"), [(112, 12.05), (212, 19.8), (362, 31.7), (437, 38.1)])
def test_lifting_off_slows_the_car_as_recorded(plain: Track, kmh: float, deceleration: float) -> None:
    """Lift-off with full steering, within 10 %."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=kmh / 3.6 + deceleration * 0.15)
    speed = speeds(run(simulator, (0.0, 0.0, 1.0), 30))[:, 0]
    assert (speed[9] - speed[-1]) / 0.20 == pytest.approx(deceleration, rel=0.10)


def test_the_brake_stops_as_in_the_predecessor(plain: Track) -> None:
    """145.8 to 74.1 km/h in 0.50 s, within 10 %."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=50.0, speed=145.8 / 3.6)
    speed = speeds(run(simulator, BRAKE, 50))[:, 0]
    assert speed[-1] * 3.6 == pytest.approx(74.1, rel=0.10)


@pytest.mark.parametrize(("kmh", "acceleration"), [(130.0, 66.0), (300.0, 42.0)])
def test_a_turbo_adds_five_times_the_engine(kmh: float, acceleration: float) -> None:
    """On the pad and 0.25 s after it, within 10 %."""
    track = straight(2000.0, boosters=(Booster(100.0, 110.0),))
    simulator = Simulator(track, 1)
    simulator.spawn(arc=98.0, speed=kmh / 3.6)
    states = run(simulator, GAS, 80)
    speed, pushing = speeds(states)[:, 0], states[:, Field.TURBO, 0] > 0
    first = int(np.argmax(pushing))
    assert (speed[first + 12] - speed[first + 2]) / 0.10 == pytest.approx(acceleration, rel=0.10)
    left_pad = int(np.argmax(states[:, Field.PROGRESS, 0] + 16.0 >= 110.0))
    last = int(np.flatnonzero(pushing)[-1])
    assert (last - left_pad) * 0.01 == pytest.approx(0.25, abs=0.03)


def test_full_throttle_on_the_flat_straight_meets_the_author_time() -> None:
    """The game's map of twelve straight blocks: 7.708 s, within 0.5 %."""
    simulator = Simulator(straight(384.0, start=16.0, finish=352.0), 1)
    run(simulator, GAS, 800)
    assert simulator.finished[0]
    assert simulator.lap_time[0] == pytest.approx(7.708, rel=0.005)


def test_the_brake_drives_backwards_from_rest(plain: Track) -> None:
    """Reverse, in gear 0."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=100.0)
    states = run(simulator, BRAKE, 200)
    assert states[-1, Field.VZ, 0] < -5.0
    assert states[-1, Field.GEAR, 0] == 0


@pytest.mark.parametrize(("kmh", "acceleration"), [(20.0, 12.0), (60.0, 6.0), (90.0, 2.0), (110.0, 0.0)])
def test_reverse_climbs_a_staircase_of_its_own(plain: Track, kmh: float, acceleration: float) -> None:
    """12 m/s2 below 35 km/h, 6 to 80, 2 to 102, as in the predecessor."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=-kmh / 3.6)
    speed = speeds(run(simulator, BRAKE, 10))[:, 0]
    assert (speed[-1] - speed[0]) / 0.09 == pytest.approx(acceleration, abs=0.05)


def lateral(states: np.ndarray) -> np.ndarray:
    """How strongly each path bends [m/s2], (ticks - 1, cars)."""
    heading = np.unwrap(np.arctan2(states[:, Field.VX], states[:, Field.VZ]), axis=0)
    return np.abs(np.diff(heading, axis=0)) / 0.01 * speeds(states)[1:]


def test_braking_in_a_fast_curve_begins_a_drift_and_gas_ends_it(plain: Track) -> None:
    """At 98 m/s: lateral acceleration 82 m/s2, braking 24 to 57, then with gas 95 to 130 until it grips."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=98.0)
    gripping = run(simulator, (1.0, 0.0, -1.0), 60)
    assert not gripping[:, Field.SLIDING].any()
    assert lateral(gripping)[-20:].mean() == pytest.approx(82.2, rel=0.10)
    braking = run(simulator, (0.0, 1.0, -1.0), 50)
    assert braking[5:, Field.SLIDING].all()
    assert lateral(braking)[10:].min() > 20.0 and lateral(braking)[10:].max() < 62.0
    gas = run(simulator, (1.0, 0.0, -1.0), 200)
    drifting = gas[:-1, Field.SLIDING, 0] > 0
    assert 0.3 < drifting.sum() * 0.01 < 1.5  # recorded: 0.8 s
    assert lateral(gas)[drifting][5:-5].mean() == pytest.approx(105.0, rel=0.15)
    assert not gas[-1, Field.SLIDING, 0]


def test_a_full_brake_in_a_slow_curve_does_not_slide(plain: Track) -> None:
    """At 60 m/s and 58 m/s2 only the front wheels slip: 40 to 50 m/s2 in all [measured]."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=62.0)
    run(simulator, (1.0, 0.0, 0.85), 40)
    states = run(simulator, (0.0, 1.0, 1.0), 20)
    assert not states[:, Field.SLIDING].any()
    speed = speeds(states)[:, 0]
    assert 38.0 < (speed[4] - speed[-1]) / 0.15 < 52.0


@pytest.mark.parametrize("fall", [10.0, 20.0])
def test_a_landing_is_inelastic(plain: Track, fall: float) -> None:
    """Recorded landings at 10 and 25 m/s end within 0.2 s without another flight."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=3000.0, speed=60.0)
    state = simulator.full_state()
    state[Field.Y] += 0.5
    state[Field.VY] = -fall
    simulator.restore(state)
    states = run(simulator, GAS, 100)
    landed = int(np.argmax(states[:, Field.CONTACTS, 0] == 4))
    assert states[landed:, Field.Y, 0].max() < 0.4385 + 0.45
    assert np.abs(states[landed + 60 :, Field.VY, 0]).max() < 0.5


def test_touching_a_wall_cuts_the_engine() -> None:
    """No engine for 0.5 s after the touch, but the lift-off's deceleration; then full push again."""
    simulator = Simulator(straight(2000.0, half_width=8.0), 1)
    simulator.spawn(arc=100.0, lateral=6.5, speed=34.0)
    run(simulator, (1.0, 0.0, -0.2), 12)
    states = run(simulator, GAS, 200)[:, :, 0]
    last_touch = int(np.flatnonzero(states[:, Field.CUT] == np.float32(0.5))[-1])
    acceleration = np.diff(speeds(states[:, :, None])[:, 0]) / 0.01
    assert acceleration[last_touch + 10 : last_touch + 45] == pytest.approx(-13.5, abs=1.5)
    assert acceleration[last_touch + 55 : last_touch + 70] == pytest.approx(10.88, rel=0.04)


def test_a_car_against_a_wall_can_still_leave_it() -> None:
    simulator = Simulator(straight(200.0, half_width=8.0), 1)
    simulator.spawn(arc=100.0, lateral=7.0)
    run(simulator, (1.0, 0.0, -1.0), 100)
    assert simulator.speed[0] < 6.0
    run(simulator, (1.0, 0.0, 0.2), 300)
    assert simulator.speed[0] > 10.0
