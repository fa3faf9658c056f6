"""Who takes part in a race: an agent with the car that it drives, or the ghost of a recorded drive."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import TICKS_PER_STEP
from trackmania_rl.environment.simulator.observation import Layout
from trackmania_rl.protocol.messages import ActionAnswer, Car
from trackmania_rl.protocol.poses import POSE_FIELDS, STATE_FINISHED

Floats = NDArray[np.float32]

COLOURS = ("#ff5a36", "#2ec4ff", "#ffd23f", "#7ae582", "#c77dff", "#ff8fab", "#f4f1de", "#00f5d4")
"""Colours of cars whose agents have none of their own."""
GHOST_COLOUR = "#b8c4d6"

_ATTITUDE = slice(POSE_FIELDS.index("qx"), POSE_FIELDS.index("qw") + 1)
_PROGRESS = POSE_FIELDS.index("progress")
_LAP_TIME = POSE_FIELDS.index("lap_time")
_STATE = POSE_FIELDS.index("state")
_WHOLE = [POSE_FIELDS.index("gear"), _STATE]
"""Columns of whole numbers: between two of them there is nothing."""


@dataclass
class Entrant:
    """An agent in a race.

    Attributes:
        car: How it is shown.
        slot: Index of its car in the simulator.
        layout: Layout of the flat observation that it asked for, or None.
        sent: Its newest action in the environment's action space, (3,) of -1..1.
        fresh: Whether that action arrived since the last step.
        driving: Whether it sends actions; False before the first one and after its stream broke.
        seq: Number of the last request answered, and `answer` that answer.
        reward: Reward of the steps since its last answer.
        acted: Whether it has sent an action in this heat.
        arc: Its place on the start grid, along the track [m].
        lateral: Likewise, to the left of the centre-line [m].
        racing: Whether its car is in the heat and neither finished nor out.
        cause: Why its heat ended, "" while it goes on.
        gained: Tick of the heat at which it last got ahead.
        checkpoint: Checkpoints passed.
        contacts: Contacts with other cars in this heat.
        progress: Distance along the track at each step of the heat [m].
        best_time: Best finish in the race's heats so far [s].
    """

    car: Car
    slot: int
    layout: Layout | None = None
    sent: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    fresh: bool = False
    driving: bool = False
    seq: int | None = None
    answer: ActionAnswer | None = None
    reward: float = 0.0
    acted: bool = False
    arc: float = 0.0
    lateral: float = 0.0
    racing: bool = False
    cause: str = ""
    gained: int = 0
    checkpoint: int = 0
    contacts: int = 0
    progress: list[float] = field(default_factory=list)
    best_time: float | None = None

    def send(self, action: Floats) -> None:
        """Take an action for the coming step."""
        self.sent = action
        self.fresh = self.driving = self.acted = True

    def release(self) -> None:
        """Nobody drives any more: the car coasts."""
        self.sent = np.zeros(3, np.float32)
        self.fresh = self.driving = False

    def line_up(self) -> None:
        """Begin a new heat."""
        self.racing, self.cause = True, ""
        self.sent, self.fresh, self.acted = np.zeros(3, np.float32), False, False
        self.gained, self.checkpoint, self.contacts, self.reward = 0, 0, 0, 0.0
        self.progress = [0.0]


@dataclass(frozen=True, eq=False)
class Ghost:
    """A recorded drive that is shown in every heat.

    Attributes:
        car: How it is shown.
        samples: Its poses at 20 Hz from the start of its clock, (n, len(POSE_FIELDS)).
    """

    car: Car
    samples: Floats

    def pose(self, tick: int) -> Floats:
        """Its pose at a tick of the heat: blended between two samples, held at the end."""
        at = min(max(tick, 0) / TICKS_PER_STEP, len(self.samples) - 1.0)
        before = int(at)
        after = min(before + 1, len(self.samples) - 1)
        share = np.float32(at - before)
        a, b = self.samples[before], self.samples[after]
        if np.dot(a[_ATTITUDE], b[_ATTITUDE]) < 0:  # the same attitude has two signs: take the nearer
            b = b.copy()
            b[_ATTITUDE] *= -1
        pose: Floats = a + (b - a) * share
        pose[_ATTITUDE] /= np.linalg.norm(pose[_ATTITUDE])
        pose[_WHOLE] = a[_WHOLE]
        return pose

    @property
    def progress(self) -> Floats:
        """Distance along the track at each step [m]."""
        return self.samples[:, _PROGRESS]

    def finished(self, tick: int) -> bool:
        """Whether it had finished by this tick."""
        return bool(int(self.pose(tick)[_STATE]) & STATE_FINISHED)

    def lap_time(self, tick: int) -> float:
        """Its clock at this tick [s]."""
        return float(self.pose(tick)[_LAP_TIME])
