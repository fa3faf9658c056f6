"""Contact between cars: the laws of impact, whatever the cars do."""

from __future__ import annotations

import numpy as np
import pytest
import warp as wp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.environment.simulator.conftest import esses, straight

from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.simulator import cars
from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.simulator.cars import HALF, MIDDLE, bump_cars
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import PITCH_MOBILITY, ROLL_MOBILITY, YAW_MOBILITY

POSITION, ATTITUDE = slice(Field.X, Field.Z + 1), slice(Field.QX, Field.QW + 1)
VELOCITY, SPIN = slice(Field.VX, Field.VZ + 1), slice(Field.WX, Field.WZ + 1)
INERTIA = 1.0 / np.array([PITCH_MOBILITY, YAW_MOBILITY, ROLL_MOBILITY])[:, None]
ROAD = Simulator(straight(2000.0), 1, cars_per_world=2)

SIZES, BOX = [*HALF, *HALF], np.array(MIDDLE)

number = st.floats(-1.0, 1.0, width=32)
triple = st.tuples(number, number, number)
attitude = st.tuples(number, number, number, number).filter(lambda q: sum(x * x for x in q) > 0.1)


def two(place: tuple, attitudes: tuple, velocities: tuple, spins: tuple) -> np.ndarray:
    """State (FIELDS, 2): the first car high over the road, the second at `place` [m] from it."""
    state = ROAD.full_state()
    state[Field.OFF_ROAD] = state[Field.FINISH_TIME] = 0.0
    state[POSITION] = np.array([[0.0, 50.0, 300.0], [place[0], 50.0 + place[1], 300.0 + place[2]]]).T
    turns = np.array(attitudes, np.float64).T
    state[ATTITUDE] = turns / np.linalg.norm(turns, axis=0)
    state[VELOCITY] = np.array(velocities).T
    state[SPIN] = np.array(spins).T
    return state


def meet(state: np.ndarray, solid: tuple[int, int] = (1, 1)) -> tuple[np.ndarray, float]:
    """The state after the contact at the end of a tick, and the impulse."""
    after = wp.array(state, dtype=float, device="cpu")
    bumps = wp.zeros((2, 3), dtype=float, device="cpu")
    track = [ROAD.node_array, ROAD.ribbon.segments, cars.Course(), 2]
    inputs = [*track, 0, 1, wp.array(solid, dtype=int, device="cpu")]
    wp.launch(bump_cars, dim=1, inputs=[*inputs, after, bumps], device="cpu")
    return after.numpy(), float(bumps.numpy()[0, 0])


def kinetic(state: np.ndarray) -> float:
    """Kinetic energy of all cars, of moving and of turning [m2/s2]."""
    moving = (state[VELOCITY].astype(np.float64) ** 2).sum()
    return 0.5 * float(moving + (INERTIA * state[SPIN].astype(np.float64) ** 2).sum())


def angular(state: np.ndarray, about: np.ndarray) -> np.ndarray:
    """Angular momentum about a point of the world, (3,) [m2/s]."""
    total = np.zeros(3)
    for car in range(2):
        arm = state[POSITION, car].astype(np.float64) - about
        turning = (INERTIA[:, 0] * state[SPIN, car]).astype(np.float64)
        total += np.cross(arm, state[VELOCITY, car]) + rotate(state[ATTITUDE, car, None], turning)[:, 0]
    return total


def overlap(state: np.ndarray) -> float:
    """How deep two boxes are in one another [m], negative where they are apart: all 15 axes, in NumPy."""
    axes = [rotate(state[ATTITUDE, car, None], unit)[:, 0] for car in range(2) for unit in np.eye(3)]
    middles = [state[POSITION, car] + rotate(state[ATTITUDE, car, None], BOX)[:, 0] for car in range(2)]
    axes += [np.cross(a, b) for a in axes[:3] for b in axes[3:]]
    depths = []
    for axis in axes:
        length = np.linalg.norm(axis)
        if length > 0.02:
            reach = sum(half * abs(side @ axis) for half, side in zip(SIZES, axes[:6], strict=True))
            depths.append((reach - abs((middles[1] - middles[0]) @ axis)) / length)
    return min(depths)


