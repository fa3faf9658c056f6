"""The command `trackmania-rl calibrate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trackmania_rl.protocol.options import Json, output

if TYPE_CHECKING:
    from trackmania_rl.environment.calibration.recording import Recording
    from trackmania_rl.environment.calibration.report import Report

EVERY_THIRD = 3
"""Of the drives is held out of a fit."""


def calibrate(
    drives: Annotated[
        list[Path],
        typer.Option(
            help="Recorded drive (.csv, .Ghost.Gbx, .Replay.Gbx, .Map.Gbx) or a folder; repeatable."
        ),
    ],
    horizon: Annotated[float, typer.Option(min=0.1, max=10.0, help="Time to drive open loop [s].")] = 1.0,
    track: Annotated[
        str | None,
        typer.Option(
            help="Track that all were driven on: an id or a file. [default: ground told by the drives]"
        ),
    ] = None,
    fit: Annotated[bool, typer.Option("--fit", help="Fit the car's numbers to the drives first.")] = False,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(help="Name of a drive that the fit must not see; repeatable. [default: every third]"),
    ] = None,
    generations: Annotated[int, typer.Option(min=1, help="Generations of the fit's optimiser.")] = 30,
    write: Annotated[
        Path | None, typer.Option(callback=output(), help="Write the fitted numbers and their source here.")
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option(help="Drive with the numbers of this file. [default: the shipped ones]")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(callback=output(".png"), help="Draw the result to this .png file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how true the car drives: recorded inputs, driven again open loop from every recorded state."""
    from trackmania_rl.environment.calibration.fit import fit as fitted
    from trackmania_rl.environment.calibration.picture import draw
    from trackmania_rl.environment.calibration.report import measure
    from trackmania_rl.environment.simulator.parameters import parameters as car_of
    from trackmania_rl.environment.simulator.parameters import read_parameters
    from trackmania_rl.environment.tracks import library

    console = Console(stderr=True)
    recordings = _recordings(drives)
    road = None if track is None else library.load(track)
    values: dict[str, Any] = {} if parameters is None else read_parameters(parameters)
    held: list[Recording] = []
    if fit:
        names = hold_out or [one.name for one in recordings[EVERY_THIRD - 1 :: EVERY_THIRD]]
        held = [one for one in recordings if one.name in names]
        seen = [one for one in recordings if one.name not in names]
        values = _with_progress(console, lambda told: fitted(seen, generations=generations, progress=told))
        if write is not None:
            source = {
                "command": f"trackmania-rl calibrate --fit --generations {generations}",
                "fitted_to": [one.name for one in seen],
                "held_out": [one.name for one in held],
            }
            write.write_text(json.dumps({"source": source, "parameters": values}, indent=2) + "\n")
    car = car_of(**values)
    with console.status("Driving again ..."):
        report = measure(recordings, horizon, parameters=car, track=road)
        unseen = measure(held, horizon, parameters=car, track=road) if held else None
        if picture is not None:
            draw(recordings, report, picture, car)
    if as_json:
        figures = report.json()
        if unseen is not None:
            figures |= {"parameters": values, "held_out": unseen.json()}
        typer.echo(json.dumps(figures))
        return
    _print(report, "all drives")
    if unseen is not None:
        _print(unseen, "held out: " + ", ".join(unseen.drives))


def _recordings(paths: Sequence[Path]) -> list[Recording]:
    """All drives of the files and folders named."""
    from trackmania_rl.environment.calibration.recording import read
    from trackmania_rl.protocol.errors import InputError

    files = [
        file
        for path in paths
        for file in (sorted([*path.glob("*.csv"), *path.glob("*.Gbx")]) if path.is_dir() else [path])
    ]
    found, refused = [], []
    for file in files:
        try:
            found.append(read(file))
        except InputError as error:
            if file in paths:
                raise
            refused.append(f"{error}")
    if not found:
        why = f" ({refused[0]})" if refused else ""
        raise InputError(
            f"no drive in {', '.join(map(str, paths))}{why}, expected drives such as tmrl-train.Map.Gbx",
            field="drives",
        )
    for line in refused:
        Console(stderr=True).print(f"[dim]left out: {line}[/]")
    return found


def _with_progress(console: Console, work: Any) -> dict[str, Any]:
    """Run a fit under a progress bar."""
    from rich.progress import Progress

    from trackmania_rl.environment.calibration.fit import GROUPS

    with Progress(console=console) as bar:
        task = bar.add_task("Fitting", total=len(GROUPS))
        order = {name: number for number, (name, _, _) in enumerate(GROUPS)}

        def told(group: str, share: float) -> None:
            bar.update(task, completed=order[group] + min(share, 1.0), description=f"Fitting {group}")

        values: dict[str, Any] = work(told)
        bar.update(task, completed=len(GROUPS))
    return values


def _print(report: Report, title: str) -> None:
    table = Table(
        r"after \[s]", "regime", "windows", r"position \[m]", "90 %", r"speed \[m/s]", "90 %",
        title=title, box=None, header_style="dim", title_justify="left",
    )  # fmt: skip
    for horizon, regimes in report.by_horizon.items():
        for regime, errors in regimes.items():
            table.add_row(
                f"{horizon:g}",
                regime,
                str(errors.windows),
                f"{errors.position_error_m_median:.2f}",
                f"{errors.position_error_m_p90:.2f}",
                f"{errors.speed_error_mps_median:.2f}",
                f"{errors.speed_error_mps_p90:.2f}",
            )
        table.add_section()
    Console().print(table)
