"""Roads rebuilt from recordings, and recordings found by the id inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.environment.replay.recording import Recording
from trackmania_rl.environment.replay.road import rebuilt
from trackmania_rl.environment.replay.script import About
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Car
from trackmania_rl.protocol.poses import POSE_FIELDS


def recorded(folder: Path, track_id: str) -> Path:
    """A recording of one pose on a track."""
    track = library.load(track_id)
    car = Car(agent_id="a", name="A", colour="#ff0000", policy="")
    about = About(
        id="r", track=track.id, track_name=track.name, track_hash=track.hash, recorded="", physics="",
        seed=0, cars=[car], lateral=[0.0],
    )  # fmt: skip
    recording = Recording(folder, about, track)
    recording.sample(0, {"a": np.zeros(len(POSE_FIELDS), np.float32)}, {})
    recording.close()
    recording.wait()
    return recording.path


@pytest.mark.parametrize("track_id", ["sprint", "mountain-lap"])
def test_a_road_is_rebuilt_from_a_recording(tmp_path: Path, track_id: str) -> None:
    track = library.load(track_id)
    road = rebuilt(recorded(tmp_path, track_id))
    assert (road.id, road.hash, road.closed) == (track.id, track.hash, track.closed)
    assert road.length == pytest.approx(track.length, rel=2e-3)
    np.testing.assert_allclose(road.checkpoints, track.checkpoints, atol=2.0)
    middle = np.array(road.position).reshape(-1, 3)
    away = np.linalg.norm(middle[:, None] - track.position[None], axis=2).min(axis=1)
    assert away.max() < 1.5
    assert np.mean(road.half_width_left) == pytest.approx(track.half_width_left.mean(), rel=0.01)


def test_a_file_without_a_scene_is_refused(tmp_path: Path) -> None:
    whole = recorded(tmp_path, "sprint").read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[:900])
    with pytest.raises(InputError, match=r"import the track sprint|no recording of a race"):
        rebuilt(cut)
