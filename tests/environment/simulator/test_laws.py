"""Laws that hold whatever the parameters are: energy, symmetry, rest, walls, ground and determinism."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from tests.environment.simulator.conftest import circle, esses, ribbon, straight

from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.simulator.parameters import SHIPPED
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.simulator.vehicle import YAW_MOBILITY, steering_radius
from trackmania_rl.environment.tracks.track import Border, Surface, Track


def actions(cars: int, gas: float = 0.0, brake: float = 0.0, steer: float = 0.0) -> np.ndarray:
    """The same action for all cars."""
    return np.tile(np.array([gas, brake, steer], np.float32), (cars, 1))


def test_a_resting_car_rests() -> None:
    """Ten seconds without input move it by less than a centimetre."""
    simulator = Simulator(straight(), 1)
    before = simulator.poses()
    simulator.step(actions(1), ticks=1000)
    assert np.abs(simulator.poses()[:, :3] - before[:, :3]).max() < 0.01
    assert abs(simulator.poses()[0, 1]) < 0.01  # the origin stands at road level


@pytest.mark.parametrize("surface", list(Surface))
def test_coasting_never_gains_energy(surface: Surface) -> None:
    """Steering, sliding and bouncing off walls only lose: kinetic and potential energy never grow.

    But a wall turns spin into speed, and the steering gives spin for nothing: only what was lost counts.
    """
    simulator = Simulator(straight(3000.0, surface=surface), 64)
    random = np.random.default_rng(1)
    simulator.spawn(arc=100.0, lateral=random.uniform(-8, 8, 64), speed=random.uniform(5, 120, 64))
    action = np.stack([np.zeros(64), np.zeros(64), random.uniform(-1, 1, 64)], axis=1)
    simulator.step(action, ticks=20)  # let the suspension settle on the ground's gravity
    energy, spin = [], []
    for _ in range(40):
        simulator.step(action, ticks=10)
        state = simulator.full_state()
        spin.append(0.5 * state[Field.WY] ** 2 / YAW_MOBILITY)
        velocity = state[Field.VX : Field.VZ + 1]
        energy.append(0.5 * (velocity**2).sum(axis=0) + 30.0 * state[Field.Y])
    gain = np.diff(np.array(energy), axis=0) + np.minimum(np.diff(np.array(spin), axis=0), 0.0)
    assert gain.max() < 1.5  # the springs, not counted, hold 2.8 m2/s2 at rest and more when leaning


def test_the_mirrored_drive_is_the_mirror_image() -> None:
    """Steering left on a straight road is steering right, mirrored."""
    simulator = Simulator(straight(2000.0), 2)
    simulator.spawn(arc=50.0, lateral=[3.0, -3.0], speed=40.0)
    for step in range(45):  # then one hits a wall, and rounding decides in which tick
        steer = 0.8 * np.sin(step / 7.0)
        brake = float(step % 30 > 25)
        simulator.step(np.array([[1, brake, steer], [1, brake, -steer]], np.float32))
        state = simulator.full_state()
        assert state[Field.X, 0] == pytest.approx(-state[Field.X, 1], abs=1e-2)
        assert state[Field.Z, 0] == pytest.approx(state[Field.Z, 1], abs=1e-2)


def test_the_drive_on_a_mirrored_track_is_the_mirror_image() -> None:
    """A left curve steered left is a right curve steered right, with banking and hills."""
    tracks = [
        ribbon(
            lambda s, side=side: (side * 25.0 * np.sin(s / 60.0), 3.0 * np.sin(s / 90.0), s),
            600.0,
            bank=side * 0.1,
        )
        for side in (1.0, -1.0)
    ]
    left, right = (Simulator(track, 8) for track in tracks)
    lateral = np.linspace(-8.0, 8.0, 8)
    left.spawn(arc=30.0, lateral=lateral, speed=25.0)
    right.spawn(arc=30.0, lateral=-lateral, speed=25.0)
    for step in range(40):
        steer = 0.5 * np.sin(step / 5.0 + lateral)
        pedals = [np.ones(8), np.zeros(8)]
        left.step(np.stack([*pedals, steer], axis=1))
        right.step(np.stack([*pedals, -steer], axis=1))
        here, there = left.full_state(), right.full_state()
        assert here[Field.X] == pytest.approx(-there[Field.X], abs=0.02)
        for row in (Field.Y, Field.Z, Field.LATERAL, Field.PROGRESS):
            sign = -1.0 if row == Field.LATERAL else 1.0
            assert here[row] == pytest.approx(sign * there[row], abs=0.02)


@pytest.mark.parametrize("pedals", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("surface", [surface for surface in Surface if surface is not Surface.NONE])
def test_tyres_never_push_sideways_beyond_their_grip(surface: Surface, pedals: tuple[float, float]) -> None:
    """The limit is v2/R of full steering with its reserve, and what sliding changes of it."""
    cars = 256
    random = np.random.default_rng(2)
    pace = random.uniform(5.0, 125.0, cars)
    slip = random.uniform(-20.0, 20.0, cars)
    simulator = Simulator(straight(3000.0, half_width=500.0, surface=surface), cars)
    simulator.spawn(arc=200.0, speed=pace)
    state = simulator.full_state()
    state[Field.VX] += slip
    simulator.restore(state)
    faster = np.maximum(pace, 20.0)
    limit = SHIPPED["grip_reserve"] * max(1.0, SHIPPED["slide_grip"]) * faster**2 / steering_radius(faster)
    braking = SHIPPED["slide_brake_grip"] + SHIPPED["slide_brake_slope"] * np.abs(slip)
    share = SHIPPED.get(f"{surface.name.lower()}_grip", 1.0)
    action = np.column_stack([np.tile(pedals, (cars, 1)), random.uniform(-1.0, 1.0, cars)])
    simulator.step(action, ticks=1)
    push = np.abs(simulator.full_state()[Field.VX] - state[Field.VX]) / 0.01
    greatest = share * np.maximum(limit, pedals[1] * braking)
    assert (push <= 1.01 * greatest).all()
    assert (push > 0.9 * share * limit / max(1.0, SHIPPED["slide_grip"])).any()


@pytest.mark.parametrize("bank", [0.0, np.deg2rad(8.0)])
@pytest.mark.parametrize("share", [0.0, 0.9, -0.9, 1.5])
def test_a_car_rests_on_inclines_that_its_tyres_hold(share: float, bank: float) -> None:
    """Rolling resistance holds it on a slope and grip on a bank; a steeper slope makes it roll."""
    slope = np.arcsin(share * SHIPPED["coast"] / SHIPPED["gravity_ground"])
    track = ribbon(
        lambda s: (np.zeros_like(s), s * np.sin(slope), s * np.cos(slope)), 400.0, bank=bank, finish=380.0
    )
    simulator = Simulator(track, 1)
    simulator.spawn(arc=100.0)
    simulator.step(actions(1), ticks=100)
    before = simulator.poses()[:, :3]
    simulator.step(actions(1), ticks=200)
    moved = np.abs(simulator.poses()[:, :3] - before).max()
    assert moved < 0.01 if abs(share) < 1.0 else moved > 0.3


@pytest.mark.parametrize("kmh", [50.0, 300.0, 1000.0])
def test_walls_hold_at_any_speed_and_angle(kmh: float) -> None:
    """No corner of the body gets through, however fast; and the impact is felt."""
    simulator = Simulator(straight(6000.0), 128)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 128)
    simulator.spawn(arc=3000.0)
    state = simulator.full_state()
    state[Field.VX] = kmh / 3.6 * np.sin(angle)
    state[Field.VZ] = kmh / 3.6 * np.cos(angle)
    simulator.restore(state)
    felt = np.zeros(128)
    for _ in range(60):
        simulator.step(actions(128), ticks=5)
        felt = np.maximum(felt, simulator.wall_impact)
        assert np.abs(simulator.full_state()[Field.LATERAL]).max() < 12.0
    assert np.isfinite(simulator.full_state()).all()
    if kmh > 100.0:  # slower cars' tyres stop them before the wall
        assert felt[0] > 5.0 and felt[-1] > 5.0


@pytest.mark.parametrize("kmh", [50.0, 300.0])
def test_a_wall_moves_no_car_further_than_it_came(kmh: float) -> None:
    """It stops what would be beyond it after the tick, and throws nothing back."""
    cars = 128
    simulator = Simulator(straight(6000.0), cars)
    angle = np.linspace(0.2, np.pi / 2, cars)
    simulator.spawn(arc=3000.0, lateral=np.linspace(9.5, 10.5, cars))
    state = simulator.full_state()
    state[Field.VX], state[Field.VZ] = kmh / 3.6 * np.sin(angle), kmh / 3.6 * np.cos(angle)
    simulator.restore(state)
    hits = 0
    for _ in range(20):
        before = simulator.full_state()
        simulator.step(actions(cars), ticks=1)
        after = simulator.full_state()
        moved, came = (
            np.linalg.norm(way, axis=0)
            for way in (after[: Field.Z + 1] - before[: Field.Z + 1], 0.01 * before[Field.VX : Field.VZ + 1])
        )
        assert (moved <= 1.05 * came + 0.02).all()
        hits += int((simulator.wall_impact > 1.0).sum())
    assert hits > 30


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_walls_stand_at_the_border_of_a_curve_too(side: float) -> None:
    """Scraping along the inner or the outer wall, the body's furthest corner follows the circle."""
    radius, half_width = 30.0, 6.0
    simulator = Simulator(circle(radius, half_width=half_width), 1)
    simulator.spawn(lateral=4.0 * side, speed=15.0)
    furthest = []
    for _ in range(100):
        lateral = float(simulator.fields()[Field.LATERAL, 0])
        simulator.step(actions(1, gas=float(simulator.speed[0] < 15.0), steer=-0.9 * side), ticks=1)
        attitude = simulator.fields()[Field.QX : Field.QW + 1]
        origin = simulator.poses()[0, :3]
        corners = [rotate(attitude, np.array([x, 0, z]))[:, 0] for x in (-1, 1) for z in (2.0, -2.05)]
        away = [np.hypot(origin[0] + x - radius, origin[2] + z) for x, _, z in corners]
        furthest.append(max(side * (radius - distance) for distance in away))
    assert lateral * side > 0
    assert max(furthest) == pytest.approx(half_width, abs=0.05)


