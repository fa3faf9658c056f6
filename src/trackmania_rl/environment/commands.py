"""The commands of the environment area: serve it, and race without it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import (
    Json,
    LogJson,
    Origin,
    Otlp,
    Token,
    TokenFile,
    access_of,
    example,
    output,
    pairs,
)

if TYPE_CHECKING:
    from trackmania_rl.environment.render.display import Screen
    from trackmania_rl.environment.show import Show

app = typer.Typer()

Sensors = Annotated[bool, typer.Option(help="Record LIDAR scans and rewards too.")]
Weather = Annotated[
    str | None,
    typer.Option(
        help="Weather: dry, wind, fog, rain, storm, night, rainy-night, or a forecast such as "
        '"dry, rain@30, dry@90".'
    ),
]
Ghosts = Annotated[
    list[Path] | None,
    typer.Option(
        help="Recorded drive that races along: .mcap, .csv, .Ghost.Gbx, .Replay.Gbx, .Map.Gbx, or "
        "'author' for the drive in the track's own map; repeatable."
    ),
]
Contact = Annotated[
    bool, typer.Option("--contact/--ghosts", help="Cars hit and see one another, or pass through as ghosts.")
]


@app.callback(invoke_without_command=True)
def environment(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
    track: Annotated[
        list[str] | None,
        typer.Option(help="Track of the race: an id, or a file that is imported. Several: as many races."),
    ] = None,
    ghost: Ghosts = None,
    heats: Annotated[
        int | None, typer.Option(min=1, help="Stop racing after so many heats. [default: never]")
    ] = None,
    countdown: Annotated[
        float, typer.Option(min=0.05, max=60.0, help="Time from line-up to start [s].")
    ] = 3.0,
    time_limit: Annotated[
        float | None,
        typer.Option(min=1.0, max=86_400.0, help="Longest heat [s]. [default: 10 s and the time at 10 m/s]"),
    ] = None,
    weather: Weather = None,
    agents: Annotated[int, typer.Option(min=1, max=64, help="Most agents in a race.")] = 16,
    contact: Contact = False,
    respawn: Annotated[
        bool, typer.Option(help="A car that falls off goes on from its last checkpoint instead of being out.")
    ] = False,
    worlds: Annotated[int, typer.Option(min=1, help="Most worlds in the batch of one stream.")] = 16384,
    streams: Annotated[int, typer.Option(min=1, help="Most open driving and learning streams.")] = 64,
    record: Annotated[bool, typer.Option(help="Record every heat to the data volume.")] = True,
    record_sensors: Sensors = False,
    keep: Annotated[
        int, typer.Option(min=1, help="Keep so many of the newest replays; older ones are deleted.")
    ] = 1000,
    keep_gb: Annotated[
        float, typer.Option(min=0.001, max=1e6, help="Keep no more replays than take this room [GB].")
    ] = 10.0,
    token: Token = None,
    token_file: TokenFile = None,
    origin: Origin = None,
    env: Annotated[
        str | None,
        typer.Option(
            help="Host this environment in place of races: gymnasium:ID, pettingzoo:MODULE or "
            "package.module:factory (docs/environments.md)."
        ),
    ] = None,
    tmrl_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Speak the OpenPlanet socket of TMRL's plugin there for the race's first car (9000).",
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Keyword argument of --env as name=value; repeatable.")
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_MIRROR",
            help="Object store that tracks, replays and videos are copied to, and restored from, e.g. s3://bucket/prefix.",
        ),
    ] = None,
    log_json: LogJson = False,
    otlp: Otlp = None,
    display: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_DISPLAY",
            help="Show the race on this X display (:0, made if need be; auto: a new one) and by VNC.",
        ),
    ] = None,
    vnc_host: Annotated[
        str, typer.Option(envvar="TRACKMANIA_RL_VNC_HOST", help="Address for VNC clients.")
    ] = "127.0.0.1",
    vnc_port: Annotated[int, typer.Option(min=1, max=65535, help="Port for VNC clients.")] = 5900,
    vnc_password: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_VNC_PASSWORD",
            help="What VNC clients are asked for, at most 8 characters; needed unless on this machine.",
        ),
    ] = None,
) -> None:
    """Serve races in real time, and batches of worlds for learners."""
    if context.invoked_subcommand is not None:
        return
    from trackmania_rl.environment.race import ghosts
    from trackmania_rl.environment.race.race import Race, Rules
    from trackmania_rl.environment.render.display import Screen
    from trackmania_rl.environment.replay.archive import Retention
    from trackmania_rl.environment.server import environment_app
    from trackmania_rl.environment.streams import Limits
    from trackmania_rl.environment.tracks import library
    from trackmania_rl.protocol import telemetry
    from trackmania_rl.protocol.log import write_log
    from trackmania_rl.protocol.mirror import restored
    from trackmania_rl.protocol.service import address, listen, serve
    from trackmania_rl.protocol.volume import episodes_folder, replays_folder, tracks_folder, videos_folder

    write_log(as_json=log_json)
    access = access_of(host, token, token_file, origin)
    races_only = {"track": track, "ghost": ghost, "heats": heats, "weather": weather, "tmrl-port": tmrl_port}
    show = _hosted(env, option or [], [name for name, value in races_only.items() if value], record=record)
    if record_sensors and not record:
        raise InputError("--record-sensors beside --no-record: expected one of them", field="record-sensors")
    screen = None if display is None else Screen(display, vnc_host, vnc_port, vnc_password)
    console = Console(stderr=True)
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listen(host, port))
        if tmrl_port is not None:
            listen("127.0.0.1", tmrl_port, option="--tmrl-port").close()  # what is taken is known at once
        if otlp is not None:
            telemetry.begin("trackmania-rl-environment", otlp)
            stack.callback(telemetry.end)
        if screen is not None:
            screen.check()
        folders = tracks_folder(), replays_folder(), videos_folder(), episodes_folder()
        stack.enter_context(restored(mirror, *folders))
        rules = Rules(
            countdown=countdown,
            heats=heats,
            time_limit=time_limit,
            agents_max=agents,
            weather=weather,
            contact=contact,
            respawn=respawn,
        )
        drives = ghosts.own_ghosts(ghost or [], track or [])
        tracks = [library.resident(name) for name in (track or ["sprint"]) if show is None]
        with console.status("Preparing the simulator ..."):
            races = [
                Race(
                    "main" if number == 0 else one.id,
                    one,
                    rules,
                    ghosts=[ghost for drive in drives for ghost in ghosts.read(drive, one)],
                    folder=replays_folder() if record else None,
                    record_sensors=record_sensors,
                )
                for number, one in enumerate(tracks)
            ]
        app = environment_app(
            races,
            access=access,
            limits=Limits(worlds=worlds, streams=streams),
            keep=Retention(keep, round(keep_gb * 1e9)),
            show=show,
            tmrl_port=tmrl_port,
        )
        if screen is not None:
            stack.enter_context(_shown(screen, address(listening)))
            console.print(f"The race is shown on [cyan]vnc://{vnc_host}:{vnc_port}[/].")
        console.print(f"Environment service on [cyan]{address(listening)}[/]. Stop with Ctrl-C.")
        serve(app, listening)


def _hosted(env: str | None, options: list[str], races_only: list[str], *, record: bool) -> Show | None:
    """What is hosted in place of races, if anything.

    Args:
        env: Its name.
        options: Its keyword arguments, as name=value.
        races_only: Options that were given and that only races have.
        record: Whether its episodes are recorded.
    """
    from trackmania_rl.environment.show import Show
    from trackmania_rl.protocol.volume import episodes_folder

    if env is None:
        if options:
            raise InputError(f"--option {options[0]} without --env, which takes it", field="option")
        return None
    for name in races_only:
        raise InputError(f"--{name} beside --env: {env} is hosted in place of races", field=name)
    show = Show(env, pairs(options, "option"), episodes_folder() if record else None)
    show.fewest().close()  # what cannot be made is known at once
    return show


@contextlib.contextmanager
def _shown(screen: Screen, service: str) -> Iterator[None]:
    """The page of the race on a display; the viewer serves it, and it waits for the service itself.

    Args:
        screen: The display.
        service: Address of the environment service.
    """
    from trackmania_rl.environment.render.browser import program
    from trackmania_rl.environment.render.display import answered, shown
    from trackmania_rl.protocol.service import listen

    with listen("127.0.0.1", 0) as free:
        page = free.getsockname()[1]
    viewer = [sys.executable, "-m", "trackmania_rl", "viewer", "--port", str(page), "--model", "none"]
    with program([*viewer, "--environment", service]):
        if not answered(page):
            raise InputError("the viewer's page is not served, expected it to be built: run `make viewer`")
        with shown(f"http://127.0.0.1:{page}/?present&camera=chase", screen):
            yield


@app.command(epilog=example("environment check my_package:MyEnv"))
def check(
    env: Annotated[
        str,
        typer.Argument(
            help="Environment: an id of ours, gymnasium:ID, pettingzoo:MODULE, package.module:factory, or "
            "a service as http://host:8080 (its own environment) or http://host:8080#ID."
        ),
    ],
    worlds: Annotated[
        int | None, typer.Option(min=1, help="Worlds in a batch; 2 if not given, or as few as it takes.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Keyword argument of the environment as name=value; repeatable.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="TRACKMANIA_RL_TOKEN", help="Token of a service that asks for one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try whether an environment keeps what learners rely on; exit status 1 if not.

    Spaces, autoreset, final observations, determinism, aliasing, Gymnasium's or PettingZoo's own checker;
    for a service also its handshake, sequence numbers, refusals and round trips.
    """
    from trackmania_rl.environment.conformance.check import check as findings

    seen = []
    table = Table("check", "result", "", box=None, header_style="dim")
    colours = {"passed": "green", "failed": "bold red", "skipped": "dim"}
    with Console(stderr=True).status("") as status:
        for finding in findings(env, worlds=worlds, token=token, options=pairs(option, "option")):
            seen.append(finding)
            colour = colours[finding.result]
            table.add_row(finding.check, f"[{colour}]{finding.result}[/]", escape(finding.detail))
            status.update(f"{len(seen)} checks")
    passed = all(finding.result != "failed" for finding in seen)
    if as_json:
        report = {"env": env, "passed": passed, "checks": [dataclasses.asdict(one) for one in seen]}
        typer.echo(json.dumps(report))
    else:
        Console().print(table)
    if not passed:
        raise typer.Exit(1)


