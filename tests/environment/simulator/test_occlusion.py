"""Hills in the LIDAR's way, against brute force over all portals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.environment.simulator.conftest import ribbon, straight, turn

from trackmania_rl.environment.simulator.portals import portals
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field

HILLS = ribbon(lambda s: (20.0 * np.sin(s / 70.0), 6.0 * np.sin(s / 25.0), s), 500.0)


def frame(simulator: Simulator) -> tuple[np.ndarray, np.ndarray]:
    """The first car's centre of mass, and its axes forward, left, up as rows (float64)."""
    state = simulator.full_state()[:, 0].astype(np.float64)
    x, y, z, w = state[Field.QX : Field.QW + 1]
    left = [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)]
    up = [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)]
    forward = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]
    return state[Field.X : Field.Z + 1], np.array([forward, left, up])


def meet(beam: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance and height at which a beam meets each piece from a to b, NaN where it does not."""
    side_a, side_b = (beam[0] * p[:, 1] - beam[1] * p[:, 0] for p in (a, b))
    share = np.where((side_a < 0) != (side_b < 0), side_a / (side_a - side_b), np.nan)
    point = a + share[:, None] * (b - a)
    distance = point[:, :2] @ beam
    return np.where(distance > 0, distance, np.nan), point[:, 2]


def brute_force(simulator: Simulator) -> np.ndarray:
    """Profile of the ground under each beam from all portals at once, up to the nearest border."""
    origin, axes = frame(simulator)
    lines = portals(simulator.track, simulator.ribbon)
    table = lines.table.reshape(12, -1).astype(np.float64)
    once = slice(lines.lead, lines.lead + lines.count + 1)
    left, right = ((table[k : k + 3, once].T - origin) @ axes.T for k in (0, 3))
    readings = []
    for angle in np.linspace(-np.pi / 2, np.pi / 2, simulator.beams):
        beam = np.array([np.cos(angle), np.sin(angle)])
        borders = [meet(beam, side[:-1], side[1:]) for side in (left, right)]
        end, height = min(
            ((d, h) for ds, hs in borders for d, h in zip(ds, hs, strict=True) if d == d),
            default=(np.inf, 0.0),
        )
        distances, heights = meet(beam, left, right)
        on_the_way = distances < end
        profile = sorted(zip(distances[on_the_way], heights[on_the_way], strict=True))
        start = (0.0, -float(simulator.full_state()[Field.HEIGHT, 0]))
        profile = [start, *profile, *([(end, height)] if np.isfinite(end) else [])]
        s, g = np.array(profile).T
        rising = np.flatnonzero(g[1:] >= 0)
        if len(rising):
            k = rising[0]
            reading = s[k] + (s[k + 1] - s[k]) * -g[k] / (g[k + 1] - g[k])
        else:
            reading = np.inf if height < -1.5 else end
        readings.append(min(reading, simulator.lidar_range))
    return np.array(readings)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.floats(0.05, 0.9),
    lateral=st.floats(-9.0, 9.0),
    yaw=st.sampled_from([0.0, 1.2, -2.0, 3.1]),
    beams=st.sampled_from([5, 19, 64]),
)
def test_hills_stop_beams_and_hide_borders(place: float, lateral: float, yaw: float, beams: int) -> None:
    """Wherever a car stands, and whether it looks forwards or back."""
    simulator = Simulator(HILLS, 1, beams=beams, occlusion=True)
    simulator.spawn(arc=place * 500.0, lateral=lateral)
    turn(simulator, yaw)
    expected = brute_force(simulator)
    close = np.abs(simulator.lidar()[0] - expected) < 0.02 + 2e-3 * expected
    assert close.mean() >= 1 - 1 / beams  # one may graze a corner, or a barrier's top


def test_a_flat_road_hides_nothing() -> None:
    """Level ground is never in the way: the readings are those in plan view."""
    readings = []
    for occlusion in (False, True):
        simulator = Simulator(straight(2000.0), 8, occlusion=occlusion)
        simulator.spawn(arc=np.linspace(100.0, 900.0, 8), lateral=np.linspace(-9.0, 9.0, 8))
        readings.append(simulator.lidar())
    assert readings[0] == pytest.approx(readings[1], abs=1e-3)


def test_a_rise_ahead_ends_the_middle_beam() -> None:
    """At the foot of a ramp of 20 degrees the beam at 0.44 m meets it where it is that high."""
    ramp = np.tan(np.deg2rad(20.0))
    track = ribbon(lambda s: (np.zeros_like(s), np.maximum(s - 100.0, 0.0) * ramp, s), 300.0, finish=280.0)
    simulator = Simulator(track, 1, occlusion=True)
    simulator.spawn(arc=60.0)
    middle = simulator.lidar()[0, 9]
    height = float(simulator.full_state()[Field.HEIGHT, 0])
    z = float(simulator.full_state()[Field.Z, 0])
    assert middle == pytest.approx(100.0 - z + height / ramp, abs=0.6)  # the foot is rounded by a node