def flown(state: np.ndarray, seconds: float) -> np.ndarray:
    """The state after so long without forces or moments."""
    later = state.copy()
    later[POSITION] += state[VELOCITY] * seconds
    axis, w = state[Field.QX : Field.QW], state[Field.QW]
    half = 0.5 * seconds * state[SPIN]
    later[Field.QX : Field.QW] += w * half + np.cross(axis, half, axis=0)
    later[Field.QW] -= (axis * half).sum(axis=0)
    later[ATTITUDE] /= np.linalg.norm(later[ATTITUDE], axis=0)
    return later


def scaled(values: tuple, size: float) -> tuple:
    return tuple(size * value for value in values)


worlds = st.builds(
    lambda place, turns, speeds, spins: two(
        scaled(place, 4.0),
        turns,
        [scaled(speed, 80.0) for speed in speeds],
        [scaled(spin, 5.0) for spin in spins],
    ),
    triple,
    st.tuples(attitude, attitude),
    st.tuples(triple, triple),
    st.tuples(triple, triple),
)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(worlds)
def test_an_impact_conserves_momentum_and_never_gains_energy(state: np.ndarray) -> None:
    """In the air, at any attitudes and speeds, however deep the bodies overlap."""
    after, impulse = meet(state)
    assert after[VELOCITY].sum(axis=1) == pytest.approx(state[VELOCITY].sum(axis=1), abs=1e-3)
    assert after[POSITION].sum(axis=1) == pytest.approx(state[POSITION].sum(axis=1), abs=1e-2)
    assert kinetic(after) <= kinetic(state) * (1 + 1e-5) + 1e-3
    if impulse == 0.0:
        assert np.array_equal(after[VELOCITY], state[VELOCITY])


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(worlds)
def test_an_impact_conserves_angular_momentum(state: np.ndarray) -> None:
    """For the impulses act at one point; free flight before and after changes nothing about it."""
    about = np.array([0.0, 50.0, 300.0])
    after, _ = meet(state)
    unmoved = after.copy()
    unmoved[POSITION] = state[POSITION]  # pushing overlapping bodies apart is no motion
    before = angular(state, about)
    errors = [np.abs(angular(end, about) - before).max() for end in (after, unmoved)]
    assert min(errors) <= 1e-3 * (10.0 + np.abs(state[VELOCITY]).max())


upright = st.builds(
    lambda place, yaws, speeds: two(
        (2.5 * place[0], 0.3 * place[1], 4.5 * place[2]),
        [(0.0, np.sin(yaw), 0.0, np.cos(yaw)) for yaw in yaws],
        [(140.0 * speed[0], 0.0, 140.0 * speed[1]) for speed in speeds],
        [(0.0, 0.0, 0.0)] * 2,
    ),
    triple,
    st.tuples(number, number),
    st.tuples(triple, triple),
)


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(upright)
def test_the_order_of_the_cars_does_not_matter(state: np.ndarray) -> None:
    """Exchanged before or after the impact: the same, to rounding."""
    assume(overlap(flown(state, -0.01)) < 0.0)  # of bodies that were apart a tick ago
    one, impulse = meet(state)
    other, exchanged = meet(np.ascontiguousarray(state[:, ::-1]))
    assert exchanged == pytest.approx(impulse, rel=1e-3, abs=1e-3)
    for rows in (POSITION, VELOCITY, SPIN):
        assert other[rows, ::-1] == pytest.approx(one[rows], abs=0.02)


