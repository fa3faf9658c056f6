import math

import numpy as np
import pytest

from trackmania_rl.environment.race import drivers
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.tracks import centreline
from trackmania_rl.protocol.errors import InputError
from tracks.samples import shared
from tracks.test_ribbon import check_frames


def circle(
    radius: float = 100.0, points: int = 120, left: float = 6.0, right: float = 4.0, **columns: float
) -> str:
    """A circuit driven anticlockwise, seen from above with x east and y north."""
    head = "# x_m,y_m,w_tr_right_m,w_tr_left_m" + "".join(f",{name}" for name in columns)
    rows = []
    for angle in np.linspace(0, 2 * math.pi, points, endpoint=False):
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        rows.append(",".join(map(str, (x, y, right, left, *columns.values()))))
    return "\n".join([head, *rows])


def test_a_circle_is_a_lap_of_its_circumference():
    track = centreline.read(circle(), id="c")
    assert track.closed
    assert track.length == pytest.approx(2 * math.pi * 100, rel=1e-4)
    check_frames(track)
    assert np.hypot(track.position[:, 0], track.position[:, 2]) == pytest.approx(100.0, abs=0.01)


def test_left_stays_left():
    """Anticlockwise from above means that the middle of the circle is to the left."""
    track = centreline.read(circle(), id="c")
    assert track.half_width_left == pytest.approx(6.0)
    assert track.half_width_right == pytest.approx(4.0)
    edge = track.position + track.left * track.half_width_left[:, None]
    assert np.hypot(edge[:, 0], edge[:, 2]) == pytest.approx(94.0, abs=0.05)


def test_banking_and_height_are_read():
    track = centreline.read(circle(z_m=3.0, phi_rad=-0.2), id="c")
    assert track.position[:, 1] == pytest.approx(3.0)
    assert track.left[:, 1] == pytest.approx(math.sin(-0.2), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "length"),
    [("Monza", 5793), ("Silverstone", 5891), ("Spa", 7004), ("Norisring", 2300), ("Spielberg", 4318)],
)
def test_real_circuits_have_their_official_length(name, length):
    path = shared(f"circuits/{name}.csv")
    track = centreline.read(path.read_text(), id=name)
    assert track.length == pytest.approx(length, rel=0.006)
    check_frames(track, bend=0.21)  # the tables' hairpins are as tight as 5 m


def turned(axis: int, angle: np.ndarray) -> np.ndarray:
    """Matrices of a turn about an axis, (n, 3, 3)."""
    matrices = np.zeros((len(angle), 3, 3))
    i, k = (axis + 1) % 3, (axis + 2) % 3
    matrices[:, axis, axis] = 1.0
    matrices[:, i, i] = matrices[:, k, k] = np.cos(angle)
    matrices[:, k, i], matrices[:, i, k] = np.sin(angle), -np.sin(angle)
    return matrices


def test_frames_of_an_oval_are_those_of_its_file():
    """The file gives heading, slope and banking as angles about z, y and x, with z up."""
    path = shared("circuits/lvms_3d_smoothed.csv")
    track = centreline.read(path.read_text(), id="lvms")
    columns = np.genfromtxt(path, delimiter=",", names=True)
    frames = turned(2, columns["theta_rad"]) @ turned(1, columns["mu_rad"]) @ turned(0, columns["phi_rad"])
    ours = frames[:, [0, 2, 1], :] * np.array([1.0, 1.0, -1.0])[:, None]  # x, z up, -y
    points = np.stack([columns["x_m"], columns["z_m"], -columns["y_m"]], axis=1)
    nodes = np.linalg.norm(points[:, None] - track.position[None], axis=2).argmin(axis=1)
    for vectors, expected in ((track.tangent, 0), (track.left, 1), (track.up, 2)):
        cosine = np.sum(vectors[nodes] * ours[:, :, expected], axis=1)
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.3
    assert np.degrees(np.abs(columns["phi_rad"])).max() > 18.0
    away = points - track.position[nodes]
    assert np.abs(np.sum(away * track.up[nodes], axis=1)).max() < 0.05
    assert track.half_width_left[nodes] == pytest.approx(np.abs(columns["w_tr_left_m"]), abs=0.1)


@pytest.mark.parametrize("name", ["Norisring", "lvms_3d_smoothed"])
def test_the_pursuit_driver_laps_a_circuit(name):
    simulator = Simulator(centreline.read(shared(f"circuits/{name}.csv").read_text(), id=name), 1)
    for _ in range(1200):
        simulator.step(drivers.pursuit(simulator))
        if simulator.finished[0]:
            break
    assert simulator.finished[0]


