"""A recorded race: read back, listed, re-driven bit for bit, cut off, damaged."""

from __future__ import annotations

import gzip
import os
import struct
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from trackmania_rl.environment.race import ghosts
from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.reading import opened, read
from trackmania_rl.environment.replay.recording import PACKING, Recording
from trackmania_rl.environment.replay.verification import verify
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd
from trackmania_rl.protocol.poses import ACTION_STEP, POSE_FIELDS
from trackmania_rl.protocol.volume import replays_folder


def race_and_record(folder: Path) -> tuple[Race, str]:
    """A heat of two cars: a pursuit driver, and one that drives into the wall and respawns."""
    race = Race("main", library.load("sprint"), Rules(countdown=0.1, heats=1), folder=folder, seed=5)
    race.add(AgentAdd(agent_id="good", name="Good", policy="pursuit"))
    race.add(AgentAdd(agent_id="bad"))
    replay = None
    random = np.random.default_rng(0)
    while not (race.over and replay):
        race.tick()
        if race.clock == 333:
            race.reset(agent_id="bad")
        if race.at_step:
            actions = pursuit(race.simulator)
            race.entrants["good"].send(actions[race.entrants["good"].slot])
            race.entrants["bad"].send(random.uniform(-1, 1, 3).astype(np.float32) * [0.5, 0.2, 1])
        for event in race.events:
            replay = event.replay or replay
        race.events.clear()
    race.close()
    return race, replay


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Race]:
    folder = tmp_path_factory.mktemp("replays")
    race, replay = race_and_record(folder)
    return folder / f"{replay}.mcap", race


def test_what_was_driven_is_read_back(recording: tuple[Path, Race]) -> None:
    path, race = recording
    recorded = read(path)
    assert recorded.complete
    assert recorded.about.seed == 5
    assert recorded.about.track_hash == race.track.hash
    good = recorded.result(recorded.about.cars[0])
    assert (good.finished, good.time) == (True, pytest.approx(race.entrants["good"].best_time, abs=1e-3))
    assert not recorded.result(recorded.about.cars[1]).finished
    assert {event.kind for event in recorded.events} >= {"start", "finish", "respawn"}


def test_the_race_is_driven_again_bit_for_bit(recording: tuple[Path, Race]) -> None:
    verdicts = verify(read(recording[0]), recording[1].track)
    assert [verdict.agent_id for verdict in verdicts] == ["good", "bad"]
    assert all(verdict.equal for verdict in verdicts), verdicts
    assert min(verdict.samples for verdict in verdicts) > 300


def test_another_drive_is_noticed(recording: tuple[Path, Race]) -> None:
    recorded = read(recording[0])
    tape = recorded.inputs["good"].copy()
    tape[100, 2] += np.float32(ACTION_STEP)
    forged = replace(recorded, inputs={**recorded.inputs, "good": tape})
    verdict = verify(forged, recording[1].track)[0]
    assert not verdict.equal
    assert verdict.first_difference == pytest.approx(5.05, abs=0.3)


def test_another_track_or_physics_is_refused(recording: tuple[Path, Race]) -> None:
    recorded = read(recording[0])
    with pytest.raises(InputError, match="--track"):
        verify(recorded, library.load("esses"))
    recorded.about.physics = "0"
    with pytest.raises(InputError, match="recorded with physics 0"):
        verify(recorded, recording[1].track)


def test_parts_that_do_not_fit_one_another_are_refused(recording: tuple[Path, Race]) -> None:
    for spoil in (
        lambda one: one.about.lateral.append(0.0),
        lambda one: one.about.arc.pop(),
        lambda one: one.inputs.update(good=one.inputs["good"][:-1]),
    ):
        recorded = read(recording[0])
        spoil(recorded)
        with pytest.raises(InputError, match="do not fit its 2 cars"):
            verify(recorded, recording[1].track)


def unpacked(source: Path, track: Track, folder: Path, seconds: float) -> Path:
    """The beginning of a recording as it is while it is written: there is no room to pack it."""
    recorded = read(source)
    recording = Recording(folder, recorded.about, track)
    recording.path.with_name(recording.path.name + PACKING).mkdir()
    for k in range(int(20 * seconds)):
        poses = {agent_id: rows[k] for agent_id, rows in recorded.poses.items()}
        tape = {agent_id: rows[k] for agent_id, rows in recorded.inputs.items()}
        recording.sample(5 * k, poses, tape)
    recording.close()
    recording.wait()
    assert recording.replay == recorded.about.id
    return recording.path


