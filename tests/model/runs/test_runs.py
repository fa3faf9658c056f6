"""What lies on the shared volume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trackmania_rl.model.runs.runs import RUN, list_runs
from trackmania_rl.protocol.volume import DATA_VARIABLE, runs_folder


def test_runs_that_differ_by_their_seed_alone_share_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))

    def write(name: str, **config: Any) -> None:
        base = {"agent_id": name, "run": name, "env": "e", "track": "esses", "seed": 0, "started": "today"}
        folder = runs_folder() / name
        folder.mkdir(parents=True)
        (folder / RUN).write_text(json.dumps({**base, "gamma": 0.99, **config}))

    write("one")
    write("other-seed", seed=1, seconds=60.0, started="tomorrow")
    write("other-gamma", gamma=0.9)
    settings = {run.id: run.setting for run in list_runs()}
    assert settings["one"] == settings["other-seed"] != settings["other-gamma"]
