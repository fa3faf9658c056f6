"""Fit of the car's numbers: groups of parameters, each on the windows that tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution

from trackmania_rl.environment.calibration.recording import Doubles, Recording
from trackmania_rl.environment.calibration.rerun import Rerun
from trackmania_rl.environment.calibration.windows import find
from trackmania_rl.environment.simulator.parameters import SHIPPED, parameters

HORIZON = 1.0
"""Of the windows that are fitted [s]; their middles count too."""
WINDOWS_MAX = 1500
"""Of a group: so many, spread evenly, tell enough."""
POSITION_CAP = 6.0
SPEED_CAP = 6.0
"""An error beyond these counts as these [m, m/s]: a crash that was not recognised must not pull."""

GROUPS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "grip",
        ("yaw_response", "yaw_acceleration", "coast", "coast_slope", "steer_cost"),
        ("grip",),
    ),
    (
        "slide",
        (
            "slide_grip", "slide_brake_grip", "slide_brake_slope", "slide_coast", "slide_drag", "slide_brake",
            "slide_begin", "slide_end"
        ),
        ("slide",),
    ),
    ("ground", ("damping", "lean_height", "spin_drag"), ("slope", "banked", "landing")),
    ("loose", ("dirt_grip", "grass_grip", "loose_power"), ("dirt", "grass")),
    ("ice", ("ice_grip",), ("ice",)),
    ("plastic", ("plastic_grip",), ("plastic",)),
)  # fmt: skip
"""Name, parameters, and regimes of each group, in the order of fitting.

Not fitted are the numbers that recordings give directly, as medians: the radius at full steering, gravity and
drag in the air; and those that no recording tells of, as the brake, never pressed without a slide."""

Progress = Callable[[str, float], None]


def fit(
    recordings: Sequence[Recording],
    *,
    generations: int = 30,
    seed: int = 0,
    progress: Progress = lambda group, share: None,
) -> dict[str, Any]:
    """Fit all groups, one after the other, by differential evolution from the shipped values.

    Args:
        recordings: Drives to fit to.
        generations: Of the optimiser in each group.
        seed: Of the optimiser.
        progress: Told the group and the share of it that is done.

    Returns:
        Values by the names of parameters.Parameters.
    """
    values = dict(SHIPPED)
    windows = find(recordings, HORIZON)
    for name, names, regimes in GROUPS:
        index = np.flatnonzero(np.isin(windows.regime, regimes))
        if not len(index):
            continue
        chosen = windows.some(index[:: -(-len(index) // WINDOWS_MAX)])
        values = _group(values, names, Rerun(chosen), generations, seed, partial(progress, name))
    return values


def loss(rerun: Rerun, values: dict[str, Any]) -> float:
    """Mean of the errors' roots after a half and after the whole horizon, each regime counting the same."""
    distance, pace = rerun.errors(parameters(**values))
    middle = rerun.windows.samples // 2
    each = sum(np.minimum(distance[k], POSITION_CAP) + np.minimum(pace[k], SPEED_CAP) for k in (middle, -1))
    regimes = np.unique(rerun.windows.regime)
    return float(np.mean([np.mean(each[rerun.windows.regime == regime]) for regime in regimes]))


def _group(
    values: dict[str, Any],
    names: Sequence[str],
    rerun: Rerun,
    generations: int,
    seed: int,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """The values with one group fitted."""
    start = np.concatenate([np.atleast_1d(values[name]) for name in names]).astype(float)

    def unpacked(point: Doubles) -> dict[str, Any]:
        changed, begin = dict(values), 0
        for name in names:
            size = np.size(values[name])
            part = point[begin : begin + size]
            changed[name] = [round(float(x), 4) for x in part] if size > 1 else round(float(part[0]), 4)
            begin += size
        return changed

    done = 0

    def told(*_: Any, **__: Any) -> None:
        nonlocal done
        done += 1
        progress(done / generations)

    result = differential_evolution(
        lambda point: loss(rerun, unpacked(point)),
        bounds=[(0.6 * x, 1.5 * x) for x in start],
        x0=start,
        maxiter=generations,
        popsize=max(3, 60 // len(start)),
        tol=0.0,
        polish=False,
        seed=seed,
        callback=told,
    )
    best = unpacked(result.x)
    return best if loss(rerun, best) < loss(rerun, values) else values
