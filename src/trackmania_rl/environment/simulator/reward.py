"""What a step is worth, and why an episode ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.protocol.frames import CAUSES

Floats = NDArray[np.float32]

FINISH, STUCK, OFF_ROAD, TIME_LIMIT, FAULT = (
    np.uint8(CAUSES.index(name)) for name in ("finish", "stuck", "off_road", "time_limit", "fault")
)
GOES_ON = np.uint8(0)


@dataclass(frozen=True, kw_only=True)
class Reward:
    """Weights of the reward's terms; a term whose weight is 0 is off."""

    progress: float = 0.1
    """Per metre beyond the furthest point reached so far, as TMRL: rocking to and fro earns nothing."""
    finish: float = 10.0
    """Once, at the finish. TMRL gives 100, the worth of a kilometre, which drowns the driving (guess)."""
    wall: float = 0.05
    """Per m/s of an impact with a wall (subtracted): a touch also costs the engine for half a second, which
    learners find out much later (docs/sac.md). TMRL has no such term."""
    time: float = 0.0
    """Per step (subtracted)."""
    fall: float = 0.0
    """Once, for falling off the road (subtracted)."""

    def __call__(
        self, gain: Floats, finished: NDArray[np.bool_], impact: Floats, fallen: NDArray[np.bool_]
    ) -> Floats:
        """Reward of one step for each world.

        Args:
            gain: Metres gained beyond the furthest point so far.
            finished: Whether the finish was crossed in this step.
            impact: Hardest impact with a wall in this step [m/s].
            fallen: Whether the car fell off.
        """
        reward = self.progress * gain + self.finish * finished - self.wall * impact - self.fall * fallen
        return np.asarray(reward - self.time, np.float32)


def cause_of_end(
    finished: NDArray[np.bool_],
    fallen: NDArray[np.bool_],
    stuck: NDArray[np.bool_],
    late: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Cause code of each world: index in CAUSES of the first that holds, 0 while the episode goes on."""
    cause = np.where(stuck, STUCK, np.where(late, TIME_LIMIT, GOES_ON))
    return np.where(finished, FINISH, np.where(fallen, OFF_ROAD, cause))


def truncates(cause: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the episode of each world was cut off, rather than came to its end."""
    return np.asarray(cause >= TIME_LIMIT)
