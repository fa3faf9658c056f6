"""The commands of the model area, as a program runs them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trackmania_rl.bench import sac
from trackmania_rl.model import commands
from trackmania_rl.protocol.errors import InputError

app = typer.Typer()
app.command()(commands.train)
app.command()(commands.evaluate)
app.command("bench")(sac.command)
QUICK = [
    "--set",
    "warmup_steps=200",
    "--set",
    "hidden=[32,32]",
    "--set",
    "compile=false",
    "--set",
    "batch=32",
    "--worlds",
    "8",
]


def run(*arguments: str) -> Any:
    """Run a command; its error is raised, its figures are returned."""
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_train_resume_and_evaluate_on_a_track(data: Path) -> None:
    """Training reports its files; more of it resumes; the checkpoint is evaluated on another track."""
    common = ["--track", "sprint", "--run", "first", *QUICK, "--set", "evaluation_episodes=1"]
    first = run("train", *common, "--steps", "1200")
    assert first["steps"] == 1200
    assert Path(first["curves"]).read_bytes().startswith(b"\x89PNG")
    second = run("train", *common, "--steps", "1600", "--resume")
    assert second["steps"] == 1600
    assert second["updates"] > first["updates"] > 0
    figures = run("evaluate", second["checkpoint"], "--track", "esses", "--episodes", "2")
    assert figures["episodes"] == 2
    assert 0.0 <= figures["finish_rate"] <= 1.0
    with pytest.raises(InputError, match="trained on TrackMania/Horizon-v0"):
        run("evaluate", second["checkpoint"], "--env", "gymnasium:Pendulum-v1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--track", "atlantis"], "atlantis"),
        (["train", "--env", "TrackMania/Unknown-v0"], "Unknown-v0"),
        (["train", "--set", "gamma"], "name=value"),
        (["train", "--set", "gama=1"], "gama"),
        (["evaluate", "missing.pt", "--track", "sprint"], r"missing\.pt"),
    ],
)
def test_wrong_input_is_named(arguments: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(*arguments)


@pytest.mark.slow
def test_bench_reports_updates_per_second() -> None:
    figures = run("bench", "--seconds", "0.5", "--repeats", "1")
    assert figures["updates_per_second"] > 0
    if "ratio" in figures:
        expected = figures["updates_per_second"] / figures["peer_updates_per_second"]
        assert figures["ratio"] == pytest.approx(expected)
