"""The commands for several agents: train them side by side, and let them race against one another."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from trackmania_rl.model.commands import HORIZON, Interrupt
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import Json, JsonLines, Setting, pairs

if TYPE_CHECKING:
    from trackmania_rl.model.runs.checkpoint import Checkpoint
    from trackmania_rl.model.training.loop import Progress
    from trackmania_rl.model.training.population import Member


def population(
    env: Annotated[str, typer.Option(help="Environment that all learn.")] = HORIZON,
    track: Annotated[str | None, typer.Option(help="Track, for environments that have one.")] = None,
    seeds: Annotated[str, typer.Option(help="A learner for each seed, e.g. 0,1,2.")] = "0,1,2",
    seconds: Annotated[float | None, typer.Option(min=0.0, help="Stop each after this time [s].")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop each after so many steps.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Runs are called NAME-seedN; made from the rest if not given.")
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="Learn from one another's experience, in the pool of this name.")
    ] = None,
    setting: Setting = None,
    resume: Annotated[bool, typer.Option(help="Go on with the runs that there are.")] = False,
    as_json: JsonLines = False,
) -> None:
    """Train several agents side by side, one process each; Ctrl-C stops and saves. Ends with a table."""
    from trackmania_rl.model.training.config import LearnerConfig
    from trackmania_rl.model.training.display import Display
    from trackmania_rl.model.training.learner import make_worlds
    from trackmania_rl.model.training.population import train_population
    from trackmania_rl.protocol.environments import fewest_worlds

    given = {**pairs(setting, "set"), **({"pool": {"name": pool}} if pool else {})}
    base = name or "-".join(part.split("/")[-1].replace(":", ".") for part in (env, track) if part)
    stops = {key: value for key, value in (("seconds", seconds), ("steps", steps)) if value is not None}
    configs = [
        LearnerConfig.of(
            given,
            env=env,
            track=track,
            seed=seed,
            run=f"{base}-seed{seed}",
            agent_id=f"{base}-seed{seed}",
            **stops,
        )
        for seed in _seeds(seeds)
    ]
    make_worlds(configs[0], fewest_worlds(env), "line").close()  # what cannot be made is known at once
    interrupt = Interrupt()
    console = Console(stderr=True)
    live = Live(console=console, refresh_per_second=2, transient=True)
    displays = {config.run: Display(config, as_json=as_json, console=console) for config in configs}
    shown: dict[str, Progress | None] = {}

    def show(members: Sequence[Member]) -> None:
        if console.is_terminal and not as_json:
            live.update(_members(members))
            return
        for member in members:
            run, progress = member.config.run, member.progress
            if progress is not None and progress is not shown.get(run):
                shown[run] = progress
                displays[run].show(progress)

    with live if console.is_terminal and not as_json else nullcontext(), interrupt:
        members = train_population(configs, show, should_stop=lambda: interrupt.asked, resume=resume)
    if as_json:
        typer.echo(json.dumps({"runs": [_report(member) for member in members]}))
    else:
        Console().print(_members(members))
    if any(member.problem for member in members):
        raise typer.Exit(1)


def _seeds(given: str) -> list[int]:
    try:
        seeds = [int(seed) for seed in given.split(",")]
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0 or len(set(seeds)) != len(seeds):
        raise InputError(f"--seeds {given}: expected different whole numbers, e.g. 0,1,2", field="seeds")
    return seeds


def _members(members: Sequence[Member]) -> Table:
    """A population as it stands."""
    table = Table("run", box=None, header_style="dim")
    for column in ("time", "steps", "updates/s", "finishes", "median lap", "best lap"):
        table.add_column(column, justify="right")
    table.add_column("")
    for member in members:
        now = member.progress
        evaluation, best = (now.evaluation, now.best) if now else (None, None)
        table.add_row(
            member.config.run,
            f"{now.seconds:.0f} s" if now else "-",
            f"{now.steps:,}" if now else "-",
            f"{now.updates_per_second:.0f}" if now else "-",
            f"{best.finish_rate:.0%}" if best and best.finish_rate is not None else "-",
            _seconds(evaluation.lap_time_median if evaluation else None),
            _seconds(best.lap_time_best if best else None),
            member.problem or ("" if now else "preparing"),
        )
    return table


def _seconds(time: float | None) -> str:
    return "-" if time is None else f"{time:.3f} s"


def _report(member: Member) -> dict[str, object]:
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.protocol.volume import runs_folder

    now, config = member.progress, member.config
    best: Path = runs_folder() / config.run / checkpoints.FOLDER / checkpoints.BEST
    return {
        "run": config.run,
        "seed": config.seed,
        "steps": now.steps if now else 0,
        "updates": now.updates if now else 0,
        "seconds": now.seconds if now else 0.0,
        "best": dataclasses.asdict(now.best) if now and now.best else None,
        "checkpoint": str(best) if best.exists() else None,
        "problem": member.problem,
    }


def tournament(
    who: Annotated[
        list[str],
        typer.Argument(help="Checkpoint files, ids of the list (RUN:best), or runs: all ages of each."),
    ],
    track: Annotated[
        str | None, typer.Option(help="Where; the track of the first checkpoint if not given.")
    ] = None,
    races: Annotated[int, typer.Option(min=1, max=1000, help="How many races all of them drive.")] = 10,
    contact: Annotated[
        bool, typer.Option("--contact/--ghosts", help="Cars hit and see one another, or pass through.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the places on the start grid.")] = 0,
    as_json: Json = False,
) -> None:
    """Let policies race one another, with contact, and rate them.

    The rating is openskill's, of Plackett and Luce: 25 ± 8.3 for who has not raced; the table is sorted by
    the rating less three deviations. A run as an argument races its ages: how much has it learned?
    """
    from rich.progress import Progress

    from trackmania_rl.model.agents.tournament import Standing, competitor, entries, hold

    named = _named(who)
    env, options, policies = entries({name: competitor(saved) for name, saved in named.items()})
    where = track or next(iter(named.values())).track.split(",")[0]
    if not where:
        raise InputError("the first checkpoint names no track: give --track", field="track")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Racing", total=races)

        def count(_: list[Standing]) -> None:
            progress.advance(bar)

        table = hold(
            env, policies, track=where, races=races, contact=contact, seed=seed, on_race=count, **options
        )
    if as_json:
        report = [{**dataclasses.asdict(one), "proven": one.proven} for one in table]
        typer.echo(json.dumps({"track": where, "races": races, "contact": contact, "standings": report}))
        return
    shown = Table("", "policy", box=None, header_style="dim")
    for column in ("rating", "±", "wins", "finishes", "best lap"):
        shown.add_column(column, justify="right")
    for place, one in enumerate(table, 1):
        figures = (f"{one.rating:.1f}", f"{one.uncertainty:.1f}", f"{one.wins}", f"{one.finishes}")
        shown.add_row(str(place), one.name, *figures, _seconds(min(one.lap_times, default=None)))
    Console().print(shown)


def _named(who: Sequence[str]) -> dict[str, Checkpoint]:
    """Checkpoints by the names that they have in the table."""
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.model.runs.runs import checkpoint_file
    from trackmania_rl.protocol.volume import runs_folder

    found = {}
    for name in who:
        ages = checkpoints.ages(runs_folder() / name) if "/" not in name else []
        for path in ages:
            found[f"{name}:{path.stem}"] = path
        if not ages:
            found[name] = Path(name) if Path(name).is_file() else checkpoint_file(name)
    return {name: checkpoints.load(path) for name, path in found.items()}