def test_progress_is_that_of_the_origin(plain: Track) -> None:
    """Not of the centre of mass, which is ahead of it: a car that turns back drives it anew."""
    simulator = Simulator(plain, 1)
    simulator.spawn(arc=200.0, speed=20.0)
    for _ in range(60):
        simulator.step(actions(1, gas=1.0, steer=1.0))
        assert simulator.progress[0] == pytest.approx(simulator.poses()[0, 2] - plain.start, abs=0.05)


def test_the_centre_reaches_as_near_to_the_wall_as_recorded() -> None:
    """A car that scrapes along the wall has its centre at 11.8 m of 12.8 m."""
    simulator = Simulator(straight(2000.0), 1)
    simulator.spawn(arc=100.0, speed=30.0)
    lateral = []
    for _ in range(60):
        simulator.step(actions(1, gas=1.0, steer=0.2))
        lateral.append(float(simulator.full_state()[Field.LATERAL, 0]))
    assert min(lateral) == pytest.approx(-11.8, abs=0.3)


def test_an_open_border_lets_the_car_fall() -> None:
    """Off the edge it goes down, and is reported as off the road."""
    simulator = Simulator(straight(border=Border.OPEN), 1)
    simulator.spawn(arc=50.0, lateral=9.0, speed=20.0)
    simulator.step(actions(1, steer=-1.0), ticks=300)
    assert simulator.fallen[0] and simulator.off_road[0]
    assert simulator.poses()[0, 1] < -4.0


