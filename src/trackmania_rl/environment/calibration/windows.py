"""Stretches of recorded drives to drive again, each from a recorded state, and what happens in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.calibration.ground import flights
from trackmania_rl.environment.calibration.recording import PERIOD, Flags, Recording

PAST = 2
"""Samples before a window that its first state is estimated from."""
SPEED_MIN = 3.0
"""Slower windows tell nothing [m/s]."""
CRASH = 130.0
"""A horizontal acceleration beyond this is an impact [m/s2]: tyres reach 100."""
JOLT = 40.0
"""So is an acceleration along the car beyond this, without a turbo [m/s2]; braking reaches 40."""
SLIDE = 2.0
"""Sideways speed beyond which tyres that slip are said to slide [m/s]."""
FLAT_CLIMB = 0.6
FLAT_HEIGHT = 0.15
"""A window is flat that climbs slower than this [m/s], and whose heights differ by less [m]."""
BANK = 0.12
"""Tilt of the road to a side beyond which it is banked [rad]; in curves the body leans 0.04."""

REGIMES = (
    "grip", "slide", "brake", "slope", "banked", "air", "landing", "jump", "turbo",
    "synthetic", "metal", "dirt", "grass", "ice", "plastic", "mixed",
)  # fmt: skip
"""A window counts in one of them; grip, slide and brake are on flat asphalt."""


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of some recordings that last one horizon.

    Attributes:
        recordings: The drives.
        drive: Index of the recording of each window, (n,).
        first: Index of its first sample, (n,).
        samples: Samples after the first.
        regime: What happens in it, one of REGIMES, (n,).
        flat: Whether it may be driven on a plane of asphalt, (n,).
    """

    recordings: tuple[Recording, ...]
    drive: NDArray[np.intp]
    first: NDArray[np.intp]
    samples: int
    regime: NDArray[np.str_]
    flat: Flags

    def __len__(self) -> int:
        return len(self.drive)

    def some(self, chosen: NDArray[np.intp] | Flags) -> Windows:
        """Only the chosen windows."""
        return Windows(
            self.recordings,
            self.drive[chosen],
            self.first[chosen],
            self.samples,
            self.regime[chosen],
            self.flat[chosen],
        )

    def column(self, name: str, offset: int) -> NDArray[np.float64]:
        """An attribute of the recordings at a sample of each window, counted from its first."""
        columns = np.concatenate([getattr(recording, name) for recording in self.recordings])
        begins = np.cumsum([0] + [len(recording) for recording in self.recordings])
        return np.asarray(columns[begins[self.drive] + self.first + offset])


def find(recordings: Sequence[Recording], horizon: float) -> Windows:
    """Every window of a horizon [s]: all that are faster than walking, and without an impact."""
    samples = round(horizon / PERIOD)
    drive, first, regime, flat = [], [], [], []
    for number, recording in enumerate(recordings):
        begins, names, plain = _of(recording, samples)
        drive.append(np.full(len(begins), number, np.intp))
        first.append(begins)
        regime.append(names)
        flat.append(plain)
    return Windows(
        tuple(recordings),
        np.concatenate(drive),
        np.concatenate(first),
        samples,
        np.concatenate(regime),
        np.concatenate(flat),
    )


def _of(recording: Recording, samples: int) -> tuple[NDArray[np.intp], NDArray[np.str_], Flags]:
    """First samples, regimes and flatness of one drive's windows."""
    count = len(recording) - samples
    begins = np.arange(PAST, max(count, PAST))
    if not len(begins):
        return begins, np.zeros(0, "U9"), np.zeros(0, bool)

    def every(condition: Flags) -> Flags:
        return np.asarray(_sum(condition, begins, samples) == samples + 1)

    def some(condition: Flags) -> Flags:
        return np.asarray(_sum(condition, begins, samples) > 0)

    eligible = (recording.speed[begins] > SPEED_MIN) & ~some(_impacts(recording) | recording.special)

    air = recording.grounded == 0
    flying = np.zeros(len(recording), bool)
    for a, b in flights(recording):
        flying[a:b] = True
    spans = np.arange(samples + 1)[None, :] + begins[:, None]
    height = np.ptp(recording.position[:, 1][spans], axis=1)
    climb = np.abs(np.gradient(recording.position[:, 1], PERIOD))
    flat = ~some(air) & ~some(climb > FLAT_CLIMB) & (height < FLAT_HEIGHT)
    sliding = (recording.slipping >= 2) & (np.abs(recording.side) > SLIDE)
    banked = some(np.abs(recording.left[:, 1]) > BANK)
    # Some recordings have no brake: there front wheels that slip without gas tell of it.
    locked = (recording.slipping >= 1) & (recording.controls[:, 0] == 0)
    slide, brake = some(sliding), some((recording.controls[:, 1] > 0) | locked)

    # The last that holds counts.
    names = np.full(len(begins), "grip", "U9")
    names[~flat] = "slope"
    names[banked] = "banked"
    names[brake] = "brake"
    names[slide] = "slide"
    plain = flat & every(recording.material == "asphalt") & ~some(recording.turbo > 0)
    for name in ("synthetic", "metal", "dirt", "grass", "ice", "plastic"):
        names[every(recording.material == name)] = name
    solid = np.isin(recording.material, ("mixed", "air")) & ~air
    alike = np.zeros(len(begins), bool)
    for name in np.unique(recording.material):
        alike |= every((recording.material == name) | air)
    names[~alike | some(solid)] = "mixed"
    names[some(flying)] = "jump"
    names[some(flying) & flying[begins] & ~flying[begins + samples]] = "landing"
    names[every(flying)] = "air"
    names[some(recording.turbo > 0)] = "turbo"
    return begins[eligible], names[eligible], plain[eligible]


def _impacts(recording: Recording) -> Flags:
    """Samples at which the car hits something."""
    velocity = np.diff(recording.position, axis=0) / PERIOD
    change = np.diff(velocity, axis=0) / PERIOD
    plane = np.hypot(change[:, 0], change[:, 2])
    jolt = np.diff(recording.speed) / PERIOD
    hit = np.zeros(len(recording), bool)
    hit[1:-1] = plane > CRASH
    calm = (recording.turbo[1:] == 0) & (recording.grounded[1:] == 4) & (recording.grounded[:-1] == 4)
    hit[1:] |= (np.abs(jolt) > 2 * JOLT) & calm
    return hit


def _sum(condition: Flags, begins: NDArray[np.intp], samples: int) -> NDArray[np.int64]:
    """How often a condition holds in each window."""
    total = np.concatenate([[0], np.cumsum(condition)])
    return np.asarray(total[begins + samples + 1] - total[begins])
