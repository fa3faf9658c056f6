"""The commands for replays: list, show, verify, import, compare and export them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import Json, example, output

if TYPE_CHECKING:
    from trackmania_rl.environment.replay.comparison import Comparison
    from trackmania_rl.environment.replay.reading import Recorded

app = typer.Typer(help="List, show, verify, import, compare and export recorded races.", no_args_is_help=True)

UNITS = {"finish": " s", "wall": " m/s", "contact": " m/s"}
"""Of the values that events have."""

Named = Annotated[str, typer.Argument(help="Id of a replay, or an .mcap file.")]

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
"""As a recording gives the colour of a car."""

WORST = 3
"""Pieces of road that are told where a car lost most."""


@app.command("list")
def list_(
    track: Annotated[str | None, typer.Option(help="Only of this track.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only those in which this agent drove.")] = None,
    after: Annotated[str | None, typer.Option(help="Only those recorded after this, as 2026-01-31.")] = None,
    before: Annotated[
        str | None, typer.Option(help="Only those recorded before this, as 2026-01-31T12:00.")
    ] = None,
    result: Annotated[
        str | None, typer.Option(help="Only those that somebody finished, or nobody: finished, unfinished.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the newest recorded races."""
    from trackmania_rl.environment.replay import archive

    found = archive.summaries(
        track=track, agent=agent, after=after, before=before, result=result, limit=limit
    )
    if as_json:
        import msgspec

        typer.echo(json.dumps({"replays": msgspec.to_builtins(found)}))
        return
    table = Table(box=None, header_style="dim")
    table.add_column("id", no_wrap=True)
    for heading in ("track", "cars", r"best \[s]", r"length \[s]", r"size \[kB]"):
        table.add_column(heading)
    for entry in found:
        best = min((car.time for car in entry.cars if car.finished), default=None)
        table.add_row(
            escape(entry.id if entry.complete else f"{entry.id} (cut off)"),
            escape(entry.track),
            escape(", ".join(car.name for car in entry.cars)),
            "-" if best is None else f"{best:.3f}",
            f"{entry.duration:.1f}",
            f"{entry.size_bytes / 1000:.0f}",
        )
    Console().print(table)


@app.command()
def show(replay: Named, as_json: Json = False) -> None:
    """Print who drove in a recorded race, how it ended and what happened."""
    from trackmania_rl.environment.replay import archive

    recorded = archive.load(replay)
    if as_json:
        import msgspec

        summary = msgspec.to_builtins(recorded.summary())
        typer.echo(json.dumps({**summary, "events": msgspec.to_builtins(recorded.events)}))
    else:
        _show(recorded)


