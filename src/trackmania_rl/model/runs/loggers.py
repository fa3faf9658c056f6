"""Curves of a training to the tools that people know: TensorBoard, Weights & Biases, MLflow.

The run's own SQLite file stays the record; a logger gets the same points beside it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import runs_folder


class Logger(Protocol):
    """Takes the points of a run."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Take the values of some curves at an environment step."""

    def close(self) -> None:
        """Send what is left."""


class TensorBoard:
    """Event files in the run's folder: `tensorboard --logdir data/runs`."""

    def __init__(self, run: str, settings: Mapping[str, Any]) -> None:
        _library("tensorboard")
        tensorboard = importlib.import_module("torch.utils.tensorboard")
        self._writer = tensorboard.SummaryWriter(str(runs_folder() / run / "tensorboard"))
        self._writer.add_text("settings", "\n".join(f"    {name} = {settings[name]!r}" for name in settings))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Take the values of some curves at an environment step."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class WandB:
    """A run of the project "trackmania-rl"; where to and as whom is said by the WANDB_... variables."""

    def __init__(self, run: str, settings: Mapping[str, Any]) -> None:
        wandb = _library("wandb")
        folder: Path = runs_folder() / run
        folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(project="trackmania-rl", name=run, config=dict(settings), dir=str(folder))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Take the values of some curves at an environment step."""
        self._run.log({**values, "step": step})

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()


class MLflow:
    """A run of the experiment "trackmania-rl"; where to is said by the variable MLFLOW_TRACKING_URI."""

    def __init__(self, run: str, settings: Mapping[str, Any]) -> None:
        mlflow = _library("mlflow")
        mlflow.set_experiment("trackmania-rl")
        self._id = mlflow.start_run(run_name=run).info.run_id
        self._mlflow = mlflow
        mlflow.log_params(dict(settings))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Take the values of some curves at an environment step."""
        self._mlflow.log_metrics(dict(values), step=step, run_id=self._id, synchronous=False)

    def close(self) -> None:
        """Send what is left."""
        self._mlflow.end_run()


LOGGERS: dict[str, type[TensorBoard] | type[WandB] | type[MLflow]] = {
    "tensorboard": TensorBoard,
    "wandb": WandB,
    "mlflow": MLflow,
}


def open_logger(name: str, run: str, settings: Mapping[str, Any]) -> Logger:
    """The logger of that name for a run.

    Raises:
        InputError: There is none, or its library is not installed.
    """
    if name not in LOGGERS:
        raise InputError(f"--log {name}: expected one of {', '.join(LOGGERS)}", field="log")
    return LOGGERS[name](run, settings)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"--log {name}: {name} is not installed: pip install {name}, or trackmania-rl[loggers] for all",
            field="log",
        ) from error
