import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # so that "points:make" names the toy environment


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data volume of the test's own."""
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    return tmp_path