MIRROR = {Field.X: -1, Field.VX: -1, Field.QY: -1, Field.QZ: -1, Field.WY: -1, Field.WZ: -1}


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(upright)
def test_the_mirrored_impact_is_the_mirror_image(state: np.ndarray) -> None:
    assume(overlap(flown(state, -0.01)) < 0.0)  # of bodies that were apart a tick ago
    mirrored = state.copy()
    for row, sign in MIRROR.items():
        mirrored[row] *= sign
    after, impulse = meet(state)
    other, mirrored_impulse = meet(mirrored)
    assert mirrored_impulse == pytest.approx(impulse, rel=1e-3, abs=1e-3)
    for row, sign in MIRROR.items():
        other[row] *= sign
    assert other[VELOCITY] == pytest.approx(after[VELOCITY], abs=0.02)
    assert other[SPIN] == pytest.approx(after[SPIN], abs=0.02)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(attitude, attitude),
    triple.filter(lambda way: sum(x * x for x in way) > 0.1),
    triple,
    st.floats(0.0, 1.0),
    st.sampled_from([150.0, 400.0, 1000.0]),
)
def test_nothing_tunnels(turns: tuple, way: tuple, aim: tuple, begin: float, kmh: float) -> None:
    """At any attitudes, from all sides, wherever in the tick they meet, up to 1000 km/h.

    Where no impulse was given, they were apart all the time; and after an impact they part.
    """
    direction = np.array(way) / np.linalg.norm(way)
    velocity = direction * kmh / 3.6
    place = tuple(np.array(aim) - direction * (6.0 + begin * kmh / 360.0))
    state = two(place, turns, (-velocity / 2, velocity / 2), ((0.0,) * 3,) * 2)
    assume(overlap(state) < 0.0)
    impulse, ticks = 0.0, 0
    while impulse == 0.0 and ticks < 5 + 12.0 / (kmh / 360.0):
        driven = flown(state, 0.01)
        for back in np.linspace(0.0, -0.01, 8):
            free = overlap(flown(driven, back)) < 0.02
            state, impulse = meet(driven)
            assert free or impulse > 0.0
        ticks += 1
    for _ in range(15):  # what is left then are corners that turn out of the other body
        state, _ = meet(flown(state, 0.01))
    assert overlap(state) < 0.15  # a crush of 64 between walls comes to 0.16


def test_a_flying_car_lands_on_the_one_below() -> None:
    """The third dimension counts: over it no contact, on it one, and the road carries both."""
    simulator = Simulator(straight(2000.0), 1, cars_per_world=2)
    simulator.spawn(arc=[100.0, 100.0])
    state = simulator.full_state()
    state[Field.Y, 1] += 3.0
    simulator.restore(state)
    still = np.zeros((2, 3), np.float32)
    simulator.step(still, 20)
    assert simulator.bump.max() == 0.0
    bumped = 0.0
    for _ in range(40):
        simulator.step(still)
        bumped = max(bumped, float(simulator.bump.max()))
    assert bumped > 2.0
    assert simulator.full_state()[Field.HEIGHT, 0] > 0.0
    assert np.isfinite(simulator.full_state()).all()


def test_cars_on_a_bridge_and_under_it_pass() -> None:
    """6 m of height between two roads are enough."""
    state = two(
        (0.5, 6.0, 0.5), ((0.0, 0.0, 0.0, 1.0),) * 2, ((60.0, 0.0, 0.0), (0.0, 0.0, 60.0)), ((0,) * 3,) * 2
    )
    assert meet(state)[1] == 0.0


def test_resting_cars_rest() -> None:
    """Bumper to bumper and door to door for ten seconds: they stay within a centimetre."""
    simulator = Simulator(straight(), 1, cars_per_world=3)
    length, width = 2 * HALF[2], 2 * HALF[0]
    simulator.spawn(arc=[100.0, 100.0 + length, 100.0], lateral=[0.0, 0.0, width])
    before = simulator.poses()
    simulator.step(np.zeros((3, 3), np.float32), ticks=1000)
    assert np.abs(simulator.poses()[:, :3] - before[:, :3]).max() < 0.01


def test_overlapping_cars_part_gently() -> None:
    """Two that were put into the same place part without being thrown."""
    simulator = Simulator(straight(2000.0), 1, cars_per_world=2)
    simulator.spawn(arc=100.0, lateral=[0.0, 0.5])
    fastest = 0.0
    for _ in range(40):
        simulator.step(np.zeros((2, 3), np.float32))
        fastest = max(fastest, float(np.abs(simulator.full_state()[VELOCITY]).max()))
    gap = np.abs(np.diff(simulator.poses()[:, :3], axis=0))[0]
    assert fastest < 1.0
    assert gap[0] > 2 * HALF[0] - 0.02


