"""A drive of the simulator's own, written as a table of recorded states: the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.environment.simulator.conftest import straight

from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field

COLUMNS = (
    "t_ms", "x", "y_up", "z", "vx", "vy_up", "vz", "qx", "qy", "qz", "qw", "steer", "gas", "brake", "gear",
    "speed_ms", "side_speed", "mat_fl", "mat_fr", "mat_rr", "mat_rl", "turbo_byte", "turbo_time_raw", "slip1",
    "slip2", "ground_mode",
)  # fmt: skip


def recorded(seconds: float, seed: int = 0) -> str:
    """A drive with random steering on a wide flat road, as a table."""
    simulator = Simulator(straight(6000.0, half_width=2000.0, finish=5900.0), 1)
    simulator.spawn(arc=1000.0, speed=30.0)
    random = np.random.default_rng(seed)
    action = np.array([[1.0, 0.0, 0.0]], np.float32)
    lines = [",".join(COLUMNS)]
    for k in range(round(seconds / 0.05)):
        pose, state = simulator.poses()[0].astype(float), simulator.full_state()[:, 0].astype(float)
        surface = (16, 16, 16, 16, 3, 0, 128, 42, 3)
        values = [50 * k, *pose[:3], *pose[7:10], *pose[3:7], action[0, 2], action[0, 0], action[0, 1],
                  state[Field.GEAR], np.hypot(pose[7], pose[9]), 0, *surface]  # fmt: skip
        lines.append(",".join(f"{value:.5f}" for value in values))
        simulator.step(action, ticks=2)
        if k % 12 == 0:
            action[0, 2] = random.uniform(-0.4, 0.4)
            action[0, 0] = float(random.random() < 0.8)
        simulator.step(action, ticks=3)
    return "\n".join(lines)


@pytest.fixture(scope="session")
def drive_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table in a file."""
    file = tmp_path_factory.mktemp("drives") / "own.csv"
    file.write_text(recorded(12.0))
    return file
