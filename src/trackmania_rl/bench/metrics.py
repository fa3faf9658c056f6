"""How fast learning curves are written: our file beside TensorBoard's writer and a time-series server."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import Json

SERVER = "victoria-metrics"
"""Program that is started as the server; in Debian and as VictoriaMetrics' own build."""
CURVES = 20
"""Points of one report: about as many as a learner writes at once."""
TURNS = 5
"""The kinds take turns, so that other load on the machine falls on all of them; the median counts."""

Write = Callable[[int], None]
"""Writes that many reports, and returns when they are where they belong."""


def command(
    reports: Annotated[int, typer.Option(min=10, help="Reports of 20 points in each turn.")] = 2000,
    as_json: Json = False,
) -> None:
    """Points a second into a run's file, into TensorBoard's event files, and to a time-series server.

    The file gets each report as a commit; TensorBoard's writer collects them and writes at the end of a turn.
    VictoriaMetrics is started for it (apt-get install victoria-metrics), and left out where it is missing.
    """
    show(measure(reports), tables, as_json)


def headline(figures: dict[str, Any]) -> str:
    """Points into a run's file, beside TensorBoard."""
    return (
        f"{figures['file_points_per_second']:,} points/s of learning curves into a run's file, "
        f"{figures['ratio']:.1f} times {figures['peer']}"
    )


def tables(figures: dict[str, Any]) -> Iterator[RenderableType]:
    """Each kind of writing."""
    table = Table("curves", "points/s", "CPU us/point")
    for kind in ("file", "tensorboard", "server"):
        if f"{kind}_points_per_second" in figures:
            speed, cost = figures[f"{kind}_points_per_second"], figures[f"{kind}_cpu_us"]
            table.add_row(kind, f"{speed:,}", f"{cost:.1f}")
    yield table


def measure(reports: int) -> dict[str, Any]:
    """Points a second, in wall-clock, and processor time of this process for each [us], of each kind."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        kinds = {
            "file": stack.enter_context(_file(Path(folder))),
            "tensorboard": stack.enter_context(_tensorboard(Path(folder))),
        }
        if shutil.which(SERVER):
            kinds["server"] = stack.enter_context(_server(Path(folder)))
        taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
        for write in kinds.values():
            write(10)
        for _ in range(TURNS):
            for kind, write in kinds.items():
                wall, cpu = time.perf_counter(), time.process_time()
                write(reports)
                taken[kind].append((time.perf_counter() - wall, time.process_time() - cpu))
    points = reports * CURVES
    figures: dict[str, Any] = {"points": points, "peer": "TensorBoard's writer"}
    for kind, times in taken.items():
        wall, cpu = (sorted(column)[TURNS // 2] for column in zip(*times, strict=True))
        figures[f"{kind}_points_per_second"] = round(points / wall)
        figures[f"{kind}_cpu_us"] = round(1e6 * cpu / points, 2)
    speeds = figures["file_points_per_second"], figures["tensorboard_points_per_second"]
    figures["ratio"] = round(speeds[0] / speeds[1], 2)
    return figures


def _values(report: int) -> dict[str, float]:
    return {f"curve/{curve}": report + 0.1 * curve for curve in range(CURVES)}


@contextlib.contextmanager
def _file(folder: Path) -> Iterator[Write]:
    """A run's own file, a commit for each report."""
    from trackmania_rl.model.runs.metrics import MetricsWriter

    writer = MetricsWriter(folder / "run")

    def write(reports: int) -> None:
        for report in range(reports):
            writer.write(report, float(report), _values(report))

    yield write
    writer.close()


@contextlib.contextmanager
def _tensorboard(folder: Path) -> Iterator[Write]:
    """Event files by the writer that comes with PyTorch, flushed at the end of a turn."""
    try:
        importlib.import_module("tensorboard")
    except ImportError as error:
        raise InputError("tensorboard is not installed: pip install tensorboard") from error
    writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder / "events"))

    def write(reports: int) -> None:
        for report in range(reports):
            for name, value in _values(report).items():
                writer.add_scalar(name, value, report)
        writer.flush()

    yield write
    writer.close()


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[Write]:
    """VictoriaMetrics on a free port, in the requests that the service sends to it."""
    from trackmania_rl.model.runs.metrics import Point
    from trackmania_rl.model.runs.shipper import ROWS
    from trackmania_rl.model.runs.timeseries import TimeSeries
    from trackmania_rl.protocol.service import listen

    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    line = [SERVER, f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder / 'database'}"]
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    series, began = TimeSeries(url), time.time() - 86_400.0

    def write(reports: int) -> None:
        step = ROWS // CURVES
        for first in range(0, reports, step):
            points = [
                Point(key, report, float(report), value)
                for report in range(first, min(first + step, reports))
                for key, value in _values(report).items()
            ]
            series.write("bench", began, points)

    try:
        _await(url, process)
        yield write
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/health", timeout=1.0).close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise InputError(f"{SERVER} does not start: run it by hand to see why")
