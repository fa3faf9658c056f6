"""Small tracks laid with a few formulas, and a simulator with room to look inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field
from trackmania_rl.environment.tracks.track import Booster, Border, Surface, Track


def ribbon(
    plan: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]],
    length: float,
    *,
    bank: float = 0.0,
    half_width: float = 12.8,
    closed: bool = False,
    border: Border = Border.WALL,
    surface: Surface = Surface.ASPHALT,
    start: float = 16.0,
    finish: float | None = None,
    boosters: tuple[Booster, ...] = (),
) -> Track:
    """A track along the curve `plan`: arc length to x, height and z; banked about its tangent."""
    count = int(np.ceil(length)) + (0 if closed else 1)
    arc = np.arange(count) * (length / count) if closed else np.linspace(0.0, length, count)
    step = 1e-3
    position = np.stack(plan(arc), axis=1)
    tangent = np.stack(plan(arc + step), axis=1) - np.stack(plan(arc - step), axis=1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    level = np.cross([0.0, 1.0, 0.0], tangent)
    level /= np.linalg.norm(level, axis=1, keepdims=True)
    normal = np.cross(tangent, level)
    left = np.cos(bank) * level + np.sin(bank) * normal
    up = np.cos(bank) * normal - np.sin(bank) * level
    return Track(
        id="test",
        name="Test",
        closed=closed,
        position=position.astype(np.float32),
        tangent=tangent.astype(np.float32),
        left=left.astype(np.float32),
        up=up.astype(np.float32),
        half_width_left=np.full(count, half_width, np.float32),
        half_width_right=np.full(count, half_width, np.float32),
        surface=np.full(count, surface, np.uint8),
        border_left=np.full(count, border, np.uint8),
        border_right=np.full(count, border, np.uint8),
        start=start,
        finish=length - 32.0 if finish is None else finish,
        boosters=boosters,
    )


def straight(length: float = 384.0, slope: float = 0.0, **options) -> Track:
    """A straight road towards +z, climbing by `slope` radians."""
    return ribbon(lambda s: (np.zeros_like(s), s * np.sin(slope), s * np.cos(slope)), length, **options)


def circle(radius: float = 60.0, **options) -> Track:
    """A circuit that turns left all the way round."""
    length = 2 * np.pi * radius
    return ribbon(
        lambda s: (radius - radius * np.cos(s / radius), np.zeros_like(s), radius * np.sin(s / radius)),
        length,
        closed=True,
        finish=16.0 + length,
        **options,
    )


def esses(amplitude: float = 25.0, wave: float = 60.0, length: float = 500.0, **options) -> Track:
    """A road that swings left and right (its parameter is nearly, not quite, the arc length)."""
    return ribbon(lambda s: (amplitude * np.sin(s / wave), 2.0 * np.sin(s / 80.0), s), length, **options)


def turn(simulator: Simulator, yaw: float) -> None:
    """Turn the first car about its own up axis [rad]."""
    state = simulator.full_state()
    by = np.array([0.0, np.sin(yaw / 2), 0.0, np.cos(yaw / 2)])
    q = state[Field.QX : Field.QW + 1, 0].astype(np.float64)
    state[Field.QX : Field.QZ + 1, 0] = q[3] * by[:3] + by[3] * q[:3] + np.cross(q[:3], by[:3])
    state[Field.QW, 0] = q[3] * by[3] - q[:3] @ by[:3]
    simulator.restore(state)


@pytest.fixture(scope="session")
def plain() -> Track:
    """A long flat road, wide enough to turn on."""
    return straight(6000.0, half_width=2000.0, finish=5900.0)
