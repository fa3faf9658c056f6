"""The commands of the model area: serve agents, train one, evaluate a policy."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import (
    Json,
    JsonLines,
    LogJson,
    Origin,
    Otlp,
    Setting,
    Token,
    TokenFile,
    access_of,
    pairs,
)

if TYPE_CHECKING:
    from trackmania_rl.model.runs.checkpoint import Result
    from trackmania_rl.model.training.loop import Progress

HORIZON = "TrackMania/Horizon-v0"


def model(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8081,
    environment: Annotated[
        str | None,
        typer.Option(
            help="Environment service in whose race the agents drive, e.g. http://127.0.0.1:8080; several, "
            "with commas between, share the agents."
        ),
    ] = None,
    remote_worlds: Annotated[
        str | None,
        typer.Option(
            help="Environment service on whose worlds the agents learn, instead of in their own processes, "
            "which then need no simulator; several, with commas between, share the worlds."
        ),
    ] = None,
    env: Annotated[str, typer.Option(help="Environment that the first agents learn.")] = HORIZON,
    track: Annotated[
        str | None, typer.Option(help="Track that the agents learn; those of others rest.")
    ] = None,
    agents: Annotated[int, typer.Option(min=0, max=16, help="Agents to begin with, where none are yet.")] = 0,
    prefix: Annotated[
        str,
        typer.Option(help="What their ids begin with: another one where several services share a race."),
    ] = "sac_agent_",
    champion: Annotated[
        bool, typer.Option(help="Let the shipped policy race along; it does not learn.")
    ] = False,
    token: Token = None,
    token_file: TokenFile = None,
    origin: Origin = None,
    metrics_url: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_METRICS_URL",
            help="Time-series server that curves go to and are read from, e.g. http://127.0.0.1:8428 "
            "(VictoriaMetrics).",
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_MIRROR",
            help="Object store that runs are copied to, and restored from, e.g. s3://bucket/prefix.",
        ),
    ] = None,
    log_json: LogJson = False,
    otlp: Otlp = None,
) -> None:
    """Serve learning agents: train, race, evaluate and save them."""
    from trackmania_rl.model.agents.agents import Agents
    from trackmania_rl.model.runs.runs import FileCurves
    from trackmania_rl.model.runs.shipper import Shipper
    from trackmania_rl.model.runs.timeseries import ServerCurves, TimeSeries
    from trackmania_rl.model.server import model_app
    from trackmania_rl.model.training.learner import TOKEN_VARIABLE
    from trackmania_rl.protocol import telemetry
    from trackmania_rl.protocol.client import service_url
    from trackmania_rl.protocol.log import write_log
    from trackmania_rl.protocol.mirror import restored
    from trackmania_rl.protocol.service import address, listen, serve
    from trackmania_rl.protocol.volume import runs_folder

    write_log(as_json=log_json)
    access = access_of(host, token, token_file, origin)
    for url in (url for given in (environment, remote_worlds) if given for url in given.split(",")):
        service_url(url.strip())
    if otlp is not None:
        telemetry.begin("trackmania-rl-model", otlp)
    if access.token is not None:
        os.environ[TOKEN_VARIABLE] = access.token  # where the learners look
    series = TimeSeries(metrics_url) if metrics_url else None
    shipper = Shipper(series) if series else None
    curves = ServerCurves(series, FileCurves()) if series else FileCurves()
    with listen(host, port) as listening, restored(mirror, runs_folder()):
        pool = Agents(
            environment=environment, token=access.token, factories={env}, remote_worlds=remote_worlds
        )
        pool.revive(track)
        pool.begin(agents, env=env, track=track, champion=champion, prefix=prefix)
        Console(stderr=True).print(f"Model service on [cyan]{address(listening)}[/]. Stop with Ctrl-C.")
        if shipper is not None:
            shipper.start()
        serve(model_app(pool, access, curves), listening)
        if shipper is not None:
            shipper.close()
    telemetry.end()


def train(
    env: Annotated[
        str,
        typer.Option(
            help="Environment: an id of ours, gymnasium:ID, pettingzoo:MODULE, package.module:factory, or a "
            "service as http://host:8080; several services, with commas between, share the worlds."
        ),
    ] = HORIZON,
    track: Annotated[str | None, typer.Option(help="Track, for environments that have one.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="Stop after this time [s].")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many environment steps.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of networks, exploration and worlds.")] = 0,
    run: Annotated[
        str | None,
        typer.Option(
            help="Name of the run's folder, which a new run replaces; made from the rest if not given."
        ),
    ] = None,
    worlds: Annotated[
        int | None, typer.Option(min=1, help="Parallel worlds; 256 of ours, about 8 of others if not given.")
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            help="Train on the worlds of this environment service instead of in process; several, with "
            "commas between, share the worlds."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="TRACKMANIA_RL_TOKEN", help="Token of that service, if it asks for one."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Drive on a Ray cluster: HOST:PORT of its head, or auto to start one here (docs/cluster.md)."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Workers of the cluster; each drives --worlds worlds.")
    ] = 2,
    workers_max: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Most workers: while the learner waits, more are asked for; --workers if not given.",
        ),
    ] = None,
    learners: Annotated[
        int, typer.Option(min=1, help="Learners of the cluster; each has a part of every batch.")
    ] = 1,
    opponents: Annotated[
        int | None,
        typer.Option(min=0, max=63, help="Cars in each world that older selves drive, with contact."),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the run's last checkpoint.")] = False,
    checkpoint: Annotated[Path | None, typer.Option(help="Begin with this checkpoint's networks.")] = None,
    dataset: Annotated[
        list[Path] | None,
        typer.Option(help="Begin with the experience of this dataset (docs/exporting.md); repeatable."),
    ] = None,
    setting: Setting = None,
    as_json: JsonLines = False,
    log: Annotated[
        list[str] | None,
        typer.Option(
            help="Write the curves to tensorboard, wandb or mlflow too (docs/metrics.md); repeatable."
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            envvar="TRACKMANIA_RL_MIRROR",
            help="Object store that the run is copied to, and restored from, e.g. s3://bucket/prefix.",
        ),
    ] = None,
) -> None:
    """Train a SAC agent; Ctrl-C stops and saves. Prints the best policy's file and the learning curves'."""
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.model.runs.curves import draw
    from trackmania_rl.model.runs.loggers import open_logger
    from trackmania_rl.model.training.config import LearnerConfig
    from trackmania_rl.model.training.display import Display
    from trackmania_rl.model.training.learner import TOKEN_VARIABLE
    from trackmania_rl.model.training.loop import train as learn
    from trackmania_rl.protocol.client import check_services
    from trackmania_rl.protocol.dataset import Dataset
    from trackmania_rl.protocol.mirror import restored
    from trackmania_rl.protocol.volume import runs_folder

    if token is not None:
        os.environ[TOKEN_VARIABLE] = token  # where the learner looks; its settings are kept in files
    given = {
        "track": track, "seconds": seconds, "steps": steps, "worlds": worlds, "opponents": opponents,
        "environment": environment,
    }  # fmt: skip
    name = run or "-".join(
        part.split("/")[-1].replace(":", ".") for part in (env, track, f"seed{seed}") if part
    )
    config = LearnerConfig.of(
        pairs(setting, "set"),
        env=env,
        seed=seed,
        run=name,
        agent_id=name,
        **{key: value for key, value in given.items() if value is not None},
    )
    if resume and dataset:
        raise InputError("--dataset with --resume: a resumed run has its own experience", field="dataset")
    begin = checkpoints.load(checkpoint) if checkpoint else None
    if begin is not None and (other := checkpoints.differing_environment(begin, env, config.env_options)):
        raise InputError(f"{checkpoint} {other}", field="checkpoint")
    for path in dataset or ():
        Dataset(path).close()
    if environment is not None:
        check_services(environment, token)
    folder = runs_folder() / config.run
    copied = restored(mirror, folder)
    state = folder / checkpoints.LEARNER
    if resume and not state.exists():
        raise InputError(f"run {name!r} cannot be resumed: {state} does not exist", field="resume")
    if cluster is not None:
        from trackmania_rl.cluster.connection import authenticate

        authenticate(cluster)
        from trackmania_rl.cluster.learner import ClusterConfig
        from trackmania_rl.cluster.learner import train as learn_on_cluster

        learn = partial(learn_on_cluster, cluster=ClusterConfig(cluster, workers, workers_max, learners))
    stopping = Interrupt()
    with ExitStack() as stack:
        stack.enter_context(copied)
        loggers = [open_logger(kind, config.run, dataclasses.asdict(config)) for kind in log or ()]
        for logger in loggers:
            stack.callback(logger.close)
        display = stack.enter_context(Display(config, as_json=as_json))
        stack.enter_context(stopping)
        progress = learn(
            config,
            on_progress=lambda progress, _: display.show(progress),
            should_stop=lambda: stopping.asked,
            resume=resume,
            checkpoint=begin,
            datasets=dataset or (),
            loggers=loggers,
        )
    best = folder / checkpoints.FOLDER / checkpoints.BEST
    picture = draw(folder)
    if as_json:
        typer.echo(json.dumps(_train_report(progress, best, picture)))
        return
    display.history.append(progress)
    display.console.print(display.picture())
    policy = best if best.exists() else "none: stopped before the first evaluation ended; --resume goes on"
    typer.echo(f"best policy      {policy}\nlearning curves  {picture}")


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file that training wrote.")],
    track: Annotated[
        str | None, typer.Option(help="Track; the one that it was trained on if not given.")
    ] = None,
    env: Annotated[
        str | None, typer.Option(help="Environment; the one that it was trained on if not given.")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Laps to drive.")] = 16,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the worlds.")] = None,
    as_json: Json = False,
) -> None:
    """Drive a frozen policy from the start line: how often it finishes, and how fast."""
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.model.sac.actions import Actions
    from trackmania_rl.model.training.episodes import check_spaces
    from trackmania_rl.model.training.evaluation import EVALUATION_SEED
    from trackmania_rl.model.training.evaluation import evaluate as drive
    from trackmania_rl.protocol.environments import make_vector_env, version_of

    saved = checkpoints.load(checkpoint)
    env = env or saved.env
    options = dict(saved.env_options) if env == saved.env else {}
    if env.startswith("TrackMania/"):
        options["start"] = "line"
    both_ours = env.startswith("TrackMania/") and saved.env.startswith("TrackMania/")
    if track is None and env == saved.env:
        track = saved.track or None
    envs = make_vector_env(env, min(episodes, 64), track=track, **options)
    try:
        observation, action = check_spaces(envs, env)
        mine = saved.observations, len(saved.low), saved.first_choice
        taken = Actions.of(action)
        its = math.prod(observation.shape), len(taken), taken.first_choice
        if mine != its:
            raise InputError(
                f"{checkpoint} was trained on {saved.env} ({saved.observations} numbers in, {len(saved.low)} "
                f"actions out), but {env} observes {observation} and takes {action}: use --env {saved.env}"
            )
        if both_ours and (other := checkpoints.differing_environment(saved, env, options)) is not None:
            raise InputError(f"{checkpoint} {other}", field="env")
        if (older := checkpoints.differing_version(saved, version_of(envs))) is not None:
            Console(stderr=True).print(f"[yellow]{checkpoint} {older}: it may drive worse than it did.[/]")
        result = drive(
            saved.policy(), envs, seed=EVALUATION_SEED if seed is None else seed, episodes=episodes
        )
    finally:
        envs.close()
    if as_json:
        typer.echo(json.dumps({"checkpoint": str(checkpoint), "steps": saved.steps, **_result(result)}))
        return
    table = Table("figure", "value", box=None, header_style="dim")
    for key, value in _result(result).items():
        table.add_row(key, "-" if value is None else f"{value:.3f}".rstrip("0").rstrip("."))
    Console().print(table)


def _result(result: Result) -> dict[str, Any]:
    """An evaluation under the names of the command's report."""
    return {
        "episodes": result.episodes,
        "finish_rate": result.finish_rate,
        "lap_time_s_best": result.lap_time_best,
        "lap_time_s_median": result.lap_time_median,
        "completion": result.completion,
        "return_mean": result.return_mean,
    }


def _train_report(progress: Progress, best: Path, picture: Path) -> dict[str, Any]:
    report = {
        key: value
        for key, value in dataclasses.asdict(progress).items()
        if key not in ("values", "evaluation", "best")
    }
    result = _result(progress.best) if progress.best else {}
    checkpoint = str(best) if best.exists() else None
    return {**report, **result, "checkpoint": checkpoint, "curves": str(picture)}


class Interrupt:
    """Turns Ctrl-C and SIGTERM into a wish to stop, so that what was learned is saved."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> None:
        import signal

        self._previous = [(s, signal.signal(s, self._ask)) for s in (signal.SIGINT, signal.SIGTERM)]

    def __exit__(self, *_: object) -> None:
        import signal

        for sign, handler in self._previous:
            signal.signal(sign, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True
