"""The command `trackmania-rl`: everything the product does, from one place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import trackmania_rl
from trackmania_rl.bench import commands as bench
from trackmania_rl.environment import commands as environment
from trackmania_rl.environment.calibration import commands as calibration
from trackmania_rl.environment.render import commands as render
from trackmania_rl.environment.replay import commands as replays
from trackmania_rl.environment.tracks import commands as tracks
from trackmania_rl.model import commands as model
from trackmania_rl.model import contests, exports
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.viewer import commands as viewer

app = typer.Typer(
    name="trackmania-rl",
    help="Teach cars to race TrackMania, and watch them learn.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # units such as [s] are no markup
    context_settings={"help_option_names": ["-h", "--help"]},
)
export = typer.Typer(
    help="Take videos, policies and experience along, to other programs.", no_args_is_help=True
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trackmania-rl {trackmania_rl.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    track: Annotated[str, typer.Option(help="Track to race on: an id, or a .Map.Gbx file.")] = "bridge-lap",
    ghost: Annotated[
        list[Path] | None,
        typer.Option(
            help="Recorded drive that races along: .mcap, .csv, .Ghost.Gbx, .Replay.Gbx, .Map.Gbx, or "
            "'author' for the drive in the track's own map; repeatable."
        ),
    ] = None,
    weather: environment.Weather = None,
    agents: Annotated[int, typer.Option(min=0, max=8, help="Agents that learn from scratch.")] = 2,
    contact: Annotated[
        bool,
        typer.Option("--contact/--ghosts", help="Cars hit and see one another, or pass through as ghosts."),
    ] = False,
    environment_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the environment service.")
    ] = 8080,
    model_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the model service.")] = 8081,
    viewer_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 3000,
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after this time [s].")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the default browser.")] = True,
) -> None:
    """Start all three services: a champion races agents that learn while you watch."""
    from trackmania_rl import demo as show

    show.run(
        track=track,
        ghosts=ghost or [],
        weather=weather,
        agents=agents,
        contact=contact,
        environment_port=environment_port,
        model_port=model_port,
        viewer_port=viewer_port,
        seconds=seconds,
        browser=browser,
    )


app.add_typer(environment.app, name="environment")
app.command("model")(model.model)
app.command("viewer")(viewer.viewer)
app.command("train")(model.train)
app.command("evaluate")(model.evaluate)
app.command("population")(contests.population)
app.command("tournament")(contests.tournament)
app.command("race")(environment.race)
app.command("calibrate")(calibration.calibrate)
app.add_typer(replays.app, name="replay")
app.add_typer(tracks.app, name="track")
export.command("onnx")(exports.onnx)
export.command("tmod")(exports.tmod)
export.command("dataset")(exports.dataset)
export.command("demonstration")(environment.demonstration)
export.command("video")(render.video)
app.add_typer(export, name="export")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line; an InputError is one line on stderr and exit status 2."""
    try:
        app()
    except InputError as error:
        line = f"[bold red]error:[/] {escape(str(error))}"
        Console(stderr=True, soft_wrap=True).print(line, highlight=False)
        sys.exit(2)