def test_a_fall_ends_four_metres_below_or_thirty_beyond() -> None:
    """Of the road: nearer to it the drive goes on."""
    simulator = Simulator(straight(border=Border.OPEN), 4)
    simulator.spawn(arc=100.0)
    state = simulator.full_state()
    state[Field.Y, :2] = -3.8, -4.2
    state[Field.X, 2:] = 12.8 + 29.8, -(12.8 + 30.2)
    simulator.restore(state)
    simulator.step(actions(4), ticks=1)
    assert simulator.fallen.tolist() == [False, True, False, True]


def test_a_grass_verge_carries_and_is_reported() -> None:
    """Beyond the border the wheels are on grass, at the road's height."""
    simulator = Simulator(straight(2000.0, border=Border.GRASS), 1)
    simulator.spawn(arc=50.0, lateral=11.0, speed=15.0)
    for _ in range(20):
        simulator.step(actions(1, steer=-0.3))
    assert simulator.off_road[0] and not simulator.fallen[0]
    assert abs(simulator.poses()[0, 1]) < 0.2


def test_slopes_and_banking_are_followed() -> None:
    """Climbing at 20 degrees and circling on a bank of 30 degrees, the wheels stay on the road."""
    uphill = Simulator(straight(1000.0, slope=np.deg2rad(20.0)), 1)
    uphill.spawn(arc=20.0, speed=30.0)
    uphill.step(actions(1, gas=1.0), ticks=300)
    state = uphill.full_state()
    assert state[Field.CONTACTS, 0] == 4
    assert state[Field.VY, 0] / state[Field.VZ, 0] == pytest.approx(np.tan(np.deg2rad(20.0)), rel=0.02)

    bank = np.deg2rad(-30.0)  # a left curve with its right edge raised
    banked = Simulator(circle(80.0, bank=bank), 1)
    banked.spawn(speed=35.0)
    for _ in range(60):
        banked.step(pursuit(banked))
    state = banked.full_state()
    assert state[Field.CONTACTS, 0] >= 3
    assert abs(state[Field.LATERAL, 0]) < 11.9
    assert banked.progress[0] > 80.0


