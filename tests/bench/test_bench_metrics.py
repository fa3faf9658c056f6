"""The benchmark of curves runs, and what it writes is there."""

import pytest

from trackmania_rl.bench import metrics


def test_all_kinds_are_measured_and_compared() -> None:
    pytest.importorskip("tensorboard")
    figures = metrics.measure(20)
    for kind in ("file", "tensorboard"):
        assert figures[f"{kind}_points_per_second"] > 0
    quotient = figures["file_points_per_second"] / figures["tensorboard_points_per_second"]
    assert figures["ratio"] == pytest.approx(quotient, abs=0.01)
