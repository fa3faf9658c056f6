"""Figures as Prometheus reads them."""

from __future__ import annotations

from trackmania_rl.protocol.metrics import Histogram, Metric


def test_a_metric_is_one_line_or_one_for_each_label() -> None:
    one = Metric("trackmania_races", "gauge", "Races.", 2)
    assert list(one.lines()) == [
        "# HELP trackmania_races Races.",
        "# TYPE trackmania_races gauge",
        "trackmania_races 2",
    ]
    many = Metric("trackmania_videos", "gauge", "Jobs.", {'state="done"': 3.0, 'state="failed"': 0.0})
    assert list(many.lines())[2:] == [
        'trackmania_videos{state="done"} 3',
        'trackmania_videos{state="failed"} 0',
    ]


def test_a_large_counter_loses_no_step() -> None:
    """Or its rate would be nothing for a while, and then too much."""
    steps = Metric("trackmania_world_steps_total", "counter", "Steps.", 1_234_567_891)
    assert list(steps.lines())[-1].endswith(" 1234567891")


def test_a_histogram_tells_how_many_took_how_long() -> None:
    times = Histogram("trackmania_wait_seconds", "Waits.")
    for seconds in (0.00015, 0.0002, 0.004, 7.0):
        times.observe(seconds)
    lines = list(times.lines())
    assert lines[1] == "# TYPE trackmania_wait_seconds histogram"
    assert 'trackmania_wait_seconds_bucket{le="0.0001"} 0' in lines
    assert 'trackmania_wait_seconds_bucket{le="0.0002"} 2' in lines
    assert 'trackmania_wait_seconds_bucket{le="0.005"} 3' in lines
    assert lines[-3:] == [
        'trackmania_wait_seconds_bucket{le="+Inf"} 4',
        "trackmania_wait_seconds_sum 7.00435",
        "trackmania_wait_seconds_count 4",
    ]