def test_a_jump_flies_and_lands_on_its_wheels() -> None:
    """Over a crest of 8 m the car leaves the road, then comes to drive on it again."""
    hill = ribbon(
        lambda s: (np.zeros_like(s), 8.0 / (1.0 + np.exp((s - 150.0) / 3.0)), s), 1000.0, finish=960.0
    )
    simulator = Simulator(hill, 1)
    simulator.spawn(arc=60.0, speed=60.0)
    air, deepest = 0, 1.0
    for _ in range(400):
        simulator.step(actions(1), ticks=1)
        state = simulator.full_state()
        air += int(state[Field.CONTACTS, 0] == 0)
        deepest = min(deepest, float(state[Field.HEIGHT, 0]))
    assert air > 30
    assert deepest > -0.5
    assert state[Field.CONTACTS, 0] == 4
    assert not simulator.fallen[0]


def test_circuits_count_laps_and_finish() -> None:
    """One lap from the spawn point finishes; the progress goes on across the seam."""
    track = circle(100.0)
    simulator = Simulator(track, 1)
    simulator.spawn(speed=25.0)
    while not simulator.finished[0] and simulator.lap_time[0] < 60.0:
        simulator.step(pursuit(simulator))
    assert simulator.finished[0]
    assert 0.0 <= simulator.progress[0] - (track.length - 2.0) < 4.0  # a step at 40 m/s is 2 m


