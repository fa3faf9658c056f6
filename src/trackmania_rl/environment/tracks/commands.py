"""The command `trackmania-rl track`: import, generate, list and show tracks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from trackmania_rl.protocol.options import Json, example, output

app = typer.Typer(help="Import, generate, list and show tracks.", no_args_is_help=True)


@app.command("import", epilog=example("track import My.Map.Gbx"))
def import_(
    file: Annotated[
        Path, typer.Argument(help="A .Map.Gbx, a drive (.Replay.Gbx, .Ghost.Gbx), a .csv line or a .track.")
    ],
    id: Annotated[
        str | None, typer.Option("--id", help="Id to keep it under.", show_default="file's name")
    ] = None,
    drive: Annotated[
        bool, typer.Option("--drive", help="Lay the road of a map along its author's drive, not its blocks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read a track from a file and keep it in the data volume."""
    from trackmania_rl.environment.tracks import library

    report = library.import_file(file, id, drive=drive)
    if as_json:
        _print_json(
            blocks=report.blocks, chained=report.chained, length_m=report.length_m, track=report.track
        )
        return
    chained = f", {report.chained} of {report.blocks} blocks chained" if report.blocks else ""
    typer.echo(f"imported «{report.name}» as {report.track}: {report.length_m:.1f} m{chained}")


@app.command(epilog=example("track generate --seed 7 --difficulty 0.8 --length 2000 --kind lap"))
def generate(
    seed: Annotated[int, typer.Option(help="Seed of the first track.", min=0)] = 1,
    difficulty: Annotated[
        float, typer.Option(help="0 for wide curves between walls, 1 for all there is.", min=0.0, max=1.0)
    ] = 0.5,
    length: Annotated[float, typer.Option(help="Race distance [m], 600 to 20000.")] = 1500.0,
    kind: Annotated[str, typer.Option(help="sprint or lap.")] = "sprint",
    id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Id to keep it under, with the seed behind it if there are several.",
            show_default="generated-SEED",
        ),
    ] = None,
    count: Annotated[int, typer.Option(help="Tracks, of this seed and the following.", min=1)] = 1,
    picture: Annotated[bool, typer.Option("--picture", help="Draw each as <id>.png in this folder.")] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(
            callback=output(".png", ".svg"), help="Draw them all into this one picture, .png or .svg."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make tracks by chance and keep them in the data volume, as texts to read and edit."""
    from rich.console import Console
    from rich.progress import track as progress

    from trackmania_rl.environment.tracks import generator, library
    from trackmania_rl.environment.tracks import picture as pictures

    made: list[dict[str, object]] = []
    tracks = []
    numbers = range(seed, seed + count)
    console = Console(stderr=True)
    for number in progress(numbers, "Generating", console=console, transient=True, disable=count < 20):
        name = f"generated-{number}" if id is None else id if count == 1 else f"{id}-{number}"
        text = generator.generate(number, difficulty, length, kind)
        track, path = library.keep_text(text, name)
        tracks.append(track)
        made.append({"track": name, "seed": number, "length_m": round(track.length, 1), "file": str(path)})
        if picture:
            pictures.draw(track, Path(f"{name}.png"))
    if sheet is not None:
        pictures.sheet(tracks, sheet)
    if as_json:
        _print_json(tracks=made)
        return
    for entry in made:
        typer.echo(f"{entry['track']}: {entry['length_m']} m, {entry['file']}")


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
    track: Annotated[
        str, typer.Argument(help="Id of a track, generated:SEED, or a .Map.Gbx, .csv or .track file.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            callback=output(".png", ".svg"),
            help="Picture to write, .png or .svg.",
            show_default="<id>.png",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a track's facts and draw it from above."""
    from trackmania_rl.environment.tracks import library, picture

    loaded = library.load(track)
    path = out or Path(f"{loaded.id}.png")
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
