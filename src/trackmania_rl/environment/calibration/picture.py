"""A picture of a calibration: recorded and re-driven paths, error over time, errors by regime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trackmania_rl.environment.calibration.recording import PERIOD, Recording
from trackmania_rl.environment.calibration.report import Report
from trackmania_rl.environment.calibration.rerun import Rerun
from trackmania_rl.environment.calibration.windows import find

SHOWN = 2.0
"""Length of the windows that are drawn [s]."""
PATHS = ("grip", "slide", "landing", "dirt", "synthetic", "turbo")
RECORDED, DRIVEN = "#1f3b57", "#e4572e"


def draw(recordings: Sequence[Recording], report: Report, file: Path, parameters: Any = None) -> None:
    """Write the picture (.png).

    Args:
        recordings: The drives of the report.
        report: What was measured.
        file: Where to write it.
        parameters: Of the car; default the shipped ones.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(13, 8), layout="constrained")
    grid = figure.add_gridspec(3, 4)
    windows = find(recordings, SHOWN)
    distance, _ = Rerun(windows).errors(parameters)
    for place, regime in enumerate(PATHS):
        axes = figure.add_subplot(grid[place // 2, place % 2])
        index = np.flatnonzero(windows.regime == regime)
        if len(index):
            # The window whose error is the median: neither the best nor the worst.
            typical = index[np.argsort(distance[-1, index])[len(index) // 2]]
            one = Rerun(windows.some(np.array([typical])))
            recorded, (driven, _) = one.recorded(), one.paths(parameters)
            for path, colour, label in ((recorded, RECORDED, "recorded"), (driven, DRIVEN, "driven again")):
                axes.plot(path[:, 0, 0], path[:, 0, 2], color=colour, marker=".", markersize=3, label=label)
        axes.set_title(f"{regime}: the median window, {SHOWN:g} s", fontsize=9)
        axes.set_aspect("equal", adjustable="datalim")
        axes.tick_params(labelsize=7)
        if place == 0:
            axes.legend(fontsize=7, frameon=False)
    axes = figure.add_subplot(grid[0, 2:])
    time = np.arange(windows.samples + 1) * PERIOD
    for regime, errors in report.by_horizon[report.horizon].items():
        chosen = windows.regime == regime
        if chosen.sum() >= 20 and regime in (
            "grip",
            "slide",
            "slope",
            "banked",
            "landing",
            "synthetic",
            "air",
        ):
            axes.plot(time, np.median(distance[:, chosen], axis=1), label=f"{regime} ({errors.windows})")
    axes.set_yscale("log")
    axes.set_ylim(0.02, 30)
    axes.set_xlabel("time driven open loop [s]", fontsize=8)
    axes.set_ylabel("position error, median [m]", fontsize=8)
    axes.legend(fontsize=7, frameon=False, ncols=2)
    axes = figure.add_subplot(grid[1:, 2:])
    regimes = report.by_horizon[report.horizon]
    rows = np.arange(len(regimes))
    axes.barh(rows, [e.position_error_m_p90 for e in regimes.values()], color="#c9d6e2", label="90 %")
    axes.barh(rows, [e.position_error_m_median for e in regimes.values()], color=RECORDED, label="median")
    axes.set_yticks(rows, [f"{name} ({e.windows})" for name, e in regimes.items()], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(f"position error after {report.horizon:g} s [m]", fontsize=8)
    axes.legend(fontsize=8, frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