@app.command()
def verify(
    replay: Named,
    track: Annotated[
        str | None, typer.Option(help="The track that was driven, if it is not in the library.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Re-drive a recorded race from its inputs and compare it bit for bit; exit status 1 when it differs."""
    from trackmania_rl.environment.replay import archive, verification
    from trackmania_rl.environment.tracks import library

    recorded = archive.load(replay)
    with Console(stderr=True).status("Driving the tape again ..."):
        verdicts = verification.verify(recorded, library.load(track or recorded.about.track))
    equal = all(verdict.equal for verdict in verdicts)
    if as_json:
        cars = [vars(verdict) for verdict in verdicts]
        typer.echo(json.dumps({"equal": equal, "complete": recorded.complete, "cars": cars}))
    for verdict in [] if as_json else verdicts:
        if verdict.equal:
            typer.echo(f"{verdict.agent_id}: {verdict.samples} samples, the same bit for bit")
        else:
            typer.echo(
                f"{verdict.agent_id}: differs from {verdict.first_difference:.2f} s on, "
                f"by up to {verdict.distance:.3f} m"
            )
    raise typer.Exit(0 if equal else 1)


@app.command("import", epilog=example("replay import mine.Replay.Gbx --track My --name Mia"))
def import_(
    file: Annotated[
        Path, typer.Argument(help="A human drive: .Ghost.Gbx, .Replay.Gbx, .Map.Gbx (its author's) or .csv.")
    ],
    track: Annotated[
        str | None,
        typer.Option(help="The track that it was driven on: an id or a file. [default: the map itself]"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Who drove. [default: the file's name]")] = None,
    as_json: Json = False,
) -> None:
    """Make a replay of a human drive, to watch, to compare with, and to race against (--ghost)."""
    from trackmania_rl.environment.replay.importing import import_drive
    from trackmania_rl.environment.replay.reading import read
    from trackmania_rl.environment.tracks import library
    from trackmania_rl.protocol.volume import replays_folder

    if not file.is_file():
        raise InputError(f"no file {file}, expected a drive: .Ghost.Gbx, .Replay.Gbx, .Map.Gbx or .csv")
    with Console(stderr=True).status(f"Reading {escape(file.name)} ..."):
        source = Path(track or file)
        driven = library.load(library.import_file(source).track if source.is_file() else str(source))
        path = import_drive(file, driven, replays_folder(), name)
        summary = read(path).summary()
    car = summary.cars[0]
    if as_json:
        figures = {"replay": summary.id, "track": driven.id, "finished": car.finished, "time_s": car.time}
        typer.echo(json.dumps({**figures, "file": str(path)}))
        return
    ended = "finished in" if car.finished else "drove"
    typer.echo(f"{summary.id}: {car.name} {ended} {car.time:.3f} s on {driven.id}")


@app.command(epilog=example("replay compare mine.mcap My-Author --picture gaps.png"))
def compare(
    replays: Annotated[
        list[str], typer.Argument(help="Ids of replays, or files: .mcap, .csv, .Ghost.Gbx, .Replay.Gbx, ...")
    ],
    track: Annotated[
        str | None, typer.Option(help="The track, if it is not in the library under its id.")
    ] = None,
    in_order: Annotated[
        bool, typer.Option("--in-order", help="Compare with the first named, not with the fastest.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(callback=output(".png", ".svg"), help="Draw the gaps along the track: .png or .svg."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare drives with the fastest of them: gaps at the checkpoints, and where time was lost."""
    from trackmania_rl.environment.replay import comparison
    from trackmania_rl.environment.tracks import library

    compared = comparison.compare(replays, None if track is None else library.load(track), in_order=in_order)
    if picture is not None:
        comparison.draw(compared, picture)
    if as_json:
        drawn = {} if picture is None else {"picture": str(picture)}
        typer.echo(json.dumps({**compared.report(), **drawn}))
        return
    _print_gaps(compared)
    if picture is not None:
        typer.echo(f"drawn to {picture}")


@app.command(epilog=example("replay export mine.mcap --format csv --out mine.csv"))
def export(
    replay: Named,
    format: Annotated[str, typer.Option(help="csv, parquet or json.")] = "csv",
    out: Annotated[
        Path | None, typer.Option(callback=output(), help="File to write. [default: <id>.<format>]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a replay as a table: one row per car and 50 ms, with poses and tape."""
    from trackmania_rl.environment.replay import archive
    from trackmania_rl.environment.replay import export as tables

    recorded = archive.load(replay)
    path = out or Path(f"{recorded.about.id}.{format}")
    tables.export(recorded, format, path)
    rows = sum(map(len, recorded.poses.values()))
    if as_json:
        figures = {"file": str(path), "format": format, "rows": rows, "size_bytes": path.stat().st_size}
        typer.echo(json.dumps(figures))
    else:
        typer.echo(f"{path}: {rows} rows, {path.stat().st_size} bytes")


def _show(recorded: Recorded) -> None:
    """A replay for people."""
    from trackmania_rl.environment.clock import CONTROL_HZ, STEP
    from trackmania_rl.protocol.poses import POSE_FIELDS

    console = Console()
    summary = recorded.summary()
    seconds = sum(map(len, recorded.poses.values())) / CONTROL_HZ
    cut = "" if summary.complete else " [yellow](cut off)[/]"
    console.print(f"[bold]{escape(summary.id)}[/]{cut}")
    console.print(
        f"{escape(summary.track_name)}, {escape(summary.recorded)}, {summary.duration:.1f} s, "
        f"{summary.size_bytes / 1000:.1f} kB ({summary.size_bytes / max(seconds, STEP):.0f} bytes per car "
        "and second)\n"
    )
    table = Table("", "car", "policy", "result", r"time \[s]", r"top \[km/h]", box=None, header_style="dim")
    for car in summary.cars:
        rows = recorded.poses.get(car.agent_id)
        top = "-"
        if rows is not None and len(rows):
            velocity = rows[:, POSE_FIELDS.index("vx") : POSE_FIELDS.index("vz") + 1]
            top = f"{3.6 * float((velocity**2).sum(axis=1).max()) ** 0.5:.0f}"
        table.add_row(
            Text("●", car.colour if COLOUR.fullmatch(car.colour) else ""),
            escape(car.name),
            escape(car.policy),
            "finished" if car.finished else "did not finish",
            f"{car.time:.3f}",
            top,
        )
    console.print(table)
    console.print()
    names = {car.agent_id: car.name for car in summary.cars}
    for event in recorded.events:
        value = "" if event.value is None else f" {event.value:g}{UNITS.get(event.kind, '')}"
        who = "race" if event.agent_id is None else names.get(event.agent_id, event.agent_id)
        other = "" if event.other is None else f" with {escape(names.get(event.other, event.other))}"
        kind = event.kind.replace("_", " ")
        console.print(f"[dim]{event.time:8.2f}[/] {escape(who)}: {kind}{other}{value}")


def _print_gaps(compared: Comparison) -> None:
    """The gaps at the marks, and the pieces of road that cost most."""
    from trackmania_rl.environment.replay.comparison import PIECE

    console = Console()
    reference = compared.lines[0]
    table = Table("", r"at \[m]", rf"{escape(reference.name)} \[s]", box=None, header_style="dim")
    for line in compared.lines[1:]:
        table.add_column(rf"{escape(line.name)} behind \[s]", justify="right")
    for k, (mark, distance) in enumerate(zip(compared.marks, compared.distances, strict=True)):
        first = compared.times[0, k]
        gaps = [_signed(time - first) for time in compared.times[1:, k]]
        table.add_row(mark, f"{distance:.0f}", "-" if first != first else f"{first:.3f}", *gaps)
    console.print(table)
    for line, lost in zip(compared.lines[1:], compared.lost()[1:], strict=True):
        worst = [k for k in (-lost).argsort()[:WORST] if lost[k] > 0]
        if worst:
            places = ", ".join(f"{PIECE * k:.0f} m {_signed(lost[k])}" for k in worst)
            console.print(f"[dim]{escape(line.name)} lost most in the {PIECE:.0f} m from[/] {places}")


def _signed(seconds: float) -> str:
    """A gap with its sign; a dash where there is none."""
    return "-" if seconds != seconds else f"{seconds:+.3f}"
