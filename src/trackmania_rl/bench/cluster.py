"""Throughput of training on several nodes of Ray on this machine, and which part is full first on many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import Json

if TYPE_CHECKING:
    from trackmania_rl.cluster.learner import ClusterLearner

LINK = 10e9 / 8.0
"""Network of a machine that the model reckons with [bytes/s]: 10 Gbit/s."""
BEGIN_PATIENCE = 300.0
"""Longest wait for all workers to drive and the learner to learn [s]."""


def command(
    workers: Annotated[str, typer.Option(help="Numbers of workers to measure, e.g. 1,2,4.")] = "1,2,4",
    nodes: Annotated[int, typer.Option(min=1, help="Nodes of Ray to start; workers spread over them.")] = 2,
    worlds: Annotated[int, typer.Option(min=1, help="Worlds of each worker.")] = 64,
    seconds: Annotated[float, typer.Option(min=1.0, help="Time of one measurement [s].")] = 10.0,
    track: Annotated[str, typer.Option(help="Track that is driven.")] = "sprint",
    as_json: Json = False,
) -> None:
    """Train on a Ray cluster of this machine: throughput against workers, waiting, bytes; the model to 1,000.

    Each number of workers is measured twice: as trained, and without updates, which leaves what the command
    does for each fragment besides. Processor time is of this process; nodes share this machine's processors.
    """
    try:
        counts = [int(count) for count in workers.split(",")]
    except ValueError:
        counts = []
    if min(counts, default=0) < 1:
        raise InputError(f"--workers is «{workers}», expected numbers from 1 as 1,2,4", field="workers")
    from trackmania_rl.cluster.connection import AUTO, authenticate

    authenticate(AUTO)
    import ray

    from trackmania_rl.cluster.nodes import add_node, local_nodes

    console = Console(stderr=True)
    rows = []
    with ExitStack() as stack:
        with console.status(f"Starting {nodes} nodes of Ray ..."):
            each = -(-max(counts) // nodes)
            cluster = stack.enter_context(local_nodes(each))
            for _ in range(nodes - 1):
                add_node(cluster, each)
            ray.init(address=cluster.address, log_to_driver=False)
            stack.callback(ray.shutdown)
        for count in counts:
            for updates in (1.0, 0.0):
                with console.status(f"{count} workers, {updates:g} updates a step ..."):
                    rows.append(_measured(count, worlds, updates, seconds, track))
    report = {"nodes": nodes, "worlds": worlds, "rows": rows, "model": _model(rows, worlds)}
    show(report, tables, as_json)


def _measured(workers: int, worlds: int, updates: float, seconds: float, track: str) -> dict[str, Any]:
    """Figures of one training, from when all of its workers drive and it learns."""
    from trackmania_rl.cluster.learner import ClusterConfig, ClusterLearner
    from trackmania_rl.model.training.config import LearnerConfig

    config = LearnerConfig.of(
        {"updates_per_step": updates}, track=track, worlds=worlds, run=f"bench-cluster-{workers}",
        warmup_steps=worlds,
    )  # fmt: skip
    learner = ClusterLearner(config, ClusterConfig(workers=workers))
    try:
        began = time.monotonic()
        while learner.fleet.busy < workers or (updates and not learner.updates):
            if time.monotonic() - began > BEGIN_PATIENCE:
                raise InputError(
                    f"after {BEGIN_PATIENCE:g} s {learner.fleet.busy} of {workers} workers drive: this "
                    "machine is too busy, or has no room for them",
                    field="workers",
                )
            learner.advance()
        before, processor, began = _counts(learner), time.thread_time(), time.perf_counter()
        while time.perf_counter() - began < seconds:
            learner.advance()
        elapsed, processor = time.perf_counter() - began, time.thread_time() - processor
        steps, made, waited, received, published, driving = (
            now - then for now, then in zip(_counts(learner), before, strict=True)
        )
    finally:
        learner.close()
    fragments = max(steps / (worlds * _fragment_steps()), 1.0)
    return {
        "workers": workers,
        "learning": bool(updates),
        "steps_per_second": steps / elapsed,
        "updates_per_second": made / elapsed,
        "waiting": waited / elapsed,
        "bytes_per_transition": received / max(steps, 1.0),
        "published_bytes_per_second": published / elapsed,
        "learner_processor_ms_per_fragment": 1e3 * processor / fragments,
        "worker_processor_ms_per_fragment": 1e3 * driving / fragments,
    }


def _counts(learner: ClusterLearner) -> tuple[float, ...]:
    waited, driving = learner.fleet.waited, learner.driving
    return learner.steps, learner.updates, waited, learner.bytes, learner.bytes_published, driving


def _model(rows: list[dict[str, Any]], worlds: int) -> dict[str, float]:
    """Workers, each with a processor of its own, that fill one learner's processor, its network, and what
    the command does for a fragment without learning: from processor times and sizes as measured last."""
    learning, handling = (
        next(row for row in reversed(rows) if row["learning"] is kind) for kind in (True, False)
    )
    fragments = 1e3 / learning["worker_processor_ms_per_fragment"]  # of a worker, per second
    size = learning["bytes_per_transition"] * worlds * _fragment_steps()
    return {
        "fragments_per_second_per_worker": fragments,
        "bytes_per_second_per_worker": fragments * size,
        "workers_that_fill_a_learner": 1e3 / learning["learner_processor_ms_per_fragment"] / fragments,
        "workers_that_fill_10_gbit": LINK / (fragments * size),
        "workers_that_fill_the_command": 1e3 / handling["learner_processor_ms_per_fragment"] / fragments,
    }


def _fragment_steps() -> int:
    from trackmania_rl.cluster.worker import FRAGMENT_STEPS

    return FRAGMENT_STEPS


def headline(report: dict[str, Any]) -> str:
    """What a worker's processor gives and a learner's takes, and how long the learner of the most waits."""
    row = [row for row in report["rows"] if row["learning"]][-1]
    model = report["model"]
    driven = model["bytes_per_second_per_worker"] / row["bytes_per_transition"]
    return (
        f"a worker's core drives {driven:,.0f} transitions/s, "
        f"a learner's learns from {driven * model['workers_that_fill_a_learner']:,.0f}; "
        f"with {row['workers']} workers on {report['nodes']} nodes it waits {row['waiting']:.0%} of the time"
    )


def tables(report: dict[str, Any]) -> Iterator[RenderableType]:
    """Throughput and cost of each number of workers, and the model to many."""
    table = Table("workers", "", "steps/s", "updates/s", "waits", "B/transition", "learner", "worker")
    for row in report["rows"]:
        table.add_row(
            str(row["workers"]),
            "learning" if row["learning"] else "without updates",
            f"{row['steps_per_second']:,.0f}",
            f"{row['updates_per_second']:.0f}",
            f"{row['waiting']:.0%}",
            f"{row['bytes_per_transition']:.0f}",
            f"{row['learner_processor_ms_per_fragment']:.1f} ms",
            f"{row['worker_processor_ms_per_fragment']:.1f} ms",
        )
    yield table
    yield "Learner, worker: processor time per fragment."
    model = Table("many workers, from these figures", "")
    for name, value in report["model"].items():
        model.add_row(name.replace("_", " "), f"{value:,.1f}")
    yield model
