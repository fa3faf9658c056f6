"""The command `trackmania-rl`: everything the product does, from one place."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import Abort, TyperException

import trackmania_rl
from trackmania_rl.bench import commands as bench
from trackmania_rl.demo import demo
from trackmania_rl.environment import commands as environment
from trackmania_rl.environment.calibration import commands as calibration
from trackmania_rl.environment.render import commands as render
from trackmania_rl.environment.replay import commands as replays
from trackmania_rl.environment.tracks import commands as tracks
from trackmania_rl.model import commands as model
from trackmania_rl.model import contests
from trackmania_rl.model.export import commands as exports
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import example
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


app.command("demo", epilog=example("demo --track mountain-lap --agents 4 --contact"))(demo)
app.add_typer(environment.app, name="environment", epilog=example("environment --track esses --port 8080"))
app.command(
    "model", epilog=example("model --environment http://127.0.0.1:8080 --track esses --agents 2 --champion")
)(model.model)
app.command("viewer", epilog=example("viewer --environment http://pit-wall:8080 --open"))(viewer.viewer)
app.command("train", epilog=example("train --track esses --seconds 120"))(model.train)
app.command(
    "evaluate", epilog=example("evaluate data/runs/my-first/checkpoints/best.pt --track mountain-lap")
)(model.evaluate)
app.command("population", epilog=example("population --track esses --seeds 0,1,2 --seconds 600"))(
    contests.population
)
app.command("tournament", epilog=example("tournament champion my-first:best --track esses"))(
    contests.tournament
)
app.command("race", epilog=example("race --track esses --driver pursuit --record race.mcap"))(
    environment.race
)
app.command("calibrate", epilog=example("calibrate --drives drives --picture errors.png"))(
    calibration.calibrate
)
app.add_typer(replays.app, name="replay")
app.add_typer(tracks.app, name="track")
export.command(
    "onnx", epilog=example("export onnx data/runs/my-first/checkpoints/best.pt --out policy.onnx")
)(exports.onnx)
export.command(
    "tmod", epilog=example("export tmod data/runs/my-first/checkpoints/best.pt --out my-first.tmod")
)(exports.tmod)
export.command("dataset", epilog=example("export dataset my-first --out my-experience"))(exports.dataset)
export.command(
    "demonstration", epilog=example("export demonstration mine.Replay.Gbx --track My --out my-drives")
)(environment.demonstration)
export.command(
    "video", epilog=example("export video race.mcap --camera chase --from 2 --to 8 --out race.mp4")
)(render.video)
app.add_typer(export, name="export")
app.add_typer(bench.app, name="bench")


MODULES = {
    "torch": "model", "openskill": "model",
    "warp": "environment", "mcap": "environment", "scipy": "environment", "pettingzoo": "environment",
    "PIL": "environment", "zstandard": "environment",
    "litestar": "all", "uvicorn": "all", "uvloop": "all", "matplotlib": "all",
}  # fmt: skip
"""Extra of the package that brings a module; what several extras bring is "all"."""

SERVICES = ("environment", "model", "viewer")
"""Commands that have an extra of their own name."""


def main() -> None:
    """Run the command line; what is wrong with its input is one line on stderr, and exit status 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to stop
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        _refuse(str(error))
    except TyperException as error:
        _refuse(_misuse(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in MODULES:
            raise
        _refuse(f"{module} is not installed, expected it for this command: {_installation(module)}")
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        what = error.filename or "writing"
        _refuse(f"{what}: {(error.strerror or str(error)).lower()}; choose another place, or make room")
    except Abort:
        sys.exit(130)
    sys.exit(status)


def _refuse(sentence: str) -> NoReturn:
    line = f"[bold red]error:[/] {escape(' '.join(sentence.split()))}"
    Console(stderr=True, soft_wrap=True).print(line, highlight=False)
    sys.exit(2)


def _misuse(error: TyperException) -> str:
    """What typer refuses, in a sentence with the value, and where help is."""
    said = error.format_message().rstrip(".").replace(". Did you mean", ", did you mean")
    if not said:  # no arguments: help has been printed instead
        sys.exit(error.exit_code)
    faults = getattr(error.__cause__, "errors", None)  # pydantic's, in which the value is
    if faults is not None:
        fault = faults()[0]
        wanted = re.sub(r"^(Input should be|.* is not one of) |, unable to .*$", "", fault["msg"]).rstrip(".")
        among = "one of " if "not one of" in fault["msg"] else ""
        said = f"{error.param.opts[0]} is {fault['input']}, expected {among}{wanted}"  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "trackmania-rl"
    return f"{said[0].lower()}{said[1:]} (`{where} --help` explains it)"


def _installation(module: str) -> str:
    """The line that installs what a module comes with."""
    extra = MODULES[module]
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "demo":  # starts all services
        extra = "all"
    elif extra == "all" and command in SERVICES:
        extra = command
    return f"pip install 'trackmania-rl[{extra}]'"
