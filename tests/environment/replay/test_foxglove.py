"""What a recording holds for other tools: by MCAP's own reader, checked against the published schemas."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from mcap.reader import make_reader

from trackmania_rl.environment.race import solo
from trackmania_rl.environment.replay import foxglove
from trackmania_rl.environment.replay.reading import read
from trackmania_rl.environment.replay.verification import verify
from trackmania_rl.environment.simulator.attitude import rotate
from trackmania_rl.environment.tracks import library

PUBLISHED = {
    f"foxglove.{path.stem}": jsonschema.Draft202012Validator(json.loads(path.read_text()))
    for path in (Path(__file__).parent / "foxglove").glob("*.json")
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cars on a lap with checkpoints, with LIDAR and rewards."""
    file = tmp_path_factory.mktemp("foxglove") / "lap.mcap"
    track = library.load("oval")
    solo.run(track, "pursuit", cars=2, record=file, record_sensors=True)
    return file


def messages(file: Path, topic: str) -> list[dict[str, Any]]:
    with file.open("rb") as stream:
        return [json.loads(message.data) for *_, message in make_reader(stream).iter_messages(topics=[topic])]


def test_an_indexed_reader_finds_every_channel_and_message(file: Path) -> None:
    with file.open("rb") as stream:
        summary = make_reader(stream).get_summary()
    assert summary is not None
    topics = {channel.topic for channel in summary.channels.values()}
    cars = ("car-1", "car-2")
    assert topics == {"events", "scene", "transforms", "rewards"} | {
        f"{kind}/{car}" for kind in ("drive", "lidar") for car in cars
    }
    assert len(summary.chunk_indexes) > 2
    counted = summary.statistics.channel_message_counts
    for id, channel in summary.channels.items():
        if not channel.topic.startswith("drive/"):
            assert len(messages(file, channel.topic)) == counted[id]


def test_its_messages_are_as_published(file: Path) -> None:
    with file.open("rb") as stream:
        checked: Counter[str] = Counter()
        for schema, channel, message in make_reader(stream).iter_messages():
            checked[schema.name] += 1
            if channel.message_encoding == "json" and checked[schema.name] < 30:
                value = json.loads(message.data)
                jsonschema.validate(value, json.loads(schema.data))
                if schema.name in PUBLISHED:
                    PUBLISHED[schema.name].validate(value)
    assert set(PUBLISHED) <= set(checked)


def test_the_cars_are_where_they_drove(file: Path) -> None:
    recorded = read(file)
    upright, *places = messages(file, "transforms")
    assert upright["transforms"][0]["parent_frame_id"] == "map"
    for k in (0, 10, 30):
        for transform in places[k]["transforms"]:
            pose = recorded.poses[transform["child_frame_id"]][10 * k]
            assert [transform["translation"][axis] for axis in "xyz"] == pytest.approx(pose[:3], abs=0.06)
            assert [transform["rotation"][axis] for axis in "xyzw"] == pytest.approx(pose[3:7], abs=0.006)


def test_up_is_up_and_a_scan_points_ahead() -> None:
    def turned(attitude: dict[str, float], vector: tuple[int, int, int]) -> list[int]:
        quaternion = np.array([[attitude[axis]] for axis in "xyzw"])
        return np.round(rotate(quaternion, np.array(vector, float))[:, 0]).astype(int).tolist()

    assert turned(foxglove.UPRIGHT, (0, 1, 0)) == [0, 0, 1]
    scan = foxglove.SCAN_POSE["orientation"]
    assert turned(scan, (1, 0, 0)) == [0, 0, 1], "a scan's x is a car's forward"
    assert turned(scan, (0, 1, 0)) == [1, 0, 0], "its y a car's left"


def test_the_scene_has_the_tracks_borders(file: Path) -> None:
    (scene,) = messages(file, "scene")
    track = library.load("oval")
    entities = {entity["id"]: entity for entity in scene["entities"]}
    assert set(entities) == {"track", "car car-1", "car car-2"}
    left, right, gates = entities["track"]["lines"]
    for line, side, width in ((left, 1, track.half_width_left), (right, -1, track.half_width_right)):
        points = np.array([[point[axis] for axis in "xyz"] for point in line["points"]])
        assert len(points) < len(track.arc) / 2
        assert points[0].tolist() == points[-1].tolist()
        border = track.position + side * track.left * width[:, None]
        # Every point of the border is near the line.
        begin, piece = points[:-1], np.diff(points, axis=0)
        share = np.einsum("nij,ij->ni", border[:, None] - begin, piece) / np.sum(piece**2, axis=1).clip(1e-9)
        nearest = begin + share.clip(0, 1)[..., None] * piece
        assert np.linalg.norm(border[:, None] - nearest, axis=2).min(axis=1).max() < 0.12
    assert len(gates["points"]) == 2 * (len(track.checkpoints) + 2)


def test_scans_and_rewards_are_recorded_when_asked_for(file: Path, tmp_path: Path) -> None:
    recorded = read(file)
    scans = messages(file, "lidar/car-1")
    assert len(scans) == len(recorded.poses["car-1"])
    assert len(scans[0]["ranges"]) == 19
    assert min(scans[0]["ranges"]) > 1.0
    rewards = [one for second in messages(file, "rewards") for one in second["car-1"]]
    assert len(rewards) == len(scans)
    assert sum(rewards) > 10.0
    assert all(verdict.equal for verdict in verify(recorded, library.load("oval")))