def leaning_drive(lean: float, grounded: bool = True) -> str:
    """A straight drive along +z of a car that leans to its right, as a table."""
    half = lean / 2  # about the forward axis: left up is a turn from left (x) to up (y)
    rows = [
        f"0,50,{5 * k},0,0,{math.sin(half)},{math.cos(half)},{int(grounded or k < 10 or k > 30)}"
        for k in range(40)
    ]
    return "\n".join(["x,y_up,z,qx,qy,qz,qw,ground_mode", *rows])


def test_a_drive_tells_how_the_road_is_banked():
    track = centreline.read(leaning_drive(0.25), id="d")
    assert np.arcsin(track.left[:, 1]) == pytest.approx(0.25, abs=1e-3)
    check_frames(track)
    level = centreline.read(leaning_drive(math.radians(2.0)), id="d")
    assert level.left[:, 1] == pytest.approx(0.0, abs=1e-6)
    rolled = centreline.read(leaning_drive(math.pi), id="d")
    assert rolled.left[:, 1] == pytest.approx(0.0, abs=1e-6)


def test_a_car_in_the_air_tells_nothing():
    text = leaning_drive(0.25, grounded=False).splitlines()
    for k in range(11, 31):
        text[k + 1] = f"0,50,{5 * k},0,0,{math.sin(0.5)},{math.cos(0.5)},0"
    track = centreline.read("\n".join(text), id="d")
    assert np.arcsin(track.left[:, 1]) == pytest.approx(0.25, abs=1e-3)


def test_real_drives_give_banked_roads():
    level, tilted = (
        centreline.read(shared(f"drives/{name}.csv").read_text(), id=name)
        for name in ("tmrl-train_author_01", "winter2021-15_author_01")
    )
    assert np.abs(level.left[:, 1]).max() < 0.01
    assert np.degrees(np.arcsin(np.abs(tilted.left[:, 1]).max())) > 14.0
    check_frames(tilted, bend=0.35)


def test_oval_with_banking_in_three_dimensions():
    track = centreline.read(shared("circuits/lvms_3d_smoothed.csv").read_text(), id="lvms")
    check_frames(track)
    assert np.degrees(np.arcsin(track.left[:, 1].min())) == pytest.approx(-20, abs=2.5)


def test_a_recorded_drive_becomes_a_road():
    rows = [f"{50 * k},{30 + 20 * math.sin(k / 40)},10,{k}" for k in range(300)]
    track = centreline.read("\n".join(["t_ms,x,y_up,z", *rows]), id="d")
    assert not track.closed
    check_frames(track)
    assert track.half_width_left == pytest.approx(12.8)
    assert track.centreline_length - track.finish == pytest.approx(32.0, abs=0.1)
    at_start = track.position[int(np.argmin(np.abs(track.arc - track.start)))]
    assert at_start == pytest.approx([30, 10, 0], abs=1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the names of the columns"),
        ("1,2,3\n4,5,6", "found «1,2,3» in line 1, expected the names"),
        ("a,b\n1,2", "lacks x_m, y_m, w_tr_right_m, w_tr_left_m"),
        ("x_m,y_m,w_tr_right_m,w_tr_left_m\n1,2,3", "line 2: found 3 values, expected 4"),
        ("x_m,y_m,w_tr_right_m,w_tr_left_m\n1,2,3,wide", "line 2: found «wide», expected a number"),
        ("x_m,y_m,w_tr_right_m,w_tr_left_m\n1,2,3,nan", "line 2: found «nan», expected a number"),
        ("x_m,y_m,w_tr_right_m,w_tr_left_m\n1,2,3,3", "found 1 points, expected at least 4"),
        ("x_m,y_m,w_tr_right_m,w_tr_left_m\n", "has no rows"),
        (circle(left=0.0), "found a half width of 0 m"),
        (circle(radius=1e4), "expected less than 50000 m"),
        (circle(radius=1e300), "expected less than 50000 m"),
        (circle(radius=0.0), "are in one place"),
        ("x,y_up,z\n1,2,3\n1,2,3", "found 1 points 2 m apart"),
        ("x,y_up,z\n" + "\n".join(f"0,{k * 3},0" for k in range(9)), "stands upright"),
    ],
)
def test_bad_tables_are_refused_in_a_sentence(text, message):
    with pytest.raises(InputError, match=r"^bad\.csv") as error:
        centreline.read(text, id="bad", source="bad.csv")
    assert message in str(error.value)
