"""What a benchmark measured: one JSON object, tables on the terminal, or a page of the documentation."""

from __future__ import annotations

import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from trackmania_rl.protocol.errors import InputError

PAGE_WIDTH = 1_000
"""Columns of a page's tables, so that no cell is broken into lines."""
PACKAGES = ("warp-lang", "torch", "numpy")
"""Packages whose versions belong to a figure."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        command: Its command line; with --json it prints its figures.
        tables: Its figures for people: tables and sentences.
        headline: What to remember of its figures, in a line.
        arguments: Options with which it is run for the report.
        needs: Module without which it cannot run, if set-up does not bring it.
    """

    command: Callable[..., None]
    tables: Callable[[Any], Iterable[RenderableType]]
    headline: Callable[[Any], str]
    arguments: tuple[str, ...] = ()
    needs: str | None = None


class Entry(msgspec.Struct):
    """A benchmark in the report.

    Attributes:
        command: Its command line.
        when: When it was run: ISO 8601, UTC.
        machine: Processor, operating system and versions.
        seconds: How long it took [s].
        others: Share of the machine's processors that other programs took meanwhile; None where nobody tells.
        figures: What it measured.
    """

    command: str
    when: str
    machine: str
    seconds: float
    others: float | None
    figures: Any


Report = dict[str, Entry]
"""Entries by the names of the benchmarks."""


def show(figures: Any, tables: Callable[[Any], Iterable[RenderableType]], as_json: bool) -> None:
    """Print figures as one JSON object, or as the tables that a benchmark makes of them."""
    if as_json:
        typer.echo(json.dumps(figures))
        return
    console = Console()
    for part in tables(figures):
        if isinstance(part, Table):
            part.box, part.header_style = None, "dim"
        console.print(part, highlight=False)


def run(name: str, benchmark: Benchmark) -> Entry:
    """Run a benchmark as a process of its own.

    Raises:
        InputError: It fails; what it said last is told.
    """
    words = ["bench", name, *benchmark.arguments]
    when, began, before = datetime.now(UTC), time.monotonic(), _processors()
    done = subprocess.run(
        [sys.executable, "-m", "trackmania_rl", *words, "--json"], stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        raise InputError(f"`trackmania-rl {' '.join(words)}` ends with exit status {done.returncode}")
    return Entry(
        command=f"trackmania-rl {' '.join(words)}",
        when=when.strftime("%Y-%m-%d %H:%M"),
        machine=machine(),
        seconds=round(time.monotonic() - began, 1),
        others=_others(before, _processors()),
        figures=json.loads(done.stdout),
    )


def machine() -> str:
    """This machine: processor, operating system, versions of Python and of what computes."""
    names = [f"{os.cpu_count()} x {_processor()}", platform.system(), f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            names.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(names)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _processors() -> tuple[float, float, float] | None:
    """Time that processors had, that they worked, and that this program's ended children took of it [s]."""
    try:
        line = Path("/proc/stat").read_text().split("\n", 1)[0]
    except OSError:
        return None
    ticks = [int(word) / os.sysconf("SC_CLK_TCK") for word in line.split()[1:9]]
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(ticks), sum(ticks) - ticks[3] - ticks[4], children.ru_utime + children.ru_stime


def _others(before: tuple[float, ...] | None, after: tuple[float, ...] | None) -> float | None:
    """Share of the processors that others took between two looks."""
    if before is None or after is None:
        return None
    whole, worked, ours = (late - early for late, early in zip(after, before, strict=True))
    return round(max(0.0, worked - ours) / whole, 3) if whole > 0.0 else None


def load(path: Path) -> Report:
    """The report in a file; empty where there is none.

    Raises:
        InputError: The file holds something else.
    """
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is no report of benchmarks: {error}") from error


def summary(report: Report, benchmarks: Mapping[str, Benchmark], page: str = "") -> str:
    """The report as a table of Markdown: a line for each benchmark, which leads to its place on a page."""
    lines = [
        f"| [`bench {name}`]({page}#{name}) | {benchmarks[name].headline(entry.figures)} |"
        for name, entry in report.items()
    ]
    return "\n".join(["| benchmark | measured |", "|---|---|", *lines])


def page(report: Report, benchmarks: Mapping[str, Benchmark]) -> str:
    """The report as a page of Markdown: its summary, then each benchmark's tables."""
    parts = [
        "# Benchmarks",
        "Every figure was measured by the command above it; `make bench` runs them all and writes this\n"
        "page. *Others* is the share of the machine's processors that other programs took meanwhile.",
        summary(report, benchmarks),
    ]
    for name, entry in report.items():
        others = "" if entry.others is None else f", others {entry.others:.0%}"
        parts += [
            f"## {name}",
            f"    {entry.command}",
            f"{entry.when} UTC, {entry.seconds:.0f} s{others}; {entry.machine}.",
            *(_markdown(part) for part in benchmarks[name].tables(entry.figures)),
        ]
    return "\n\n".join(parts) + "\n"


def _markdown(part: RenderableType) -> str:
    """A table or a sentence as Markdown."""
    if isinstance(part, Table):
        part.box = box.MARKDOWN
    console = Console(file=io.StringIO(), width=PAGE_WIDTH, color_system=None)
    console.print(part, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().strip().splitlines())