def test_the_finish_time_does_not_depend_on_the_ticks_per_step() -> None:
    """The clock stops between two ticks, wherever the step ends, and is held after."""
    times = []
    for ticks in (1, 5, 7):
        simulator = Simulator(straight(), 1)
        while not simulator.finished[0]:
            simulator.step(actions(1, gas=1.0), ticks=ticks)
        finish = simulator.lap_time[0]
        simulator.step(actions(1, gas=1.0), ticks=50)
        assert simulator.lap_time[0] == finish
        times.append(finish)
    assert times[0] == times[1] == times[2]
    assert times[0] * 100 % 1 != 0


def drive(cars: int, threads: int, pick: int) -> bytes:
    """State bytes of car `pick` of a batch, each car driving its own seeded inputs."""
    simulator = Simulator(esses(), cars, threads=threads)
    random = [np.random.default_rng(car) for car in range(cars)]
    for _ in range(80):
        simulator.step(np.stack([r.uniform([0, -3, -1], [1, 0.5, 1]) for r in random]))
    return simulator.full_state()[:, pick].tobytes() + simulator.lidar()[pick].tobytes()


def test_a_drive_is_the_same_bytes_in_any_batch() -> None:
    """Neither the size of the batch, the place in it, nor the threads change a bit."""
    assert drive(4, 1, 3) == drive(70, 1, 3) == drive(600, 2, 3)


def test_a_drive_is_the_same_bytes_in_another_process() -> None:
    """Fresh interpreters compile or load the kernels for themselves and come to the same digest."""
    program = (
        "import hashlib; from tests.environment.simulator.test_laws import drive; "
        "print(hashlib.sha256(drive(70, 1, 3)).hexdigest())"
    )
    digests = [
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        for _ in range(2)
    ]
    assert digests[0] == digests[1] == hashlib.sha256(drive(600, 2, 3)).hexdigest()


DRIVE_BY_TICK = """
import sys
import numpy as np
from trackmania_rl.environment.simulator import vehicle
ticks = int(sys.argv[1])
vehicle.TICK = 0.01 / ticks  # before the kernels are made, which take it as a constant
vehicle.STEER_RATE = vehicle.STEER_RATE / ticks
from tests.environment.simulator.conftest import esses
from trackmania_rl.environment.simulator.simulator import Simulator
simulator = Simulator(esses(), 1)
simulator.spawn(arc=30.0, speed=30.0)
for step in range(50):
    simulator.step([[1.0, 0.0, 0.3 * np.sin(step / 8.0)]], ticks=5 * ticks)
print(*simulator.poses()[0, :3])
"""


@pytest.mark.slow  # two more compilations of the kernels
def test_shorter_ticks_converge() -> None:
    """Halving the tick twice brings the drive of 2.5 s nearer to its limit each time."""

    def end(ticks: int) -> np.ndarray:
        command = [sys.executable, "-c", DRIVE_BY_TICK, str(ticks)]
        done = subprocess.run(command, env=os.environ, check=True, capture_output=True, text=True)
        return np.array(done.stdout.split()[-3:], np.float64)

    whole, half, quarter = end(1), end(2), end(4)
    assert 0 < np.linalg.norm(half - quarter) < 0.75 * np.linalg.norm(whole - half)
    assert np.linalg.norm(whole - half) < 0.5


def test_a_snapshot_repeats_the_future() -> None:
    """Restoring the full state and driving on gives the same bytes."""
    simulator = Simulator(esses(), 5)
    simulator.step(actions(5, gas=1.0, steer=0.1), ticks=200)
    snapshot = simulator.full_state()
    simulator.step(actions(5, gas=1.0, steer=-0.2), ticks=300)
    first = simulator.full_state()
    simulator.restore(snapshot)
    simulator.step(actions(5, gas=1.0, steer=-0.2), ticks=300)
    assert simulator.full_state().tobytes() == first.tobytes()
