"""LIDAR against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.environment.simulator.conftest import circle, esses, ribbon, straight, turn

from trackmania_rl.environment.simulator.portals import TOLERANCE, portals
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError

TRACKS = {"esses": esses(), "circle": circle(40.0), "narrow": esses(40.0, 45.0, 400.0, half_width=6.0)}


def plane(simulator: Simulator, points: np.ndarray) -> np.ndarray:
    """Points of the world, (n, 3), in the plane of the first car: (n, 2) forward, left (float64)."""
    state = simulator.full_state()[:, 0].astype(np.float64)
    x, y, z, w = state[Field.QX : Field.QW + 1]
    left = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    forward = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    away = points - state[Field.X : Field.Z + 1]
    return np.stack([away @ forward, away @ left], axis=1)


def directions(beams: int) -> np.ndarray:
    """Unit vectors (forward, left) of beams from right over ahead to left."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, beams)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def portal_ends(simulator: Simulator) -> tuple[np.ndarray, np.ndarray]:
    """Left and right borders as the beams see them, once around, in the plane of the first car."""
    lines = portals(simulator.track, simulator.ribbon)
    table = lines.table.reshape(12, -1)
    once = slice(lines.lead, lines.lead + lines.count + 1)
    return plane(simulator, table[0:3, once].T), plane(simulator, table[3:6, once].T)


def track_borders(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Left and right borders as the track has them, once around."""
    order = [*range(len(track.position)), *([0] if track.closed else [])]
    left = track.position + track.left * track.half_width_left[:, None]
    right = track.position - track.left * track.half_width_right[:, None]
    return left[order], right[order]


def turned(track: Track, place: float, lateral: float, yaw: float, beams: int) -> Simulator:
    """One car at a share of the track and of its half-width, turned away from the road by `yaw`."""
    simulator = Simulator(track, 1, beams=beams)
    simulator.spawn(arc=place * track.centreline_length, lateral=lateral * float(track.half_width_left[0]))
    turn(simulator, yaw)
    return simulator


def brute_force(simulator: Simulator, *borders: np.ndarray) -> np.ndarray:
    """Nearest crossing of each beam with any piece of any border, (n, 2) in the car's own plane."""
    nearest = np.full(simulator.beams, simulator.lidar_range)
    for points in borders:
        for k, beam in enumerate(directions(simulator.beams)):
            aside = beam[0] * points[:, 1] - beam[1] * points[:, 0]
            along = points @ beam
            a, b = aside[:-1], aside[1:]
            hit = (a < 0) != (b < 0)
            distance = (along[:-1][hit] * b[hit] - along[1:][hit] * a[hit]) / (b[hit] - a[hit])
            distance = distance[distance >= 0]
            if len(distance):
                nearest[k] = min(nearest[k], distance.min())
    return nearest


@settings(max_examples=60, deadline=None)
@given(
    track=st.sampled_from(sorted(TRACKS)),
    place=st.floats(0.1, 0.9),
    lateral=st.floats(-0.75, 0.75),
    yaw=st.floats(-3.1, 3.1),
    beams=st.sampled_from([2, 19, 64]),
)
def test_lidar_is_exact(track: str, place: float, lateral: float, yaw: float, beams: int) -> None:
    """Every beam ends where brute force over all borders says, for any place and heading."""
    simulator = turned(TRACKS[track], place, lateral, yaw, beams)
    expected = brute_force(simulator, *portal_ends(simulator))
    # A beam that grazes a corner may fall to either side of it in float32.
    close = np.abs(simulator.lidar()[0] - expected) < 0.01 + 1e-3 * expected
    assert close.mean() >= 1 - 1 / beams if beams > 2 else close.all()


@settings(max_examples=40, deadline=None)
@given(
    track=st.sampled_from(sorted(TRACKS)),
    place=st.floats(0.1, 0.9),
    lateral=st.floats(-0.75, 0.75),
    yaw=st.floats(-3.1, 3.1),
)
def test_beams_end_at_the_borders_of_the_track(track: str, place: float, lateral: float, yaw: float) -> None:
    """Leaving out nodes moves no border by more than stated: each beam ends that near to a real one."""
    simulator = turned(TRACKS[track], place, lateral, yaw, 19)
    distance = simulator.lidar()[0].astype(np.float64)
    ends = directions(19) * distance[:, None]
    off = np.full(19, np.inf)
    for border in track_borders(TRACKS[track]):
        points = plane(simulator, border)
        a, edge = points[:-1], np.diff(points, axis=0)
        away = ends[:, None] - a
        share = np.clip(np.sum(away * edge, axis=2) / np.sum(edge * edge, axis=1), 0, 1)
        off = np.minimum(off, np.linalg.norm(away - share[..., None] * edge, axis=2).min(axis=1))
    seen = distance < simulator.lidar_range
    assert seen.sum() > 10
    assert off[seen].max() < TOLERANCE + 0.002


def outline(simulator: Simulator, car: int) -> np.ndarray:
    """Corners of another car's body in the first car's plane, around, (5, 2)."""
    x, y, z = simulator.full_state()[Field.X : Field.Z + 1, car].astype(np.float64)
    qx, qy, qz, qw = simulator.full_state()[Field.QX : Field.QW + 1, car].astype(np.float64)
    heading = np.array([2 * (qx * qz + qw * qy), 2 * (qy * qz - qw * qx), 1 - 2 * (qx * qx + qy * qy)])
    centre, ahead = plane(simulator, np.array([[x, y, z], np.array([x, y, z]) + heading]))
    axis = (ahead - centre) / np.linalg.norm(ahead - centre)
    aside = np.array([-axis[1], axis[0]])
    nose, tail = axis * (2.0 - 0.288), axis * -(2.05 + 0.288)
    return centre + np.array([nose + aside, nose - aside, tail - aside, tail + aside, nose + aside])


@settings(max_examples=60, deadline=None)
@given(
    place=st.floats(0.1, 0.8),
    gap=st.floats(4.5, 40.0),
    lateral=st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)),
    yaw=st.floats(-3.1, 3.1),
    beams=st.sampled_from([5, 19, 64]),
)
def test_other_cars_are_seen_exactly(
    place: float, gap: float, lateral: tuple[float, float, float], yaw: float, beams: int
) -> None:
    """Every beam ends at the nearest of all borders and of all sides of the other cars of its world."""
    track = TRACKS["esses"]
    simulator = Simulator(track, 2, cars_per_world=3, beams=beams)
    first = place * track.centreline_length
    arcs = [first, first + gap, first + 2 * gap]
    simulator.spawn(arc=arcs + [first + 2.0] * 3, lateral=[*lateral, 1.0, -3.0, 5.0])
    state = simulator.full_state()
    state[Field.QX : Field.QW + 1, :1] = turned(track, place, 0.0, yaw, 2).full_state()[
        Field.QX : Field.QW + 1
    ]
    simulator.restore(state)
    borders = brute_force(simulator, *portal_ends(simulator))
    cars = brute_force(simulator, outline(simulator, 1), outline(simulator, 2))
    expected = np.minimum(borders, cars)
    close = np.abs(simulator.lidar()[0] - expected) < 0.01 + 1e-3 * expected
    assert close.mean() >= 1 - 1 / beams


