"""Updates per second of the learner, side by side with Stable-Baselines3 in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.protocol.options import Json

OBSERVATIONS, ACTIONS, BATCH = 83, 3, 256
"""TMRL's LIDAR observation and action, and Stable-Baselines3's default batch."""
ROWS = 100_000
"""Transitions in the buffers."""
PRODUCT = 1024
"""Rows and columns of the matrices whose product is taken as the processor's peak."""


def command(
    seconds: Annotated[float, typer.Option(min=0.5, help="Time of one measurement [s].")] = 3.0,
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 1,
    as_json: Json = False,
) -> None:
    """Updates per second of SAC: batch 256, networks 256x256, 83 observations, 3 actions.

    Both learners sample from their own buffer and update actor, critics, entropy and targets. They are
    measured in turns, so that other load on the machine falls on both; figures are medians. The share of
    the peak is the update's matrix products against those of two large matrices of the same precision.
    """
    import torch

    from trackmania_rl.model.sac.sac import choose_precision

    torch.set_num_threads(threads)
    console = Console(stderr=True)
    native = choose_precision("auto", torch.device("cpu")) == torch.bfloat16
    precisions = ["float32", "bfloat16"] if native else ["float32"]
    runs: dict[str, Callable[[], None]] = {}
    with console.status("Compiling the update ..."):
        for precision in precisions:
            runs[precision], runs[f"{precision} peak"] = _ours(precision), _product(precision)
    peer = _peer(console)
    if peer is not None:
        runs["stable-baselines3"] = peer
    figures = dict(zip(runs, _in_turns(list(runs.values()), seconds, repeats, console), strict=True))
    medians = {name: statistics.median(rates) for name, rates in figures.items()}
    work = _work()
    report: dict[str, Any] = {
        "updates_per_second": medians[precisions[-1]], "batch": BATCH, "threads": threads, "flop": work,
    }  # fmt: skip
    for precision in precisions:
        rate = medians[precision]
        report[f"{precision}_updates_per_second"] = rate
        report[f"{precision}_share_of_peak"] = rate * work / (medians[f"{precision} peak"] * 2.0 * PRODUCT**3)
    if peer is not None:
        other = medians["stable-baselines3"]
        report |= {"peer": "stable-baselines3", "peer_updates_per_second": other}
        report["ratio"] = medians[precisions[-1]] / other
    report["measured"] = {name: rates for name, rates in figures.items() if not name.endswith("peak")}
    show(report, tables, as_json)


def headline(report: dict[str, Any]) -> str:
    """Updates a second in each precision, beside the peer."""
    peer = report.get("peer_updates_per_second")
    own = [name for name in ("bfloat16", "float32") if name in report["measured"]]
    rates = [(name, report[f"{name}_updates_per_second"]) for name in own]
    return "; ".join(
        f"{rate:.0f} updates/s in {name}" + (f", {rate / peer:.2f} times Stable-Baselines3" if peer else "")
        for name, rate in rates
    )


def tables(report: dict[str, Any]) -> Iterator[RenderableType]:
    """Each learner's rates, beside the peer's and the processor's peak."""
    peer = report.get("peer_updates_per_second")
    table = Table("learner", "updates/s", "times the peer", "share of the product's peak", "all measurements")
    for name, rates in report["measured"].items():
        rate, share = statistics.median(rates), report.get(f"{name}_share_of_peak")
        table.add_row(
            "Stable-Baselines3, float32" if share is None else f"TrackMania RL, {name}",
            f"{rate:.0f}",
            f"{rate / peer:.2f}" if peer else "",
            "" if share is None else f"{share:.0%}",
            "  ".join(f"{rate:.0f}" for rate in rates),
        )
    yield table


def _product(precision: str) -> Callable[[], None]:
    """One large matrix product, the most that PyTorch multiplies with on these threads."""
    import torch

    left, right = torch.randn(2, PRODUCT, PRODUCT).to(getattr(torch, precision))

    def run() -> None:
        torch.mm(left, right)

    return run


def _work() -> int:
    """Floating-point operations of an update's matrix products, counted by PyTorch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from trackmania_rl.model.sac.sac import Batch, Sac, SacConfig

    sac = Sac(OBSERVATIONS, ACTIONS, SacConfig(hidden=(256, 256), compile=False, precision="float32"))
    observation, reward = torch.zeros(BATCH, OBSERVATIONS), torch.zeros(BATCH)
    batch = Batch(observation, torch.zeros(BATCH, ACTIONS), reward, observation, reward)
    with FlopCounterMode(display=False) as counter:
        sac.update(batch)
    return int(counter.get_total_flops())


def _ours(precision: str) -> Callable[[], None]:
    """One sample and update of our learner."""
    import torch

    from trackmania_rl.model.experience.buffer import ReplayBuffer
    from trackmania_rl.model.sac.sac import Sac, SacConfig

    config = SacConfig(batch=BATCH, hidden=(256, 256), precision=precision)
    sac = Sac(OBSERVATIONS, ACTIONS, config)
    buffer = ReplayBuffer(ROWS, 100, OBSERVATIONS, ACTIONS, n_step=config.n_step, gamma=config.gamma)
    never = torch.zeros(100, dtype=torch.bool)
    for _ in range(buffer.length):
        state, action, after = (
            torch.randn(100, OBSERVATIONS),
            torch.rand(100, ACTIONS),
            torch.randn(100, OBSERVATIONS),
        )
        buffer.add((state, action * 2 - 1, after), torch.randn(100), never, never)
    mean, scale = torch.zeros(OBSERVATIONS), torch.ones(OBSERVATIONS)

    def run() -> None:
        sac.update(buffer.sample(BATCH, mean, scale))

    return run


def _peer(console: Console) -> Callable[[], None] | None:
    """One sample and update of Stable-Baselines3's learner; None if it is not installed."""
    try:
        import stable_baselines3
        from stable_baselines3.common.logger import Logger
    except ImportError:
        console.print(
            "Stable-Baselines3 is not installed, so there is no ratio: pip install stable-baselines3"
        )
        return None
    import gymnasium
    import numpy as np

    observation = gymnasium.spaces.Box(-np.inf, np.inf, (OBSERVATIONS,), np.float32)
    action = gymnasium.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float32)

    class Spaces(gymnasium.Env[Any, Any]):
        """Spaces alone: the learner is measured, nothing is stepped."""

        observation_space, action_space = observation, action

    sac = stable_baselines3.SAC("MlpPolicy", Spaces(), batch_size=BATCH, buffer_size=ROWS, device="cpu")
    sac.set_logger(Logger(folder=None, output_formats=[]))
    buffer = sac.replay_buffer
    assert buffer is not None
    generator = np.random.default_rng(0)
    for array in (buffer.observations, buffer.next_observations, buffer.actions, buffer.rewards):
        array[:] = generator.standard_normal(array.shape, np.float32)
    buffer.full = True

    def run() -> None:
        sac.train(gradient_steps=1, batch_size=BATCH)

    return run


def _in_turns(
    runs: list[Callable[[], None]], seconds: float, repeats: int, console: Console
) -> list[list[float]]:
    """Calls per second of each function, measured in turns `repeats` times."""
    rates: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    with console.status("Measuring ..."):
        for _ in range(repeats):
            for run, measured in zip(runs, rates, strict=True):
                measured.append(_rate(run, seconds))
    return rates


def _rate(run: Callable[[], None], seconds: float) -> float:
    began, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        run()
        calls += 1
    return calls / elapsed
