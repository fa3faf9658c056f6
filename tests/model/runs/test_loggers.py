"""The curves as TensorBoard, Weights & Biases and MLflow have them, read back with their own readers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from trackmania_rl.model.runs.loggers import open_logger
from trackmania_rl.model.runs.metrics import read_curves
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.loop import train
from trackmania_rl.protocol.errors import InputError

SETTINGS: dict[str, Any] = {"gamma": 0.99, "track": None}


def test_tensorboard_reads_the_curves_of_a_training(data: Path) -> None:
    """Every point of the run's own file, evaluations too."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    logger = open_logger("tensorboard", "toy", SETTINGS)
    config = LearnerConfig(
        env="points:make", run="toy", worlds=4, steps=400, warmup_steps=100, batch=32, hidden=(16, 16),
        compile=False, evaluation_episodes=2,
    )  # fmt: skip
    train(config, loggers=[logger])
    logger.close()
    events = accumulator.EventAccumulator(str(data / "runs/toy/tensorboard"))
    events.Reload()
    curves = read_curves(data / "runs/toy")
    assert set(events.Tags()["scalars"]) == {curve.key for curve in curves}
    for curve in curves:
        points = events.Scalars(curve.key)
        assert [point.step for point in points] == curve.step
        assert [point.value for point in points] == pytest.approx(curve.value, rel=1e-6)


def test_wandb_writes_a_run_offline(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed: pip install trackmania-rl[loggers]")
    monkeypatch.setenv("WANDB_MODE", "offline")
    logger = open_logger("wandb", "toy", SETTINGS)
    logger.write(10, {"loss/critic": 1.5})
    logger.close()
    (file,) = (data / "runs/toy/wandb").glob("offline-run-*/*.wandb")
    assert b"loss/critic" in file.read_bytes()


def test_mlflow_writes_a_run_to_a_folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip(
        "mlflow", reason="mlflow is not installed: pip install trackmania-rl[loggers]"
    )
    mlflow.set_tracking_uri((data / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    logger = open_logger("mlflow", "toy", SETTINGS)
    logger.write(10, {"loss/critic": 1.5})
    logger.close()
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert run.data.metrics == {"loss/critic": 1.5} and run.data.params["gamma"] == "0.99"


def test_an_unknown_or_absent_logger_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="tensorboard, wandb, mlflow"):
        open_logger("console", "toy", SETTINGS)
    monkeypatch.setitem(sys.modules, "wandb", None)  # as where it is not installed
    with pytest.raises(InputError, match=r"pip install wandb"):
        open_logger("wandb", "toy", SETTINGS)
