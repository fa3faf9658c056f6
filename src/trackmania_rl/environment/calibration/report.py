"""What the calibration tells: errors after each horizon, by regime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trackmania_rl.environment.calibration.recording import Doubles, Flags, Recording
from trackmania_rl.environment.calibration.rerun import Rerun
from trackmania_rl.environment.calibration.windows import REGIMES, find
from trackmania_rl.environment.tracks.track import Track

HORIZONS = (0.5, 1.0, 2.0)
"""Reported besides the one that is asked for [s]."""


@dataclass(frozen=True)
class Errors:
    """Errors at the end of some windows.

    Attributes:
        windows: How many.
        position_error_m_median: Distance between driven and recorded position [m].
        position_error_m_p90: Nine of ten are smaller.
        speed_error_mps_median: Difference of speed, without sign [m/s].
        speed_error_mps_p90: Nine of ten are smaller.
    """

    windows: int
    position_error_m_median: float
    position_error_m_p90: float
    speed_error_mps_median: float
    speed_error_mps_p90: float


@dataclass(frozen=True)
class Report:
    """Errors by regime for each horizon [s]."""

    drives: tuple[str, ...]
    horizon: float
    by_horizon: dict[float, dict[str, Errors]]

    def json(self) -> dict[str, Any]:
        """For `--json`: grip on flat asphalt at the top, everything else below."""
        at = {
            f"{horizon:g}": {regime: asdict(errors) for regime, errors in regimes.items()}
            for horizon, regimes in self.by_horizon.items()
        }
        grip = self.by_horizon[self.horizon].get("grip")
        top = asdict(grip) if grip is not None else {"windows": 0}
        return {
            "horizon_s": self.horizon,
            "drives": list(self.drives),
            **top,
            "regimes": at[f"{self.horizon:g}"],
            "horizons": at,
        }


def measure(
    recordings: Sequence[Recording],
    horizon: float = 1.0,
    *,
    parameters: Any = None,
    track: Track | None = None,
) -> Report:
    """Drive every window of some recordings again.

    Args:
        recordings: The drives.
        horizon: Horizon asked for [s].
        parameters: Of the car; default the shipped ones.
        track: The track that they were driven on; default the ground that the drives tell of.
    """
    by_horizon = {}
    for length in sorted({horizon, *HORIZONS}):
        windows = find(recordings, length)
        distance, pace = Rerun(windows, track).errors(parameters)
        by_horizon[length] = {
            regime: summary(distance[-1], pace[-1], windows.regime == regime)
            for regime in REGIMES
            if (windows.regime == regime).any()
        }
    return Report(tuple(recording.name for recording in recordings), horizon, by_horizon)


def summary(distance: Doubles, pace: Doubles, chosen: Flags) -> Errors:
    """Errors of the chosen windows at their ends."""
    far, off = distance[chosen], pace[chosen]
    return Errors(
        windows=int(chosen.sum()),
        position_error_m_median=round(float(np.median(far)), 4),
        position_error_m_p90=round(float(np.percentile(far, 90)), 4),
        speed_error_mps_median=round(float(np.median(off)), 4),
        speed_error_mps_p90=round(float(np.percentile(off, 90)), 4),
    )
