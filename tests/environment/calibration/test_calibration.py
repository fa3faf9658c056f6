"""Calibration: on drives of the simulator itself, whose truth is known, and on recorded human drives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.environment.calibration import fit as fits
from trackmania_rl.environment.calibration.recording import read
from trackmania_rl.environment.calibration.report import measure
from trackmania_rl.environment.calibration.rerun import Rerun
from trackmania_rl.environment.calibration.windows import find
from trackmania_rl.environment.simulator.parameters import PARAMETERS_FILE, SHIPPED, parameters
from trackmania_rl.environment.tracks import library

DATA = Path(__file__).parents[4] / "shared" / "data"
DRIVES = DATA / "drives"
MAP = DATA / "maps" / "tmrl-train.Map.Gbx"


def test_its_own_drive_is_driven_again(drive_file: Path) -> None:
    """Only the estimate of the first state is left as an error."""
    windows = find([read(drive_file)], 1.0)
    distance, speed = Rerun(windows).errors()
    assert len(windows) > 200
    assert set(windows.regime) == {"grip"}
    assert np.median(distance[-1]) < 0.05
    assert np.median(speed[-1]) < 0.02


def test_wrong_numbers_are_told_by_the_drive(drive_file: Path) -> None:
    """A car that coasts differently misses in speed, one that turns differently in position."""
    rerun = Rerun(find([read(drive_file)], 1.0))
    _, right = rerun.errors()
    _, coasting = rerun.errors(parameters(coast=6.0))
    assert coasting[-1].mean() > right[-1].mean() + 0.3
    turning, _ = rerun.errors(parameters(radius=[1.2 * radius for radius in SHIPPED["radius"]]))
    assert np.median(turning[-1]) > 0.3


def test_a_fit_finds_the_numbers_that_drove(drive_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a wrong coasting, it comes back to what drove the recording."""
    monkeypatch.setattr(fits, "GROUPS", (("coast", ("coast",), ("grip",)),))
    monkeypatch.setattr(fits, "SHIPPED", {**SHIPPED, "coast": 1.3 * SHIPPED["coast"]})
    told: list[float] = []
    values = fits.fit([read(drive_file)], generations=4, progress=lambda group, share: told.append(share))
    assert values["coast"] == pytest.approx(SHIPPED["coast"], rel=0.1)
    assert told[-1] == 1.0


def test_the_command_reports_json_and_a_picture(drive_file: Path, tmp_path: Path) -> None:
    """One object: grip on top, every regime below."""
    picture = tmp_path / "calibration.png"
    result = CliRunner().invoke(
        app, ["calibrate", "--drives", str(drive_file), "--json", "--picture", str(picture)]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["windows"] == figures["regimes"]["grip"]["windows"] > 200
    assert figures["position_error_m_median"] < 0.05
    assert set(figures["horizons"]) == {"0.5", "1", "2"}
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not DRIVES.is_dir(), reason=f"the recorded drives are not at {DRIVES}")
def test_drives_that_the_fit_never_saw_are_driven_again() -> None:
    """Within what docs/physics.md claims, with some room."""
    held_out = json.loads(PARAMETERS_FILE.read_text())["source"]["held_out"]
    regimes = measure([read(DRIVES / f"{name}.csv") for name in held_out]).by_horizon[1.0]
    for regime, errors in regimes.items():
        print(regime, errors)
    assert regimes["grip"].windows > 1000
    assert regimes["grip"].position_error_m_median < 0.5
    assert regimes["grip"].position_error_m_p90 < 1.8
    assert regimes["grip"].speed_error_mps_median < 0.25
    for regime, position in {"air": 0.2, "slope": 0.6, "banked": 1.2, "landing": 1.2, "slide": 2.6}.items():
        assert regimes[regime].position_error_m_median < position, regime


@pytest.mark.skipif(not MAP.is_file(), reason=f"the map is not at {MAP}")
def test_a_map_is_ghost_and_road() -> None:
    """The author's drive in a .Map.Gbx, on the road of the same map and on the ground that it tells of."""
    recording = read(MAP)
    told = measure([recording]).by_horizon[1.0]["grip"]
    road = measure([recording], track=library.load(str(MAP))).by_horizon[1.0]["grip"]
    assert told.windows == road.windows > 700
    assert told.position_error_m_median < 1.2
    assert road.position_error_m_median == pytest.approx(told.position_error_m_median, abs=0.1)
