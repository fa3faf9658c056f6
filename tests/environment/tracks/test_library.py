import os
import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from trackmania_rl.environment.tracks import archive, blocks, library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import TrackGeometry
from trackmania_rl.protocol.volume import tracks_folder
from tracks.samples import SHORT, map_bytes


@pytest.fixture(autouse=True)
def volume(tmp_path, monkeypatch):
    """An empty data volume."""
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_imported_map_is_kept(volume):
    path = volume / "My Map (2).Map.Gbx"
    path.write_bytes(map_bytes(SHORT))
    report = library.import_file(path)
    assert report == library.ImportReport(blocks=5, chained=5, length_m=160.0, track="My-Map-2", name="Test")
    track = library.load("My-Map-2")
    assert track.hash == library.load(path).hash
    assert (track.name, track.author, track.author_time) == ("Test", "Somebody", 12.345)
    assert library.load("My-Map-2") is track
    assert [entry.id for entry in library.tracks()] == [*library.bundled_ids(), "My-Map-2"]
    assert sorted(os.listdir(tracks_folder())) == ["My-Map-2.npz"]


def test_a_second_import_replaces_the_first(volume):
    for cells in (3, 9):
        (volume / "a.track").write_text(f"start\nstraight {cells}\nfinish\n")
        library.import_file(volume / "a.track", id="mine")
    assert library.load("mine").length == pytest.approx(16 + 9 * 32)


def test_a_block_file_is_loaded_by_its_path_and_read_again_when_it_changes(volume):
    path = volume / "draft.track"
    path.write_text("start\nfinish")
    assert library.load(path).length == pytest.approx(16.0)
    path.write_text("start\nstraight 2\nfinish")
    os.utime(path, ns=(1, 1))
    assert library.load(str(path)).length == pytest.approx(80.0)


def test_an_unknown_track_lists_the_known_ones():
    for name in ("nürburg", "", "../sprint", "no.csv", "x" * 5000, "a\0b"):
        with pytest.raises(InputError, match=r"known are bridge-lap, esses, .* sprint") as error:
            library.load(name)
        assert error.value.status == 404


def test_services_load_by_id_only(volume):
    (volume / "secret.csv").write_text("x")
    with pytest.raises(InputError, match=r"no track «secret\.csv»"):
        library.load("secret.csv", files=False)
    assert library.load("sprint", files=False).id == "sprint"


def test_a_failed_import_keeps_nothing(volume):
    (volume / "gap.Map.Gbx").write_bytes(map_bytes(SHORT[:3]))
    (volume / "notes.txt").write_text("hello")
    (volume / "blob.csv").write_bytes(b"\xff\xfe\x00")
    (volume / "good.track").write_text("start\nfinish")
    for name, id, message in (
        ("gap.Map.Gbx", None, "2 of 2 blocks chained, gap at block RoadTechStraight"),
        ("notes.txt", None, "expected a .Map.Gbx, .csv or .track file"),
        ("blob.csv", None, "is no text in UTF-8"),
        ("missing.csv", None, "no file"),
        ("good.track", "../evil", "id «../evil» is not allowed"),
        ("good.track", "sprint", "belongs to a bundled track"),
    ):
        with pytest.raises(InputError) as error:
            library.import_file(volume / name, id)
        assert message in str(error.value)
    assert not tracks_folder().exists()


def test_damaged_archives_are_refused(volume):
    tracks_folder().mkdir(parents=True)
    good = library.load("sprint")
    path = tracks_folder() / "x.npz"

    archive.save_track(good, path)
    whole = path.read_bytes()
    for data in (b"", whole[: len(whole) // 2], pickle.dumps({"position": 1}), whole[:-1]):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"x\.npz is no track of this program"):
            library.load("x")
        assert [track.id for track in library.tracks()] == library.bundled_ids()
    for change in (
        {"format": np.array(99)},
        {"position": np.array([object()], dtype=object)},
        {"position": good.position[:-1]},
        {"position": good.position * np.nan},
        {"surface": good.surface.astype(np.float64)},
    ):
        archive.save_track(good, path)
        with np.load(path) as file:
            values = dict(file)
        np.savez(path, **(values | change))
        with pytest.raises(InputError, match=r"x\.npz is no track of this program"):
            library.load("x")


def test_an_archive_gives_back_everything(volume):
    lap = library.load("mountain-lap")
    archive.save_track(lap, volume / "lap.npz")
    again = archive.load_track(volume / "lap.npz")
    assert again.hash == lap.hash
    assert (again.id, again.name, again.author, again.author_time) == (lap.id, lap.name, lap.author, None)
    assert (again.checkpoints, again.boosters) == (lap.checkpoints, lap.boosters)


def test_summary_and_geometry():
    track = library.load("mountain-lap")
    summary = library.summary(track)
    assert (summary.id, summary.closed, summary.climb) == ("mountain-lap", True, 32.0)
    sent = msgspec.json.encode(library.geometry(track))
    geometry = msgspec.json.decode(sent, type=TrackGeometry)
    count = len(track.position)
    assert [len(geometry.arc), len(geometry.position), len(geometry.left)] == [count, 3 * count, 3 * count]
    assert np.reshape(geometry.position, (-1, 3)) == pytest.approx(track.position, abs=6e-4)
    assert geometry.arc == pytest.approx(track.arc, abs=6e-4)
    assert geometry.boosters[0].end > geometry.boosters[0].begin


def test_the_page_about_tracks_is_true():
    page = (Path(__file__).parents[3] / "docs" / "tracks.md").read_text()
    for id in library.bundled_ids():
        track = library.load(id)
        kind = "lap" if track.closed else "sprint"
        climb = np.ptp(track.position[:, 1])
        assert f"| `{id}` | {kind} | {track.length:.0f} | {climb:.0f} |" in page
    for word in blocks.BLOCKS:
        assert f"`{word}" in page or f"`, `{word}" in page or f", `{word}`" in page
    example = next(part for part in page.split("```") if part.strip().startswith("name"))
    assert blocks.read(example, id="example").name == "Two Turns"
