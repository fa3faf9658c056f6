"""The benchmark of learning, shortened to a few steps."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from trackmania_rl.cli import app


@pytest.mark.parametrize("task", ["Pendulum-v1"])
def test_curves_of_all_learners(task: str, tmp_path, monkeypatch) -> None:
    """Every learner has as many evaluations as asked for, and its time goes on."""
    pytest.importorskip("stable_baselines3")
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    picture = tmp_path / "curves.png"
    asked = ["bench", "learning", "--tasks", task, "--seeds", "1", "--steps", "120", "--json"]
    result = CliRunner().invoke(app, [*asked, "--picture", str(picture)])
    assert result.exit_code == 0, result.output
    curves = json.loads(result.stdout)[task]
    assert len(curves) == 3
    for (curve,) in curves.values():
        assert curve["steps"] == list(range(10, 130, 10))
        assert curve["seconds"] == sorted(curve["seconds"])
        assert all(value <= 0.0 for value in curve["returns"])  # Pendulum's rewards are costs
    assert picture.stat().st_size > 10_000
