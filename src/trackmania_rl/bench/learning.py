"""How well SAC learns standard tasks, side by side with Stable-Baselines3 in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console, RenderableType
from rich.progress import Progress
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.protocol.options import Json, output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PENDULUM, MUJOCO = "Pendulum-v1", "InvertedDoublePendulum-v5"
EPISODES = 10
"""Of a frozen evaluation, the same starts for all."""
EVALUATION_SEED = 1_000
POINTS = 12
"""Evaluations of a training."""
SAME = {
    "batch": 256, "hidden": [256, 256], "learning_rate": 1e-3, "gamma": 0.99, "tau": 0.005, "n_step": 1,
    "layer_norm": False, "normalise": False, "average": 1.0, "entropy_start": 1.0, "precision": "float32",
    "warmup_steps": 500, "buffer": 100_000, "worlds": 1,
}  # fmt: skip
"""Settings of ours under which both learners are the same algorithm."""
OWN = {**SAME, "layer_norm": True, "normalise": True, "average": 0.0005, "entropy_start": 0.01, "n_step": 3}
"""The same with what ours has more."""
LEARNERS = {"TrackMania RL, same settings": SAME, "TrackMania RL, its own": OWN, "Stable-Baselines3": None}

Act = Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]


@dataclass
class Curve:
    """Frozen evaluations of one training: environment steps, processor time [s] and mean return of each."""

    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)

    @property
    def area(self) -> float:
        """Mean return over the training: how fast it learns, and what."""
        return statistics.fmean(self.returns)


class Stopwatch:
    """Processor time of this process, without what lies between `stop` and `go` [s]."""

    def __init__(self) -> None:
        self.total = 0.0
        self.go()

    def go(self) -> None:
        """Count from here."""
        self._began = time.process_time()

    def stop(self) -> float:
        """Time so far."""
        self.total += time.process_time() - self._began
        return self.total


def command(
    tasks: Annotated[str, typer.Option(help="Tasks of Gymnasium.")] = f"{PENDULUM},{MUJOCO}",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each learner on each task.")] = 3,
    steps: Annotated[int, typer.Option(min=100, help="Environment steps of a training.")] = 6_000,
    picture: Annotated[
        Path | None, typer.Option(callback=output(".png"), help="Draw the curves into this PNG file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Learning curves of SAC against Stable-Baselines3: return per step and per second of processor time.

    One world, one update a step, one thread. Once with the same algorithm and settings on both sides, once
    with what ours has more (layer norm, normalised observations, 3-step returns, averaged policy, low
    first entropy).
    """
    import torch

    torch.set_num_threads(1)
    curves: dict[str, dict[str, list[Curve]]] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        names = tasks.split(",")
        bar = progress.add_task("Training", total=len(names) * seeds * len(LEARNERS))
        for task in names:
            curves[task] = {name: [] for name in LEARNERS}
            for seed in range(seeds):
                for name, settings in LEARNERS.items():
                    progress.update(bar, description=f"{task}, seed {seed}, {name}")
                    train = _peer if settings is None else _ours
                    curves[task][name].append(train(task, seed, steps, settings or SAME))
                    progress.advance(bar)
    if picture is not None:
        _draw(curves).savefig(picture, dpi=110)
    plain = {
        task: {name: [asdict(run) for run in runs] for name, runs in learners.items()}
        for task, learners in curves.items()
    }
    show(plain, tables, as_json)


def _ours(task: str, seed: int, steps: int, settings: dict[str, Any]) -> Curve:
    """Train our learner."""
    from trackmania_rl.model.training.config import LearnerConfig
    from trackmania_rl.model.training.learner import Learner
    from trackmania_rl.protocol.volume import elsewhere

    with tempfile.TemporaryDirectory() as folder, elsewhere(Path(folder)):
        config = LearnerConfig.of(settings, env=f"gymnasium:{task}", seed=seed)
        learner = Learner(config)

        def frozen() -> Act:
            policy = learner.policy()
            return lambda observation: policy.act(observation[None].astype(np.float32))[0]

        curve = _train(task, steps, learner.advance, frozen)
        learner.close()
    return curve