def race(
    track: Annotated[str, typer.Option(help="Track: an id, or a .Map.Gbx, .csv or .track file.")],
    driver: Annotated[str, typer.Option(help="full-throttle, pursuit, or a checkpoint's file.")] = "pursuit",
    cars: Annotated[int, typer.Option(min=1, max=64, help="Cars on the start grid.")] = 1,
    contact: Contact = False,
    record: Annotated[
        Path | None,
        typer.Option(callback=output(".mcap", folders=True), help="Record the race to this .mcap file."),
    ] = None,
    record_sensors: Sensors = False,
    weather: Weather = None,
    as_json: Json = False,
) -> None:
    """Race here and now, as fast as the machine goes."""
    from trackmania_rl.environment.race import solo
    from trackmania_rl.environment.tracks import library

    result = solo.run(
        library.load(track),
        driver,
        cars=cars,
        contact=contact,
        record=record,
        record_sensors=record_sensors,
        weather=weather,
    )
    best = min(result.times, default=None)
    if as_json:
        figures = {
            "finished": result.finished,
            "time_s": best,
            "track": track,
            "driver": driver,
            "cars": cars,
            "contact": contact,
            "times_s": result.times,
            "causes": result.causes,
            "track_completion": result.completion,
            "replay": None if result.replay is None else str(result.replay),
        }
        typer.echo(json.dumps(figures))
        return
    table = Table("car", "ended by", r"time \[s]", "driven", box=None, header_style="dim")
    times = iter(result.times)
    for number, (cause, completion) in enumerate(zip(result.causes, result.completion, strict=True), 1):
        time = f"{next(times):.3f}" if cause == "finish" else "-"
        table.add_row(str(number), cause.replace("_", " "), time, f"{completion:.0%}")
    Console().print(table)
    if result.replay is not None:
        typer.echo(f"recorded to {result.replay}")


