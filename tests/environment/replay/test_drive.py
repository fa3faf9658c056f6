import math
from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.environment.clock import CONTROL_HZ
from trackmania_rl.environment.replay.drive import NOSE, read_drive
from trackmania_rl.environment.simulator import vehicle
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS, STATE_FINISHED, STATE_GROUNDED, STATE_SLIDING

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
COLUMN = {name: k for k, name in enumerate(POSE_FIELDS)}
HEAD = "t_ms,x,y_up,z,vx,vy_up,vz,qx,qy,qz,qw,steer,gas,brake,gear,rpm_raw,ground_mode,slip1"


def recording(track: Track, speed: float, seconds: float, step_ms: int = 50, lateral: float = 3.0) -> str:
    """A car that follows the road at a constant speed, as the game would record it."""
    rows = [HEAD]
    for k in range(int(seconds * 1000 / step_ms) + 1):
        arc = track.start + speed * k * step_ms / 1000
        if track.closed:
            arc %= track.centreline_length
        n = int(np.argmin(np.abs(track.arc - arc)))
        tangent = track.tangent[n].astype(float)
        point = track.position[n] + (arc - track.arc[n]) * tangent + lateral * track.left[n]
        yaw = math.atan2(tangent[0], tangent[2])
        quaternion = (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))
        sign = -1.0 if k % 3 else 1.0  # one attitude, two quaternions
        values = (
            k * step_ms + 700, *point, *(speed * tangent), *(sign * q for q in quaternion),
            -0.0039, 1.0, 0.0, 3, 51, 1, 192 if k == 4 else 128,
        )  # fmt: skip
        rows.append(",".join(f"{value:.5f}" for value in values))
    return "\n".join(rows)


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "human.csv") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("id", ["sprint", "bridge-lap", "hill-climb"])
def test_a_drive_along_the_road_progresses_at_its_speed_and_finishes(id, write):
    track = library.load(id)
    speed = 50.0
    drive = read_drive(write(recording(track, speed, track.length / speed + 0.4)), track)
    assert drive.name == "human"
    assert drive.time == pytest.approx(np.arange(len(drive.time)) / CONTROL_HZ)
    assert drive.samples.shape == (len(drive.time), len(POSE_FIELDS))
    progress = drive.samples[:, COLUMN["progress"]]
    assert progress == pytest.approx(speed * drive.time, abs=0.6)
    assert drive.finish_time == pytest.approx((track.length - NOSE) / speed, abs=0.02)
    state = drive.samples[:, COLUMN["state"]].astype(int)
    assert np.all(state & STATE_GROUNDED)
    assert np.flatnonzero(state & STATE_SLIDING).tolist() == [4]
    finished = (state & STATE_FINISHED) != 0
    assert np.array_equal(finished, drive.time >= drive.finish_time)
    assert drive.samples[-1, COLUMN["lap_time"]] == pytest.approx(drive.finish_time, abs=1e-4)


def test_a_drive_at_another_rate_is_resampled(write):
    track = library.load("sprint")
    slow = read_drive(write(recording(track, 30.0, 10.0, step_ms=100)), track)
    assert len(slow.time) == 201
    assert slow.samples[:, COLUMN["progress"]] == pytest.approx(30.0 * slow.time, abs=0.6)
    attitude = slow.samples[:, [COLUMN[name] for name in ("qx", "qy", "qz", "qw")]]
    assert np.linalg.norm(attitude, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(np.diff(attitude, axis=0)).max() < 0.1
    assert slow.finish_time is None
    assert np.all(slow.samples[:, COLUMN["steer"]] == 0.0)


def test_a_drive_that_stops_short_does_not_finish(write):
    track = library.load("oval")
    assert read_drive(write(recording(track, 60.0, 3.0)), track).finish_time is None


def test_columns_that_a_recording_lacks_are_filled(write):
    track = library.load("sprint")
    lines = recording(track, 80.0, 2.0).splitlines()
    few = "\n".join(",".join(line.split(",")[:14]) for line in lines)
    samples = read_drive(write(few), track).samples
    assert np.all(samples[:, COLUMN["gear"]] == 4)  # 288 km/h
    assert np.all(samples[:, COLUMN["state"]] == STATE_GROUNDED)


def test_bad_drives_are_refused_in_a_sentence(write, tmp_path):
    track = library.load("sprint")
    good = recording(track, 50.0, 2.0)
    lines = good.splitlines()
    for text, message in (
        ("", "expected the names of the columns"),
        ("x,y_up,z\n1,2,3", "lacks t_ms, vx, vy_up, vz"),
        (good.replace("-0.00390", "left", 1), "line 2: found «left», expected a number"),
        ("\n".join([lines[0], lines[2], lines[1]]), "does not run forward"),
        ("\n".join(lines[:2]), "does not run forward"),
        (recording(library.load("oval"), 50.0, 10.0), "was not driven on sprint: its first point is"),
    ):
        with pytest.raises(InputError, match=r"human\.csv") as error:
            read_drive(write(text), track)
        assert message in str(error.value)
    with pytest.raises(InputError, match=r"cannot read .*No such file"):
        read_drive(tmp_path / "none.csv", track)


def test_the_author_of_tmrl_train():
    map_path, path = SHARED / "maps/tmrl-train.Map.Gbx", SHARED / "drives/tmrl-train_author_01.csv"
    if not path.exists():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    track = library.load(map_path)
    drive = read_drive(path, track)
    assert drive.finish_time == pytest.approx(track.author_time, rel=0.003)
    steps = np.diff(drive.samples[:, COLUMN["progress"]])
    assert steps.min() > -2.5
    assert steps.max() < 16.5


def test_the_nose_that_stops_the_clock_is_that_of_the_simulator():
    assert NOSE == vehicle.NOSE
