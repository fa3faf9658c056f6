"""Peers in environments of their own: what is missing or broken is said, what runs is measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trackmania_rl.bench import peers
from trackmania_rl.bench.simulator import winding
from trackmania_rl.cli import app
from trackmania_rl.protocol.errors import InputError


def test_a_missing_peer_says_how_to_install_it(tmp_path: Path) -> None:
    """The command in the message is the one that makes its environment."""
    result = peers.measure(tmp_path, "envpool", 0.1)
    assert result["failure"].endswith("bench simulator --install envpool")


def test_a_broken_peer_gives_its_last_words(tmp_path: Path) -> None:
    """An interpreter without the package: the error's last line is the reason."""
    python = peers.folder(tmp_path, "envpool") / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert "envpool" in peers.measure(tmp_path, "envpool", 0.1)["failure"]


def test_unknown_peers_are_refused() -> None:
    """With the names of those that there are."""
    outcome = CliRunner().invoke(app, ["bench", "simulator", "--install", "rally", "--no-peers"])
    assert isinstance(outcome.exception, InputError)
    assert "envpool" in str(outcome.exception)


@pytest.mark.parametrize("length", [500, 5000])
def test_roads_for_the_curve_are_as_long_as_asked(length: int) -> None:
    """To a piece or two."""
    assert winding(length).centreline_length == pytest.approx(length, abs=180.0)