def demonstration(
    drive: Annotated[list[Path], typer.Argument(help="Recorded drive: .csv or .Gbx; each is an episode.")],
    track: Annotated[str, typer.Option(help="Track that they were driven on: an id, or a .Map.Gbx file.")],
    out: Annotated[Path, typer.Option(help="Folder to write, Minari's NAME.")],
    env: Annotated[str, typer.Option(help="Environment that agents learn.")] = "TrackMania/Horizon-v0",
    lidar: Annotated[str, typer.Option(help="metric, or screen for TMRL's pixels.")] = "metric",
    as_json: Json = False,
) -> None:
    """Write recorded drives as a dataset that agents begin with (train --dataset)."""
    from rich.progress import track as counted

    from trackmania_rl.environment import demonstration as demonstrations

    written = demonstrations.write(drive, out, env=env, track=track, lidar=lidar)
    bar = counted(
        written,
        "Looking around at each sample",
        total=len(drive),
        console=Console(stderr=True),
        transient=True,
    )
    episodes = [(len(episode), float(episode.rewards.sum()), episode.terminated) for episode in bar]
    report = {
        "folder": str(out),
        "episodes": len(episodes),
        "steps": sum(steps for steps, _, _ in episodes),
        "finished": sum(finished for *_, finished in episodes),
        "return_mean": sum(total for _, total, _ in episodes) / len(episodes),
    }
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(
        f"{out}: {report['episodes']} episodes, {report['steps']:,} steps, {report['finished']} finished, "
        f"mean return {report['return_mean']:.1f}"
    )
