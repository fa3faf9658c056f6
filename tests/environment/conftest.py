"""A data folder of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackmania_rl.protocol.volume import DATA_VARIABLE


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared volume of this test."""
    folder = tmp_path / "data"
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    return folder
