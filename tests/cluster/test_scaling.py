"""A learner that starves asks for workers, one that does not gives them back."""

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'trackmania-rl[cluster]'")
from trackmania_rl.cluster.scaling import wanted


@pytest.mark.parametrize(
    ("workers", "waiting", "expected"),
    [
        (4, 0.5, 8),  # busy half of the time with 4
        (4, 0.34, 7),
        (4, 0.9, 8),  # no more than twice as many at once
        (4, 1.0, 8),
        (6, 0.9, 10),  # no more than there may be
        (4, 0.2, 4),
        (4, 0.01, 3),
        (2, 0.01, 2),  # no fewer than there may be
    ],
)
def test_as_many_as_keep_the_learner_busy(workers: int, waiting: float, expected: int) -> None:
    assert wanted(workers, waiting, least=2, most=10) == expected
