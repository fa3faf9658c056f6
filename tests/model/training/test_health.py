"""Health in plain words: each ailment from the figures that show it."""

import pytest

from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.training.health import diagnose
from trackmania_rl.model.training.loop import Progress


def progress(seconds: float = 300.0, finish: float = 1.0, best: float = 1.0, **values: float) -> Progress:
    now = Result(episodes=4, finish_rate=finish, return_mean=1.0, completion=0.5)
    top = Result(episodes=4, finish_rate=best, return_mean=1.0, completion=0.5)
    return Progress(
        1000, 10, 5, seconds, 1.0, 1.0, {k.replace("_", "/", 1): v for k, v in values.items()}, now, top
    )


@pytest.mark.parametrize(
    ("newest", "words"),
    [
        (progress(), "finishes 100%"),
        (progress(finish=0.25), "has become worse"),
        (progress(finish=0.0, best=0.0), "No finish yet after 5 minutes"),
        (progress(train_completion=0.01), "stuck"),
        (progress(loss_critic=float("nan")), "not a number"),
        (progress(loss_critic=1e6), "explodes"),
    ],
)
def test_the_worst_comes_first(newest: Progress, words: str) -> None:
    healthy = progress(loss_critic=1.0)
    assert words in diagnose([healthy, newest])[0]


def test_patience_before_the_first_finish() -> None:
    """In its first minutes an agent that has not finished is not called ill."""
    assert diagnose([progress(seconds=60.0, finish=0.0, best=0.0)]) == [
        "Learning; it drives 50% of the track."
    ]


def test_an_agent_without_reports_is_preparing() -> None:
    assert diagnose([])[0].startswith("Preparing")