def test_cars_that_pass_through_one_another_are_not_seen() -> None:
    """Ghosts: the scan is that of an empty road; with contact the car ahead stops the middle beam."""
    readings = {}
    for contact in (False, True):
        simulator = Simulator(straight(2000.0), 1, cars_per_world=2, contact=contact)
        simulator.spawn(arc=[500.0, 520.0], lateral=0.0)
        readings[contact] = simulator.lidar()[0, 9]
    assert readings[False] == 150.0
    assert readings[True] == pytest.approx(20.0 - 2.05 - 0.288, abs=0.01)


def test_beams_go_from_right_over_ahead_to_left() -> None:
    """Near the left border the last beam is short; the middle one looks down the road."""
    simulator = Simulator(straight(2000.0), 1)
    simulator.spawn(arc=500.0, lateral=8.0)
    scan = simulator.lidar()[0]
    assert scan[-1] == pytest.approx(4.8, abs=0.01)
    assert scan[0] == pytest.approx(20.8, abs=0.01)
    assert scan[9] == simulator.lidar_range


def test_a_bridge_does_not_block_the_view() -> None:
    """On a road that crosses over itself the beams see the borders of the level they are on."""

    def figure(s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        turn = s / 100.0
        return 100.0 * np.sin(2 * turn) / 1.5, 10.0 * np.sin(turn), 150.0 * np.sin(turn)

    track = ribbon(figure, 2 * np.pi * 100.0, closed=True, start=5.0, finish=600.0)
    simulator = Simulator(track, 2)
    crossing = np.argmin(np.hypot(track.position[200:400, 0], track.position[200:400, 2])) + 200
    simulator.spawn(arc=[0.5, float(track.arc[crossing])])
    above, below = simulator.lidar()
    assert above[[0, -1]] == pytest.approx(12.8, abs=0.5)
    assert below[[0, -1]] == pytest.approx(12.8, abs=0.5)


def test_a_scan_of_some_cars_is_the_scan_of_all() -> None:
    """Asking for some cars changes nothing but the rows."""
    simulator = Simulator(esses(), 300)
    simulator.spawn(arc=np.linspace(20.0, 400.0, 300))
    some = np.array([7, 299, 0])
    assert np.array_equal(simulator.lidar(some), simulator.lidar()[some])


@pytest.mark.parametrize(
    "options",
    [
        {"beams": 65},
        {"beams": 0},
        {"lidar_range": -1.0},
        {"worlds": 0},
        {"cars_per_world": 65},
        {"device": "cuda:99"},
    ],
)
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    """With a message that names what was expected."""
    with pytest.raises(InputError, match="expected"):
        Simulator(straight(), **{"worlds": 1, **options})  # type: ignore[arg-type]
