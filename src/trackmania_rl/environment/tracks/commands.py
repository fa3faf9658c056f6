"""The command `trackmania-rl track`: import, list and show tracks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Import, list and show tracks.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="A .Map.Gbx of TrackMania 2020, a .csv line or a .track file.")
    ],
    id: Annotated[
        str | None, typer.Option("--id", help="Id to keep it under [default: file's name].")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a track from a file and keep it in the data volume."""
    from trackmania_rl.environment.tracks import library

    report = library.import_file(file, id)
    if as_json:
        _print_json(
            blocks=report.blocks, chained=report.chained, length_m=report.length_m, track=report.track
        )
        return
    chained = f", {report.chained} of {report.blocks} blocks chained" if report.blocks else ""
    typer.echo(f"imported «{report.name}» as {report.track}: {report.length_m:.1f} m{chained}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the bundled and the imported tracks."""
    from trackmania_rl.environment.tracks import library

    summaries = [library.summary(track) for track in library.tracks()]
    if as_json:
        import msgspec

        _print_json(tracks=msgspec.to_builtins(summaries))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("name")
    table.add_column("kind")
    for heading in ("length, m", "climb, m", "author, s"):
        table.add_column(heading, justify="right")
    for entry in summaries:
        table.add_row(
            entry.id,
            escape(entry.name),
            "lap" if entry.closed else "sprint",
            f"{entry.length:.0f}",
            f"{entry.climb:.0f}",
            f"{entry.author_time:.3f}" if entry.author_time else "",
        )
    Console().print(table)


@app.command()
def show(
    track: Annotated[str, typer.Argument(help="Id of a track, or a .Map.Gbx, .csv or .track file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Picture to write, .png or .svg [default: <id>.png]."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a track's facts and draw it from above."""
    from trackmania_rl.environment.tracks import library, picture

    loaded = library.load(track)
    path = output or Path(f"{loaded.id}.png")
    picture.draw(loaded, path)
    facts: dict[str, Any] = {
        "track": loaded.id,
        "name": loaded.name,
        "author": loaded.author,
        "author_time_s": loaded.author_time,
        "closed": loaded.closed,
        "length_m": round(loaded.length, 3),
        "centreline_m": round(loaded.centreline_length, 3),
        "climb_m": library.summary(loaded).climb,
        "checkpoints": len(loaded.checkpoints),
        "boosters": len(loaded.boosters),
        "hash": loaded.hash,
        "picture": str(path),
    }
    if as_json:
        _print_json(**facts)
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        typer.echo(f"{key:<{width}}  {'' if value is None else value}")


def _print_json(**values: object) -> None:
    """Print exactly one JSON object."""
    typer.echo(json.dumps(values, ensure_ascii=False))