def _peer(task: str, seed: int, steps: int, settings: dict[str, Any]) -> Curve:
    """Train Stable-Baselines3's learner."""
    import gymnasium
    from stable_baselines3 import SAC
    from stable_baselines3.common.callbacks import BaseCallback

    model = SAC(
        "MlpPolicy", gymnasium.make(task), seed=seed, device="cpu", buffer_size=settings["buffer"],
        batch_size=settings["batch"], learning_rate=settings["learning_rate"], gamma=settings["gamma"],
        tau=settings["tau"], learning_starts=settings["warmup_steps"],
        policy_kwargs={"net_arch": settings["hidden"]},
    )  # fmt: skip
    curve, watch = Curve(), Stopwatch()

    class Evaluate(BaseCallback):
        """Frozen evaluations on the way."""

        def _on_step(self) -> bool:
            if self.num_timesteps % (steps // POINTS) == 0:
                _note(curve, self.num_timesteps, watch, task, act)
            return True

    def act(observation: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray(model.predict(observation, deterministic=True)[0])

    model.learn(steps, callback=Evaluate())
    return curve


def _train(task: str, steps: int, advance: Callable[[], None], policy: Callable[[], Act]) -> Curve:
    """Advance step by step, with frozen evaluations on the way."""
    curve, watch = Curve(), Stopwatch()
    for step in range(1, steps + 1):
        advance()
        if step % (steps // POINTS) == 0:
            _note(curve, step, watch, task, policy())
    return curve


def _note(curve: Curve, step: int, watch: Stopwatch, task: str, act: Act) -> None:
    """Add a frozen evaluation to a curve; its time does not count."""
    curve.seconds.append(watch.stop())
    curve.steps.append(step)
    curve.returns.append(_evaluate(task, act))
    watch.go()


def _evaluate(task: str, act: Act) -> float:
    """Mean return of frozen episodes."""
    import gymnasium

    env, total = gymnasium.make(task), 0.0
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=EVALUATION_SEED + episode)
        over = False
        while not over:
            observation, reward, terminated, truncated, _ = env.step(act(np.asarray(observation)))
            total += float(reward)
            over = terminated or truncated
    env.close()
    return total / EPISODES


def headline(curves: dict[str, dict[str, list[dict[str, Any]]]]) -> str:
    """Mean return over the training and processor time, ours and the peer's; for each task."""
    parts = []
    for task, learners in curves.items():
        _, own, peer = ([Curve(**run) for run in runs] for runs in learners.values())
        areas = [statistics.median(run.area for run in runs) for runs in (own, peer)]
        times = [statistics.median(run.seconds[-1] for run in runs) for runs in (own, peer)]
        parts.append(
            f"{areas[0]:,.0f} instead of {areas[1]:,.0f} on {task} in {times[0] / times[1]:.2f} of the time"
        )
    return f"mean return over a training beside Stable-Baselines3: {'; '.join(parts)}"


def tables(curves: dict[str, dict[str, list[dict[str, Any]]]]) -> Iterator[RenderableType]:
    """Returns and time of each learner on each task."""
    table = Table("task", "learner", "return at the end", "mean return of the training", "processor s")
    for task, learners in curves.items():
        for name, plain in learners.items():
            runs = [Curve(**run) for run in plain]
            ends = [run.returns[-1] for run in runs]
            table.add_row(
                task, name, _spread(ends), _spread([run.area for run in runs]),
                f"{statistics.median(run.seconds[-1] for run in runs):.0f}",
            )  # fmt: skip
    yield table


def _spread(values: list[float]) -> str:
    """Median (least to greatest)."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def _draw(curves: dict[str, dict[str, list[Curve]]]) -> Figure:
    """Returns over steps and over processor time: medians over seeds, and the range."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6 * len(curves)), layout="constrained")
    for row, axes in zip(curves.items(), figure.subplots(len(curves), 2, squeeze=False), strict=True):
        task, learners = row
        for name, runs in learners.items():
            returns = np.array([run.returns for run in runs])
            for axis, over in zip(axes, ("steps", "seconds"), strict=True):
                x = np.median([getattr(run, over) for run in runs], axis=0)
                (line,) = axis.plot(x, np.median(returns, axis=0), label=name)
                axis.fill_between(
                    x, returns.min(axis=0), returns.max(axis=0), color=line.get_color(), alpha=0.15
                )
        axes[0].set(title=task, xlabel="environment steps", ylabel="return of the frozen policy")
        axes[1].set(title=task, xlabel="processor time [s]")
        axes[0].legend(fontsize="small")
    return figure
