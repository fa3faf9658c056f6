"""Two learners never write one run at the same time."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from trackmania_rl.model.training.process import alone
from trackmania_rl.protocol.errors import InputError


def _hold(folder: Path, held: Any) -> None:
    with alone(folder):
        held.set()
        signal.pause()


def test_a_run_has_one_learner_until_it_ends_or_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "toy", held), daemon=True)
    other.start()
    assert held.wait(50.0)
    with pytest.raises(InputError, match="another learner holds run 'toy'"), alone(tmp_path / "toy", 0.2):
        pass
    os.kill(other.pid or 0, signal.SIGKILL)
    other.join(20.0)
    with alone(tmp_path / "toy", 20.0):
        pass