def test_what_is_written_survives_wherever_the_file_is_cut_off(
    recording: tuple[Path, Race], tmp_path: Path
) -> None:
    whole = unpacked(recording[0], recording[1].track, tmp_path, 4.4)
    full = read(whole)
    assert len(full.poses["good"]) == 88
    content = whole.read_bytes()
    cut = tmp_path / "cut.mcap"
    known = 0
    first = None
    for length in range(0, len(content), 29):
        cut.write_bytes(content[:length])
        try:
            recorded = read(cut)
        except InputError as error:
            assert first is None, "what was readable stays so"
            assert "cut.mcap" in str(error)
            continue
        first = first or length
        rows = recorded.poses.get("good", full.poses["good"][:0])
        assert len(rows) >= known
        known = len(rows)
        assert known in (0, 20, 40, 60, 80, 88)  # whole seconds: one at most is lost
        np.testing.assert_array_equal(rows, full.poses["good"][:known])
    assert known == 88
    assert first is not None
    assert first < 1000


@pytest.mark.parametrize("share", [0.77, 0.999])
def test_a_packed_file_is_read_up_to_the_cut_too(
    recording: tuple[Path, Race], tmp_path: Path, share: float
) -> None:
    whole = recording[0].read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: int(share * len(whole))])
    recorded, full = read(cut), read(recording[0])
    assert recorded.complete == (share > 0.9)
    rows = recorded.poses["good"]
    assert len(rows) in (300, len(full.poses["good"]))
    np.testing.assert_array_equal(rows, full.poses["good"][: len(rows)])
    assert all(verdict.equal for verdict in verify(recorded, recording[1].track))


def test_the_format_before_had_finer_steps(recording: tuple[Path, Race], tmp_path: Path) -> None:
    old = tmp_path / "old.mcap"
    old.write_bytes(recording[0].read_bytes().replace(b"format\x01\x00\x00\x003", b"format\x01\x00\x00\x002"))
    before, now = read(old).poses["good"], read(recording[0]).poses["good"]
    x, qx = POSE_FIELDS.index("x"), POSE_FIELDS.index("qx")
    np.testing.assert_allclose(before[:, x], now[:, x] / 2, rtol=1e-6)
    np.testing.assert_array_equal(before[:, qx], now[:, qx])


def test_a_packed_file_that_is_cut_off_still_says_what_happened(
    recording: tuple[Path, Race], tmp_path: Path
) -> None:
    whole = recording[0].read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: len(whole) // 2])
    assert read(cut).events == read(recording[0]).events


def test_another_format_is_refused(recording: tuple[Path, Race], tmp_path: Path) -> None:
    old = tmp_path / "old.mcap"
    old.write_bytes(recording[0].read_bytes().replace(b"format\x01\x00\x00\x003", b"format\x01\x00\x00\x004"))
    with pytest.raises(
        InputError, match=r"old\.mcap is a replay of format 4, this program reads formats 2 to 3"
    ):
        read(old)


@pytest.mark.parametrize(
    "content", [b"", b"no recording", b"\x89MCAP0\r\n", b"\x89MCAP0\r\n" + b"\xff" * 100]
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "foreign.mcap"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"foreign\.mcap"):
        read(file)


