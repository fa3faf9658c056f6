"""The tutorial's commands, one after the other, as a reader types them: less training, a smaller film."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAP = ROOT.parent / "shared/data/maps/tmrl-test.Map.Gbx"
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
SHORTER = {
    "--seconds 60": "--seconds 6 --set compile=false",
    "--seconds 120": "--seconds 7 --set compile=false",
    "--races 4": "--races 1",
    "--from 8 --to 18": "--from 1 --to 1.2",
    "--from 12": "--from 1",
}
SMALLER = " --size 320x180 --fps 10"
SERVICES = ("demo", "viewer", "model")
"""These go on until they are stopped; tests of their own start them."""


def commands() -> list[str]:
    """Every command of the page's code blocks, made shorter."""
    blocks = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL)
    lines = [line.removeprefix("trackmania-rl ") for block in blocks for line in block.splitlines()]
    lines = [line for line in lines if not line.startswith(SERVICES)]
    for long, short in SHORTER.items():
        assert any(long in line for line in lines), f"{long} is no longer in the tutorial"
        lines = [line.replace(long, short) for line in lines]
    return [line + SMALLER if line.startswith("export video") else line for line in lines]


@pytest.mark.skipif(not MAP.exists(), reason="the maps of ../shared/data are not here")
@pytest.mark.skipif(
    not (ROOT / "src/trackmania_rl/viewer/static/render.html").exists(),
    reason="the viewer's page is not built: make viewer",
)
def test_the_tutorial_works(tmp_path: Path) -> None:
    shutil.copy(MAP, tmp_path / "My.Map.Gbx")
    typed = commands()
    assert len(typed) >= 12
    for line in typed:
        result = subprocess.run(
            [sys.executable, "-m", "trackmania_rl", *shlex.split(line)],
            cwd=tmp_path,
            env={**os.environ, "TRACKMANIA_RL_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"My.png", "mine.mcap", "gaps.png", "duel.mp4", "poster.png", "policy.onnx", "mine.csv"}