@pytest.mark.parametrize("state", ["ghosts", "taken out", "finished", "fallen"])
def test_ghosts_pass_through(state: str) -> None:
    """Without contact, and those who have finished, fallen off or been taken out."""
    simulator = Simulator(straight(2000.0), 1, cars_per_world=2, contact=state != "ghosts")
    simulator.spawn(arc=[100.0, 110.0], speed=[50.0, 0.0])
    if state == "taken out":
        simulator.solid = [True, False]
    snapshot = simulator.full_state()
    if state == "finished":
        snapshot[Field.FINISH_TIME, 1] = 12.0
    simulator.restore(snapshot)
    if state == "fallen":
        assert meet(np.where(np.arange(len(snapshot))[:, None] == Field.OFF_ROAD, 4.0, snapshot))[1] == 0.0
        return
    simulator.step(np.zeros((2, 3), np.float32), ticks=50)
    assert simulator.progress[0] > simulator.progress[1] + 5.0
    assert simulator.bump.tolist() == [0.0, 0.0] and simulator.bumped.tolist() == [-1, -1]


def pile_up(worlds: int, threads: int, per_world: int = 8) -> Simulator:
    """Cars that drive each its own seeded inputs into one another."""
    simulator = Simulator(esses(), worlds, cars_per_world=per_world, threads=threads)
    random = [np.random.default_rng(car % per_world) for car in range(simulator.cars)]
    for _ in range(60):
        simulator.step(np.stack([r.uniform([0.5, -3, -1], [1, 0.5, 1]) for r in random]))
    return simulator


@pytest.mark.parametrize("per_world", [7, 8])
def test_a_race_is_the_same_bytes_in_any_batch(per_world: int) -> None:
    """Neither the number of worlds nor the threads change a bit, and the contacts did happen."""
    alone, few, many = (pile_up(*size, per_world) for size in ((1, 1), (20, 1), (130, 2)))
    assert many.launcher.threads == 2
    state = alone.full_state()
    assert state.tobytes() == few.full_state()[:, -per_world:].tobytes()
    assert state.tobytes() == many.full_state()[:, -per_world:].tobytes()
    ghosts = Simulator(esses(), 1, cars_per_world=per_world, contact=False)
    random = [np.random.default_rng(car) for car in range(per_world)]
    for _ in range(60):
        ghosts.step(np.stack([r.uniform([0.5, -3, -1], [1, 0.5, 1]) for r in random]))
    assert not np.array_equal(ghosts.full_state(), state)


def test_a_step_is_five_ticks_with_contacts() -> None:
    """Driven tick by tick: the same state, and the hardest impacts of the whole step."""
    random = np.random.default_rng(3)
    whole, ticked = (Simulator(esses(), 1, cars_per_world=8) for _ in range(2))
    bumps = 0
    for _ in range(60):
        action = random.uniform([0.5, -3, -1], [1, 0.5, 1], (8, 3))
        whole.step(action)
        wall, bump = np.zeros(8), np.zeros(8)
        for _ in range(5):
            ticked.step(action, 1)
            wall, bump = np.maximum(wall, ticked.wall_impact), np.maximum(bump, ticked.bump)
        bumps += int((bump > 0).sum())
        assert np.array_equal(whole.bump, bump) and np.array_equal(whole.wall_impact, wall)
    rows = [field for field in Field if field != Field.WALL_IMPACT]
    assert np.array_equal(whole.full_state()[rows], ticked.full_state()[rows])
    assert bumps > 0


def test_both_cars_know_of_the_bump() -> None:
    simulator = Simulator(straight(2000.0), 2, cars_per_world=2)
    simulator.spawn(arc=[100.0, 108.0, 100.0, 150.0], speed=[50.0, 0.0, 10.0, 0.0])
    simulator.step(np.zeros((4, 3), np.float32), ticks=20)
    assert simulator.bumped.tolist() == [1, 0, -1, -1]
    assert simulator.bump[0] == simulator.bump[1] > 10.0


def test_a_field_of_64_races_through() -> None:
    """Full grid, everybody pursues the road: contacts, no car through another, nobody lost."""
    simulator = Simulator(esses(length=1500.0), 1, cars_per_world=64)
    bumps = 0
    for _ in range(100):
        simulator.step(pursuit(simulator))
        bumps += int((simulator.bump > 0).sum())
    state = simulator.full_state()
    assert np.isfinite(state).all() and not simulator.fallen.any()
    assert bumps > 0
    middle = simulator.poses()[:, :3].astype(np.float64)
    apart = np.linalg.norm(middle[:, None] - middle, axis=2) + 10.0 * np.eye(64)
    assert apart.min() > 1.5
