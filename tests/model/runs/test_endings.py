"""Where and why episodes end: from the worlds through the learner into the store, and its bound."""

from pathlib import Path

import pytest

from trackmania_rl.model.runs import endings as module
from trackmania_rl.model.runs.endings import EndingsWriter, kept_every, read_endings
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.loop import train
from trackmania_rl.protocol.messages import Ending


def ending(episode: int) -> Ending:
    return Ending(
        episode=episode, step=20 * episode, seconds=0.1 * episode, track="esses", cause="stuck",
        start_distance=100.0, distance=100.0 + episode, time=4.5, reward=1.0,
    )  # fmt: skip


def test_endings_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_endings(tmp_path).endings == []
    writer = EndingsWriter(tmp_path)
    written = [ending(episode) for episode in range(1, 31)]
    writer.write(written)
    assert read_endings(tmp_path).endings == written
    assert read_endings(tmp_path, since=28).endings == written[28:]
    writer.forget_after(10)
    assert read_endings(tmp_path).endings == written[:10]
    writer.close()


def test_a_long_run_is_thinned_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store stays within its bound, and the beginning as dense as the end; so does a short answer."""
    monkeypatch.setattr(module, "ENDINGS_MAX", 100)
    writer = EndingsWriter(tmp_path)
    for first in range(1, 1001, 10):
        writer.write([ending(episode) for episode in range(first, first + 10)])
        assert len(read_endings(tmp_path, limit=100).endings) <= 100
    writer.close()
    found = read_endings(tmp_path)
    assert (found.episodes, found.every) == (992, kept_every(992)) == (992, 16)
    assert [one.episode for one in found.endings] == list(range(16, 1001, 16))
    few = read_endings(tmp_path, limit=20)
    assert few.every == 64 and [one.episode for one in few.endings] == list(range(64, 1001, 64))


def test_a_learner_keeps_where_its_episodes_end(data: Path) -> None:
    """Cars of a random policy end on the road between its ends, stuck or fallen, on the track they drive."""
    train(
        LearnerConfig.of(
            {
                "track": "esses,oval", "run": "ends", "worlds": 16, "hidden": [8, 8], "batch": 8,
                "steps": 6000, "warmup_steps": 5900, "compile": False, "evaluation_episodes": 2,
                "report_every": 0.2,
            }
        )
    )  # fmt: skip
    found = read_endings(data / "runs/ends").endings
    assert len(found) > 5
    assert {one.track for one in found} == {"esses", "oval"}
    assert {one.cause for one in found} <= {"stuck", "off_road", "time_limit", "finish"}
    assert [one.episode for one in found] == list(range(1, len(found) + 1))
    for one in found:
        assert 0.0 <= one.start_distance < 5000.0
        assert one.distance - one.start_distance > -50.0
        assert one.distance - one.start_distance == pytest.approx(10.0 * one.reward, abs=15.0)
        assert one.time > 0.0
    assert any(one.start_distance == 0.0 for one in found)
    assert any(one.start_distance > 100.0 for one in found)
