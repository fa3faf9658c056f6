"""The commands that take policies and experience along, to other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackmania_rl.protocol.options import Json, output

if TYPE_CHECKING:
    from trackmania_rl.model.export.tmod import Pupil
    from trackmania_rl.model.runs.checkpoint import Checkpoint

Policy = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A .pt file that training wrote.")]


def onnx(
    checkpoint: Policy,
    out: Annotated[Path, typer.Option(callback=output(folders=True), help="File to write.")] = Path(
        "policy.onnx"
    ),
    as_json: Json = False,
) -> None:
    """Write a policy as ONNX: raw observations (n, o) in, actions (n, a) out, float32.

    Normalisation and squashing are inside. The file is written once ONNX Runtime gave the same actions.
    """
    from trackmania_rl.model.export import onnx as graphs
    from trackmania_rl.model.runs import checkpoint as checkpoints

    saved = checkpoints.load(checkpoint)
    difference = graphs.export(saved.policy(), out, _origin(saved))
    if as_json:
        typer.echo(json.dumps({"file": str(out), "difference": difference}))
        return
    typer.echo(
        f"{out}: {saved.observations} numbers in, {len(saved.low)} actions out; "
        f"greatest difference to the policy {difference:.1e}"
    )


def tmod(
    checkpoint: Policy,
    out: Annotated[Path, typer.Option(callback=output(folders=True), help="File to write.")] = Path(
        "trackmania.tmod"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Write a policy of the LIDAR in metres, which cannot drive there.")
    ] = False,
    track: Annotated[
        str | None,
        typer.Option(help="Where a network of another shape teaches one of TMRL's; its own if not given."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1_000, help="Observations for it, in each of two turns.")
    ] = 50_000,
    updates: Annotated[int, typer.Option(min=1, help="Updates for it, in each of two turns.")] = 4_000,
    episodes: Annotated[int, typer.Option(min=1, help="Laps of both, then, to compare.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the taught network and its samples.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a policy for TMRL, whose own program drives it in the game.

    A network of two layers of 256 without layer norm is written exactly; any other teaches one of that shape
    in the simulator first, and both are compared. Then: copy the file to TmrlData/weights/NAME.tmod, set
    RUN_NAME to NAME in TMRL's config.json and the interface that this prints, and run python -m tmrl --test.
    """
    from trackmania_rl.model.export import tmod as files
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.protocol.volume import write_whole

    saved = checkpoints.load(checkpoint)
    interface = files.check(saved, force=force)
    report: dict[str, object] = {"file": str(out), "interface": interface, "exact": files.foldable(saved)}
    if not files.foldable(saved):
        pupil, figures = _taught(saved, track or saved.track, samples, updates, episodes, seed)
        saved, report = pupil.checkpoint, {**report, "error": pupil.error, **figures}
    state = files.fold(saved)
    report["difference"] = files.difference(saved, state)
    write_whole(out, files.packed(state))
    if as_json:
        typer.echo(json.dumps(report))
        return
    for name, value in report.items():
        typer.echo(f"{name:24}{value:.3g}" if isinstance(value, float) else f"{name:24}{value}")


def dataset(
    run: Annotated[str, typer.Argument(help="Name of a run, or its learner.pt.")],
    out: Annotated[Path, typer.Option(help="Folder to write, Minari's NAME.")],
    as_json: Json = False,
) -> None:
    """Write the experience of a run in Minari's HDF5 layout.

    It is what the learner's buffer held when the run was last saved, as episodes; those that lack a
    beginning or an end say so (attribute cut).
    """
    from rich.console import Console
    from rich.progress import Progress

    from trackmania_rl.model.experience.datasets import episodes, spaces
    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.model.runs.runs import run_folder
    from trackmania_rl.protocol.dataset import DatasetWriter

    file = Path(run) if Path(run).is_file() else run_folder(run) / checkpoints.LEARNER
    saved = checkpoints.load(file)
    held = saved.learner["buffer"].get("filled", 0) * saved.config["worlds"] if saved.learner else None
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Writing episodes", total=held)
        with DatasetWriter(out, *spaces(saved), _origin(saved)) as writer:
            for episode in episodes(saved, file.parent):
                writer.add(episode)
                progress.advance(bar, len(episode))
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "episodes": writer.episodes, "steps": writer.steps}))
        return
    typer.echo(f"{out}: {writer.episodes:,} episodes, {writer.steps:,} steps")


def _taught(
    teacher: Checkpoint, track: str, samples: int, updates: int, episodes: int, seed: int
) -> tuple[Pupil, dict[str, object]]:
    """A pupil of TMRL's shape, and what it and its teacher drive from the start line."""
    from rich.console import Console
    from rich.progress import Progress

    from trackmania_rl.model.export import tmod as files
    from trackmania_rl.model.training.evaluation import EVALUATION_SEED, evaluate
    from trackmania_rl.protocol.environments import make_vector_env

    options = dict(teacher.env_options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Teaching a network of TMRL's shape", total=1.0)
        envs = make_vector_env(teacher.env, 64, track=track or None, **{**options, "start": "anywhere"})
        pupil = files.distil(
            teacher,
            envs,
            samples=samples,
            updates=updates,
            seed=seed,
            on_progress=lambda share: progress.update(bar, completed=share),
        )
        envs.close()
    envs = make_vector_env(
        teacher.env, min(episodes, 64), track=track or None, **{**options, "start": "line"}
    )
    figures: dict[str, object] = {}
    for name, driver in (("teacher", teacher), ("pupil", pupil.checkpoint)):
        result = evaluate(driver.policy(), envs, seed=EVALUATION_SEED, episodes=episodes)
        figures[f"{name}_finish_rate"] = result.finish_rate
        figures[f"{name}_lap_time_s_median"] = result.lap_time_median
    envs.close()
    return pupil, figures


def _origin(saved: Checkpoint) -> dict[str, object]:
    """Where a policy comes from."""
    return {
        "env": saved.env,
        "env_options": saved.env_options,
        "track": saved.track,
        "track_hash": saved.track_hash,
        "steps": saved.steps,
    }