@pytest.fixture(scope="module")
def small(recording: tuple[Path, Race], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return unpacked(recording[0], recording[1].track, tmp_path_factory.mktemp("small"), 1.5).read_bytes()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(small: bytes, data: st.DataObject) -> None:
    damaged = bytearray(small)
    places = st.integers(8, len(small) - 9)
    for place in data.draw(st.lists(places, max_size=4)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    for place in data.draw(st.lists(places, max_size=2)):
        length = data.draw(st.integers(1, 40))
        if data.draw(st.booleans()):
            del damaged[place : place + length]
        else:
            damaged[place:place] = data.draw(st.binary(min_size=1, max_size=length))
    for place in data.draw(st.lists(places, max_size=1)):
        damaged[place : place + 8] = data.draw(st.sampled_from([0, 2**31 - 1, 2**63 - 1])).to_bytes(
            8, "little"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "damaged.mcap"
        file.write_bytes(damaged)
        try:
            recorded = read(file)
            recorded.replay()
        except InputError as error:
            assert "damaged.mcap" in str(error)
        else:
            assert recorded.about.track


def test_a_bomb_is_not_unpacked(small: bytes, tmp_path: Path) -> None:
    """A chunk that says it is small, but is not."""
    packed = zstandard.compress(bytes(1 << 30))
    chunk = struct.pack("<QQQII", 0, 0, 1000, 0, 4) + b"zstd" + struct.pack("<Q", len(packed)) + packed
    bomb = tmp_path / "bomb.mcap"
    bomb.write_bytes(small[:8] + struct.pack("<BQ", 6, len(chunk)) + chunk)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"bomb\.mcap is no recording"):
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


def test_viewers_get_the_same_numbers(recording: tuple[Path, Race]) -> None:
    recorded = read(recording[0])
    replay = recorded.replay()
    rows = np.array(replay.cars[0].samples).reshape(-1, len(replay.pose_fields))
    np.testing.assert_allclose(rows, recorded.poses["good"], atol=6e-4)
    assert replay.rate_hz == 20.0
    assert replay.duration == pytest.approx((len(rows) - 1) / 20, abs=1.0)
    assert tuple(replay.pose_fields) == POSE_FIELDS


def test_drives_are_much_smaller_than_gzipped_json(recording: tuple[Path, Race]) -> None:
    recorded = read(recording[0])
    tapes = [tape.tolist() for tape in recorded.inputs.values()]
    json = gzip.compress(msgspec.json.encode([recorded.replay(), tapes]))
    drives = sum(entry.topic.startswith("drive/") * len(entry.data) for entry in opened(recording[0])[1])
    assert drives < 0.28 * len(json)


def test_the_archive_finds_and_filters(data_folder: Path, recording: tuple[Path, Race]) -> None:
    replays_folder().mkdir(parents=True)
    (replays_folder() / recording[0].name).write_bytes(recording[0].read_bytes())
    (replays_folder() / "noise.mcap").write_bytes(b"noise")
    id = recording[0].stem
    assert [summary.id for summary in archive.summaries()] == [id]
    assert archive.summaries(track="esses") == []
    assert len(archive.summaries(track="sprint", agent="good")) == 1
    assert archive.summaries(agent="stranger") == []
    assert archive.load(id).about.id == id
    for name in ("nothing", "../secret", id + ".mcap"):
        with pytest.raises(InputError, match=id):
            archive.stored(name)


def test_only_the_newest_are_kept(data_folder: Path, recording: tuple[Path, Race]) -> None:
    replays_folder().mkdir(parents=True)
    for number in range(4):
        file = replays_folder() / f"r{number}.mcap"
        file.write_bytes(recording[0].read_bytes())
        os.utime(file, (1000 + number, 1000 + number))
    archive.prune(archive.Retention(count=3))
    assert sorted(path.stem for path in replays_folder().iterdir()) == ["r1", "r2", "r3"]
    size = recording[0].stat().st_size
    archive.prune(archive.Retention(size_bytes=2 * size))
    assert sorted(path.stem for path in replays_folder().iterdir()) == ["r2", "r3"]
    archive.prune(archive.Retention(size_bytes=size // 2))
    assert [path.stem for path in replays_folder().iterdir()] == ["r3"]


def test_a_recording_that_is_packed_while_it_is_listed_does_no_harm(
    data_folder: Path, recording: tuple[Path, Race], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that has gone between being listed and being read is none."""
    kept = replays_folder() / "kept.mcap"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(recording[0].read_bytes())
    gone = kept.with_name("gone.mcap.part")
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [*glob(folder, pattern), gone])
    assert len(archive.summaries()) == 1
    archive.prune(archive.Retention())
    with pytest.raises(InputError, match=r"cannot read .*gone"):
        read(gone)
    assert kept.is_file()


def test_a_recording_becomes_a_ghost(recording: tuple[Path, Race]) -> None:
    found = ghosts.read(recording[0], recording[1].track)
    assert [ghost.car.agent_id for ghost in found] == ["ghost-good", "ghost-bad"]
    assert found[0].finished(100 * 60)
    with pytest.raises(InputError, match="expected a replay on esses"):
        ghosts.read(recording[0], library.load("esses"))


def replay_of_a_heat(race: Race) -> str | None:
    """Id of the replay that the race tells of at the end of a heat."""
    race.add(AgentAdd(agent_id="a"))
    while True:
        race.tick()
        for event in race.events:
            if event.kind == "heat_end":
                return event.replay


def test_a_disk_that_cannot_be_written_does_not_stop_the_race(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    race = Race("main", library.load("sprint"), Rules(countdown=0.1, heats=1, time_limit=3.0), folder=blocked)
    assert replay_of_a_heat(race) is None


def test_a_recording_that_fails_by_our_fault_is_told_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("trackmania_rl.environment.replay.recording._write_second", broken)
    race = Race(
        "main", library.load("sprint"), Rules(countdown=0.1, heats=1, time_limit=3.0), folder=tmp_path
    )
    assert replay_of_a_heat(race) is None
    assert race.recording is not None and "fault of ours" in (race.recording.failure or "")
