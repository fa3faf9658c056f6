"""The dashboard of deploy/grafana asks for series that a training writes."""

import dataclasses
import json
import re
from pathlib import Path

from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.runs.metrics import read_keys
from trackmania_rl.model.runs.timeseries import SERIES
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.loop import train

DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/dashboards/training.json"


def test_every_curve_of_the_dashboard_is_written(data: Path) -> None:
    """A toy's curves, and those of evaluations that only tracks have."""
    config = LearnerConfig(
        env="points:make", run="toy", worlds=4, steps=400, warmup_steps=100, batch=32, hidden=(16, 16),
        compile=False, evaluation_episodes=2, report_every=0.01,
    )  # fmt: skip
    train(config)
    on_tracks = {f"evaluation/{field.name}" for field in dataclasses.fields(Result)}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len(panels) >= 8
    for panel in panels:
        found = re.fullmatch(SERIES + r'\{run=~"\$run", curve="(.+)"\}', panel["targets"][0]["expr"])
        assert found is not None, panel["title"]
        assert found[1] in {*read_keys(data / "runs/toy"), *on_tracks}, panel["title"]
