"""What people see of a training while it runs."""

import io
import json

import pytest
from rich.console import Console

from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.display import Display, sparkline, time_left
from trackmania_rl.model.training.loop import Progress


def progress(seconds: float, completion: float, loss: float = 1.0) -> Progress:
    result = Result(
        episodes=16, return_mean=1.0, finish_rate=0.5, completion=completion,
        lap_time_best=30.25, lap_time_median=31.0,
    )  # fmt: skip
    return Progress(
        steps=int(1000 * seconds), updates=10,
        episodes=int(seconds), seconds=seconds, steps_per_second=1000.0,
        updates_per_second=5.0, values={"loss/critic": loss}, evaluation=result, best=result,
    )  # fmt: skip


def test_a_terminal_shows_the_training_live() -> None:
    """Figures, time left, the evaluations as a sparkline and the sentence on its health."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with Display(LearnerConfig(run="some", seconds=60.0), console=console) as display:
        for k in range(3):
            display.show(progress(10.0 * (k + 1), completion=0.5 * k))
        with console.capture() as captured:
            console.print(display.picture())
    text = captured.get()
    for words in ("30 s", "1,000", "3,600", "30.250 s", "▁▅█", "Learning; it finishes 50%"):
        assert words in text, words


def test_elsewhere_plain_lines_are_written() -> None:
    """No control characters, and not one per report."""
    file = io.StringIO()
    with Display(LearnerConfig(run="some"), console=Console(file=file)) as display:
        for k in range(5):
            display.show(progress(float(k), completion=0.1))
    (line,) = file.getvalue().splitlines()
    assert line.startswith("some, time 0 s, steps 0, steps/s 1,000") and "\x1b" not in line
    assert "time left" not in line


def test_json_is_an_object_per_report(capsys: pytest.CaptureFixture[str]) -> None:
    """Also of a training that has gone wrong: what is not finite is null."""
    with Display(LearnerConfig(run="some"), as_json=True) as display:
        display.show(progress(1.0, completion=0.1))
        display.show(progress(2.0, completion=0.1, loss=float("nan")))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["run"] == "some" and first["evaluation"]["completion"] == 0.1
    assert second["seconds"] == 2.0 and second["values"]["loss/critic"] is None


@pytest.mark.parametrize(
    ("stops", "left"),
    [
        ({}, None),
        ({"seconds": 30.0}, 20.0),
        ({"steps": 15_000}, 5.0),
        ({"seconds": 12.0, "steps": 99_000}, 2.0),
    ],
)
def test_time_left_is_that_of_the_stop_that_comes_first(stops: dict[str, float], left: float | None) -> None:
    assert time_left(LearnerConfig(**stops), progress(10.0, 0.1)) == left  # type: ignore[arg-type]


def test_a_sparkline_goes_from_the_least_to_the_greatest() -> None:
    assert sparkline([-3.0, 4.0, -3.0, 0.0]) == "▁█▁▄"
    assert sparkline([2.0]) == "▁" and sparkline([]) == ""
