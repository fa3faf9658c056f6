"""The command that makes videos of replays."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackmania_rl.protocol.options import Json, output

if TYPE_CHECKING:
    from trackmania_rl.environment.render.export import Exported
    from trackmania_rl.environment.render.film import Film
    from trackmania_rl.protocol.messages import VideoRequest


class Camera(StrEnum):
    """Cameras that need nobody's hand."""

    DIRECTOR = "director"
    CHASE = "chase"
    OVERHEAD = "overhead"
    COCKPIT = "cockpit"
    TRACKSIDE = "trackside"


class Quality(StrEnum):
    """Quality of the picture, cheapest first."""

    LIGHT = "light"
    STANDARD = "standard"
    SHOW = "show"


class Weather(StrEnum):
    """Weather and time of day."""

    CLEAR = "clear"
    SUNSET = "sunset"
    RAIN = "rain"
    FOG = "fog"
    NIGHT = "night"


FORMATS = ("mp4", "webm", "gif", "png")


def video(
    replay: Annotated[
        list[str], typer.Argument(help="Id of a replay, or an .mcap file. Several of one track: together.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            callback=output(*(f".{format}" for format in FORMATS)),
            help="File to write: .mp4, .webm, .gif, or .png for one picture.",
        ),
    ],
    camera: Annotated[Camera, typer.Option(help="The director cuts between the others.")] = Camera.DIRECTOR,
    size: Annotated[str, typer.Option(help="Width and height [pixels].")] = "1280x720",
    fps: Annotated[int, typer.Option(help="Pictures per second.")] = 30,
    speed: Annotated[
        float, typer.Option("--speed", "--time-lapse", help="Seconds of the race in a second of the video.")
    ] = 1.0,
    begin: Annotated[float, typer.Option("--from", help="Begin at this time of the race [s].")] = 0.0,
    end: Annotated[
        float | None, typer.Option("--to", help="End at this time of the race [s]. [default: its end]")
    ] = None,
    focus: Annotated[
        str | None, typer.Option(help="Agent in view; the director chooses itself. [default: the best one]")
    ] = None,
    weather: Annotated[Weather, typer.Option(help="Weather and time of day.")] = Weather.CLEAR,
    quality: Annotated[
        Quality, typer.Option(help="light draws fast without a GPU; show is the most beautiful.")
    ] = Quality.LIGHT,
    overlays: Annotated[bool, typer.Option(help="Title, order of the cars, time and speed.")] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Browsers that draw side by side. [default: one per processor]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a video of recorded races, picture by picture: the same command gives the same pictures."""
    from trackmania_rl.environment.render import film
    from trackmania_rl.environment.replay import archive

    request = _request(
        out, size, camera=camera, fps=fps, speed=speed, begin=begin, end=end, focus=focus,
        weather=weather, quality=quality, overlays=overlays,
    )  # fmt: skip
    shown = film.film([archive.load(name) for name in replay], request)
    made = _export_with_progress(shown, out, workers)
    length = shown.frames / fps
    figures = {
        "file": str(out),
        "frames": made.frames,
        "length_s": round(length, 3),
        "size_bytes": out.stat().st_size,
        "seconds": round(made.seconds, 2),
        "real_time": round(length / made.seconds, 3),
        "parts": made.parts,
        "processor": made.processor,
    }
    if as_json:
        typer.echo(json.dumps(figures))
        return
    size_mb, pace = out.stat().st_size / 1e6, f"{length / made.seconds:.2f}x real time"
    if made.frames == 1:
        typer.echo(f"{out}: a picture, {size_mb:.1f} MB, made in {made.seconds:.1f} s")
    else:
        typer.echo(
            f"{out}: {made.frames} pictures, {length:.1f} s, {size_mb:.1f} MB, "
            f"made in {made.seconds:.1f} s ({pace}, {made.parts} side by side)"
        )
    if "swiftshader" in made.processor.lower():
        typer.echo("It was drawn by SwiftShader: with Mesa (Debian: libgl1-mesa-dri) it is 3 times faster.")


def _request(out: Path, size: str, **chosen: object) -> VideoRequest:
    """The options as the message that the API takes too, and with its checks."""
    from trackmania_rl.protocol.decoding import converted
    from trackmania_rl.protocol.errors import InputError
    from trackmania_rl.protocol.messages import VideoRequest

    match = re.fullmatch(r"(\d+)x(\d+)", size)
    if match is None:
        raise InputError(f"--size is «{size}», expected WIDTHxHEIGHT, e.g. 1280x720", field="size")
    fields = {
        **chosen,
        "format": out.suffix.lstrip(".").lower(),
        "width": int(match[1]),
        "height": int(match[2]),
    }
    return converted(fields, VideoRequest)


def _export_with_progress(film: Film, out: Path, workers: int | None) -> Exported:
    """Export with a bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from trackmania_rl.environment.render.export import export

    columns = (TextColumn("Drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=film.frames)
        return export(film, out, workers=workers, progress=lambda frames: bar.update(task, completed=frames))
