"""The examples do what they say, and so do the README's lines of Python."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from trackmania_rl.bench.service import started
from trackmania_rl.cli import app
from trackmania_rl.protocol.volume import DATA_VARIABLE

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@pytest.fixture(autouse=True)
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The examples can be imported; what they write goes to a folder of the test's."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    yield
    for name in [path.stem for path in EXAMPLES.glob("*.py")]:
        sys.modules.pop(name, None)


def test_a_linear_policy_finishes_the_oval() -> None:
    import own_learner

    assert 10.0 < own_learner.learn("oval", generations=2) < 60.0


def test_the_lidar_driver_gets_along_a_race_of_a_service(tmp_path: Path) -> None:
    import own_driver

    with started(
        "trackmania_rl", "environment", "--track", "oval", "--countdown", "0.5", "--port"
    ) as service:
        assert own_driver.drive(service.url, seconds=6.0) > 0.05


def test_speeds_of_a_recording_are_drawn(tmp_path: Path) -> None:
    import plot_replay

    line = ["race", "--track", "oval", "--driver", "pursuit", "--record", "race.mcap"]
    assert CliRunner().invoke(app, line).exit_code == 0
    fastest = plot_replay.plot(tmp_path / "race.mcap", tmp_path / "speeds.png")
    assert all(20.0 < speed < 120.0 for speed in fastest.values()) and len(fastest) == 1
    assert (tmp_path / "speeds.png").read_bytes().startswith(b"\x89PNG")


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINES = {page: re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL) for page in PAGES}


class EnoughError(Exception):
    """A loop without an end was seen to work."""


class Policy:
    """Stands for the reader's own: coasts, and has seen enough after some calls."""

    calls = 0

    def __call__(self, observation: Any) -> Any:
        self.calls += 1
        if self.calls > 3:
            raise EnoughError
        return 0.0 if np.ndim(observation) == 2 else np.zeros(3, np.float32)


@pytest.mark.parametrize("page", [page for page in PAGES if LINES[page]], ids=lambda page: page.name)
def test_the_lines_of_python_of_a_page_run(page: Path) -> None:
    """One after the other, with a service where they speak of one."""
    names: dict[str, Any] = {"action": np.zeros((1024, 3), np.float32), "policy": Policy()}
    with contextlib.ExitStack() as stack:
        url = "http://127.0.0.1:8080"
        if any(url in block for block in LINES[page]):
            url = stack.enter_context(started("trackmania_rl", "environment", "--port")).url
        for block in LINES[page]:
            with contextlib.suppress(EnoughError):
                exec(block.replace("http://127.0.0.1:8080", url), names)
        for thing in names.values():
            if not isinstance(thing, type) and hasattr(thing, "close"):
                thing.close()
