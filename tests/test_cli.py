"""The command line: help, the version, and figures as JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from trackmania_rl.__main__ import main
from trackmania_rl.cli import app


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


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of a command and of all below it."""
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


@pytest.mark.parametrize(
    "words", list(commands(get_command(app))), ids=lambda words: " ".join(words) or "(none)"
)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert f"Usage: {' '.join(('trackmania-rl', *words))} " in result.output


def test_version_is_printed(tmp_path: Path) -> None:
    assert run("--version", data=tmp_path).stdout.startswith("trackmania-rl ")


def test_help_keeps_units_in_brackets(tmp_path: Path) -> None:
    assert "[s]" in run("demo", "--help", data=tmp_path).stdout


def test_race_prints_one_json_object(tmp_path: Path) -> None:
    result = run("race", "--track", "sprint", "--driver", "pursuit", "--json", data=tmp_path)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["finished"] is True
    assert 5.0 < figures["time_s"] < 120.0


def test_ctrl_c_while_the_command_line_is_loaded_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "trackmania_rl.cli", SimpleNamespace(main=interrupted))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
