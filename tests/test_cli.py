"""The command line: help that explains, one-line errors, and figures as JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [
    [],
    ["demo"],
    ["environment"],
    ["model"],
    ["viewer"],
    ["train"],
    ["evaluate"],
    ["race"],
    ["replay"],
    ["replay", "verify"],
    ["track"],
    ["track", "import"],
    ["track", "list"],
    ["track", "show"],
    ["bench"],
    ["bench", "simulator"],
    ["bench", "latency"],
    ["bench", "sac"],
]


def run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, with a data folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "trackmania_rl", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "TRACKMANIA_RL_DATA": str(data),
            "PATH": "/usr/bin:/bin",
            "HOME": str(Path.home()),
            "COLUMNS": "200",
        },
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "(none)")
def test_help_explains_every_option(command: list[str], tmp_path: Path) -> None:
    result = run(*command, "--help", data=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout
    assert "Traceback" not in result.stderr


def test_version_is_printed(tmp_path: Path) -> None:
    assert run("--version", data=tmp_path).stdout.startswith("trackmania-rl ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["track", "show", "atlantis"], ["atlantis", "sprint"]),
        (["track", "import", "missing.Map.Gbx"], ["missing.Map.Gbx"]),
        (["race", "--track", "atlantis", "--driver", "pursuit"], ["atlantis"]),
        (["race", "--track", "sprint", "--driver", "nobody"], ["nobody"]),
        (["evaluate", "missing.pt", "--track", "sprint"], ["missing.pt"]),
        (["train", "--env", "TrackMania/Unknown-v0", "--seconds", "1"], ["TrackMania/Unknown-v0"]),
        (["train", "--env", "TrackMania/Horizon-v0", "--track", "atlantis", "--seconds", "1"], ["atlantis"]),
        (["train", "--run", "/somewhere/else", "--seconds", "1"], ["/somewhere/else", "slash"]),
        (["train", "--track", ", ", "--seconds", "1"], ["name"]),
        (["replay", "verify", "missing.mcap"], ["missing.mcap"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_gets_one_sentence(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    result = run(*arguments, data=tmp_path)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_help_keeps_units_in_brackets(tmp_path: Path) -> None:
    assert "[s]" in run("demo", "--help", data=tmp_path).stdout


def test_race_prints_one_json_object(tmp_path: Path) -> None:
    result = run("race", "--track", "sprint", "--driver", "pursuit", "--json", data=tmp_path)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["finished"] is True
    assert 5.0 < figures["time_s"] < 120.0
