"""Recorded inputs of human drives, driven again open loop from recorded states on flat asphalt."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.environment.simulator.conftest import straight

from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field

DRIVES = Path(__file__).parents[4] / "shared" / "data" / "drives"
SAMPLES = 21
"""In a window of one second, 50 ms apart."""

Window = dict[str, np.ndarray]


def windows() -> list[Window]:
    """Seconds of driving with all wheels on flat asphalt, faster than 8 m/s, without turbo and crash."""
    found = []
    for path in sorted(DRIVES.glob("*_[0-9][0-9].csv")):
        with path.open() as file:
            rows = list(csv.DictReader(file))
        drive = {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}
        asphalt = np.all([drive[f"mat_{wheel}"] == 16 for wheel in ("fl", "fr", "rl", "rr")], axis=0)
        calm = asphalt & (drive["ground_mode"].astype(int) & 1 == 1) & (drive["turbo_time_raw"] == 0)
        for begin in range(0, len(rows) - SAMPLES, 5):
            window = {name: column[begin : begin + SAMPLES] for name, column in drive.items()}
            change = np.hypot(np.diff(window["vx"]), np.diff(window["vz"])) / 0.05
            if (
                calm[begin : begin + SAMPLES].all()
                and (np.diff(window["t_ms"]) == 50).all()
                and np.abs(window["vy_up"]).max() < 0.6
                and np.ptp(window["y_up"]) < 0.15
                and window["speed_ms"][0] > 8.0
                and change.max() < 130.0
            ):
                found.append(window)
    return found


def errors(samples: list[Window]) -> tuple[np.ndarray, np.ndarray]:
    """Distance between driven and recorded position [m] and difference of speed [m/s] after one second."""
    column = {name: np.array([window[name] for window in samples]) for name in samples[0]}
    heading = np.arctan2(
        2 * (column["qx"] * column["qz"] + column["qw"] * column["qy"]),
        1 - 2 * (column["qx"] ** 2 + column["qy"] ** 2),
    )
    simulator = Simulator(straight(6000.0, half_width=3000.0, finish=5900.0), len(samples))
    simulator.spawn(arc=3000.0, speed=column["speed_ms"][:, 0])  # in the gear of that speed
    state = simulator.full_state()
    state[Field.QX : Field.QW + 1] = 0.0
    state[Field.QY], state[Field.QW] = np.sin(heading[:, 0] / 2), np.cos(heading[:, 0] / 2)
    state[Field.VX], state[Field.VZ] = column["vx"][:, 0], column["vz"][:, 0]
    turned = (heading[:, 1] - heading[:, 0] + np.pi) % (2 * np.pi) - np.pi
    state[Field.WY] = turned / 0.05
    state[Field.STEER] = column["steer"][:, 0]
    simulator.restore(state)
    for k in range(1, SAMPLES):
        simulator.step(np.stack([column["gas"][:, k], column["brake"][:, k], column["steer"][:, k]], axis=1))
    end = simulator.full_state()
    moved = end[[Field.X, Field.Z]] - state[[Field.X, Field.Z]]
    recorded = np.stack([column[axis][:, -1] - column[axis][:, 0] for axis in ("x", "z")])
    speed = np.hypot(end[Field.VX], end[Field.VZ]) - np.hypot(column["vx"][:, -1], column["vz"][:, -1])
    return np.hypot(*(moved - recorded)), speed


@pytest.mark.skipif(not DRIVES.is_dir(), reason=f"the recorded drives are not at {DRIVES}")
def test_recorded_inputs_drive_the_recorded_way() -> None:
    """After a second the median car is within a metre, 0.3 m/s of its recording."""
    samples = windows()
    position, speed = errors(samples)
    print(
        f"{len(samples)} windows of 1 s: position error median {np.median(position):.2f} m, "
        f"90 % {np.percentile(position, 90):.2f} m; speed error median {np.median(np.abs(speed)):.2f} m/s"
    )
    assert len(samples) > 300
    assert np.median(position) < 1.0
    assert np.median(np.abs(speed)) < 0.3
