"""The commands `trackmania-rl bench ...`: every claim of speed, side by side with a named peer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from trackmania_rl.bench import (
    cluster,
    contact,
    faults,
    inference,
    latency,
    learning,
    metrics,
    sac,
    simulator,
    soak,
)
from trackmania_rl.bench import report as reports
from trackmania_rl.bench.report import Benchmark
from trackmania_rl.protocol.errors import InputError

BENCHMARKS = {
    "simulator": Benchmark(
        simulator.command, simulator.tables, simulator.headline, ("--install", "all", "--limit", "--scaling")
    ),
    "contact": Benchmark(contact.command, contact.tables, contact.headline),
    "latency": Benchmark(latency.command, latency.tables, latency.headline, ("--worlds", "1024")),
    "inference": Benchmark(inference.command, inference.tables, inference.headline),
    "sac": Benchmark(sac.command, sac.tables, sac.headline),
    "learning": Benchmark(learning.command, learning.tables, learning.headline),
    "metrics": Benchmark(metrics.command, metrics.tables, metrics.headline),
    "faults": Benchmark(faults.command, faults.tables, faults.headline),
    "soak": Benchmark(soak.command, soak.tables, soak.headline, ("--minutes", "2")),
    "cluster": Benchmark(cluster.command, cluster.tables, cluster.headline, needs="ray"),
}
"""By the names of their commands, in the order of the report."""

app = typer.Typer(help="Measure speed, side by side with a named peer.", no_args_is_help=True)
for _name, _benchmark in BENCHMARKS.items():
    app.command(_name)(_benchmark.command)


@app.command("all")
def every(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks to run; all without any.", show_default=False)
    ] = None,
    into: Annotated[
        Path, typer.Option(help="Folder of the report: benchmarks.json, and benchmarks.md for people.")
    ] = Path("."),
) -> None:
    """Run benchmarks one after another, and write their figures into a report.

    Figures of benchmarks that are not run stay in the report as they are. Each is written as soon as it is
    there; one that fails (a peer or an extra is missing) is told, and the others go on. Takes about half an
    hour, in which nothing else should run.
    """
    from rich.console import Console

    for name in names or []:
        if name not in BENCHMARKS:
            raise InputError(f"no benchmark {name!r}, expected of {', '.join(BENCHMARKS)}", field="names")
    if not into.is_dir():
        raise InputError(f"{into} is no folder: make it first", field="into")
    console, failed = Console(stderr=True), []
    path = into / "benchmarks.json"
    report = reports.load(path)
    for name in names or BENCHMARKS:
        needs = BENCHMARKS[name].needs
        if not names and needs is not None and importlib.util.find_spec(needs) is None:
            console.print(f"{name}: left out, {needs} is not installed", highlight=False)
            continue
        console.print(f"{name} ...", highlight=False, soft_wrap=True)
        try:
            report[name] = reports.run(name, BENCHMARKS[name])
        except InputError as error:
            failed.append(name)
            console.print(
                f"{error}; the report keeps what it had", style="yellow", highlight=False, soft_wrap=True
            )
            continue
        console.print(BENCHMARKS[name].headline(report[name].figures), highlight=False, soft_wrap=True)
        report = {known: report[known] for known in BENCHMARKS if known in report}
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
        path.with_suffix(".md").write_text(reports.page(report, BENCHMARKS))
    if failed:
        raise InputError(f"not measured: {', '.join(failed)}; the lines above say why")
