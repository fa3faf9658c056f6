"""How a training goes, for those who wait: a live picture, plain lines, or an object per line."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Literal

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.health import diagnose
from trackmania_rl.model.training.loop import Progress

HISTORY = 300
"""Reports that the figures of the last minutes come from, about five minutes (guess)."""
LINE_PERIOD = 10.0
"""Time between two plain lines [s] (guess)."""
EVALUATIONS = 40
"""Newest evaluations in the sparkline."""
BLOCKS = "▁▂▃▄▅▆▇█"

Form = Literal["live", "lines", "json"]


class Display:
    """Shows one training while it runs, on standard error; as JSON on standard output.

    Args:
        config: Settings of the training.
        as_json: An object per report instead.
        console: Where to; standard error if None. Plain lines where it is no terminal.
    """

    def __init__(
        self, config: LearnerConfig, *, as_json: bool = False, console: Console | None = None
    ) -> None:
        self.config = config
        self.console = console or Console(stderr=True)
        self.form: Form = "json" if as_json else "live" if self.console.is_terminal else "lines"
        self.history: deque[Progress] = deque(maxlen=HISTORY)
        self.evaluations: deque[Result] = deque(maxlen=EVALUATIONS)
        self._live = Live(console=self.console, refresh_per_second=4, transient=True)
        self._due = 0.0

    def __enter__(self) -> Display:
        if self.form == "live":
            self._live.start()
            self._live.update("Preparing the worlds and compiling the update ...")
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Take in how far the training is, and show it."""
        self.history.append(progress)
        if progress.evaluation and (not self.evaluations or progress.evaluation != self.evaluations[-1]):
            self.evaluations.append(progress.evaluation)
        if self.form == "json":
            typer.echo(json_line(self.config.run, progress))
        elif self.form == "live":
            self._live.update(self.picture())
        elif time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_PERIOD
            self.console.print(self.line(), soft_wrap=True, markup=False, highlight=False)

    def line(self) -> str:
        """The training in a line."""
        return ", ".join([self.config.run, *(f"{name} {value}" for name, value in self._rows()), self.health])

    def picture(self) -> RenderableType:
        """The training as a table, its evaluations as a sparkline, and how it does in a sentence."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(justify="right")
        for row in [("run", self.config.run), *self._rows()]:
            table.add_row(*row)
        lines = [Text(sparkline(_scores(self.evaluations)), style="cyan"), Text(self.health)]
        return Group(table, *(line for line in lines if line))

    @property
    def health(self) -> str:
        """How it does."""
        return diagnose(list(self.history))[0]

    def _rows(self) -> list[tuple[str, str]]:
        """Names and values of what is known."""
        newest = self.history[-1]
        evaluation, best, values = newest.evaluation, newest.best, newest.values
        rows: list[tuple[str, float | None, str]] = [
            ("time", newest.seconds, "{:.0f} s"),
            ("time left", time_left(self.config, newest), "{:.0f} s"),
            ("steps", newest.steps, "{:,}"),
            ("steps/s", newest.steps_per_second, "{:,.0f}"),
            ("updates/s", newest.updates_per_second, "{:,.0f}"),
            ("episodes", newest.episodes, "{:,}"),
            ("episodes/h", self._episodes_per_hour(), "{:,.0f}"),
            ("return, training", values.get("train/return"), "{:.2f}"),
            ("finish rate, training", values.get("train/finished"), "{:.0%}"),
            ("return, evaluation", evaluation.return_mean if evaluation else None, "{:.2f}"),
            ("finish rate, evaluation", evaluation.finish_rate if evaluation else None, "{:.0%}"),
            ("track driven, evaluation", evaluation.completion if evaluation else None, "{:.0%}"),
            ("best lap", best.lap_time_best if best else None, "{:.3f} s"),
        ]
        return [(name, form.format(value)) for name, value, form in rows if value is not None]

    def _episodes_per_hour(self) -> float | None:
        """Of the last minutes."""
        first, last = self.history[0], self.history[-1]
        if last.seconds <= first.seconds:
            return None
        return 3600.0 * (last.episodes - first.episodes) / (last.seconds - first.seconds)


def json_line(run: str, progress: Progress) -> str:
    """A report as an object in a line; what is not a finite number is null."""
    return msgspec.json.encode({"run": run, **msgspec.to_builtins(progress)}).decode()


def time_left(config: LearnerConfig, progress: Progress) -> float | None:
    """Time until the training has its seconds or its steps, whichever is first [s]; None: it has no end."""
    left = []
    if config.seconds is not None:
        left.append(config.seconds - progress.seconds)
    if config.steps is not None and progress.steps_per_second > 0.0:
        left.append((config.steps - progress.steps) / progress.steps_per_second)
    return max(0.0, min(left)) if left else None


def sparkline(values: Sequence[float]) -> str:
    """Values as a row of blocks, from the least to the greatest."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(BLOCKS) - 1) / ((high - low) or 1.0)
    return "".join(BLOCKS[round((value - low) * scale)] for value in values)


def _scores(evaluations: Sequence[Result]) -> list[float]:
    """Share of the track driven where the environment has a track, else the return."""
    return [result.return_mean if result.completion is None else result.completion for result in evaluations]
