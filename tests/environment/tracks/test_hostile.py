"""Broken and hostile files: each is a sound track, or refused in one sentence; nothing else happens."""

import io
import struct
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackmania_rl.environment.tracks import archive, library
from trackmania_rl.environment.tracks.ribbon import LENGTH_MAX
from trackmania_rl.protocol.errors import InputError
from tracks.samples import SHORT, map_bytes

CSV = "# x_m,y_m,w_tr_right_m,w_tr_left_m\n0,0,5,5\n100,0,5,5\n100,90,5,5\n50,120,5,5\n0,100,5,5\n"
DRIVE = "x,y_up,z\n" + "\n".join(f"{k},10,{5 * k}" for k in range(20))
BLOCKS = "name Two\nstart\nstraight 3\nloop left\nleft 2\njump 1\nbank left 9\nbank flat\nfinish\n"


def npz() -> bytes:
    file = io.BytesIO()
    track = library.load("sprint")
    values = {name: getattr(track, name) for name in archive.ARRAYS}
    np.savez(file, format=np.array(1), id=np.array("x"), name=np.array("x"), author=np.array(""),
             closed=np.array(False), start=np.array(16.0), finish=np.array(900.0),
             author_time=np.array(np.nan), checkpoints=np.zeros(0), boosters=np.zeros((0, 3)),
             **values)  # fmt: skip
    return file.getvalue()


GOOD = {
    "a.Map.Gbx": map_bytes(SHORT),
    "a.track": BLOCKS.encode(),
    "circuit.csv": CSV.encode(),
    "drive.csv": DRIVE.encode(),
    "a.npz": npz(),
}
"""A sound file of each kind that is read."""


def read(path):
    """The track in a file; the one of an .npz as the data volume reads it."""
    return archive.load_track(path) if path.suffix == ".npz" else library._read(path, "fuzz").track


def check(path, data: bytes) -> None:
    """Read a file: a sound track, or one clear sentence."""
    path.write_bytes(data)
    begun = time.thread_time()
    try:
        track = read(path)
    except InputError as error:
        assert 10 < len(str(error)) < 700
        assert "\n" not in str(error)
    else:
        assert np.isfinite(track.position).all()
        assert track.half_width_left.min() > 0
        assert 0 <= track.start < track.finish
        assert track.centreline_length < 1.5 * LENGTH_MAX
    assert time.thread_time() - begun < 20.0  # no hang


@pytest.mark.parametrize("name", GOOD)
def test_the_sound_files_are_sound(name, tmp_path):
    (tmp_path / name).write_bytes(GOOD[name])
    assert read(tmp_path / name).length > 0


@st.composite
def mangled(draw, data: bytes) -> bytes:
    """Some bytes changed, a piece cut out, doubled or put in."""
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(result) - 1)))
        end = min(len(result), at + draw(st.integers(1, 40)))
        match draw(st.sampled_from(("set", "cut", "double", "insert", "end"))):
            case "set":
                result[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del result[at:end]
            case "double":
                result[at:at] = result[at:end]
            case "insert":
                result[at:at] = draw(st.sampled_from(
                    (b"nan", b"1e300", b"-1", b",", b"\n", b"\xff\xff\xff\xff", b"\0", b"9" * 30, b"inf")
                ))  # fmt: skip
            case "end":
                del result[at:]
    return bytes(result)


@pytest.mark.parametrize("name", GOOD)
def test_mangled_files(name, tmp_path):
    @settings(
        max_examples=120, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(mangled(GOOD[name]))
    def try_(data: bytes) -> None:
        check(tmp_path / name, data)

    try_()


@pytest.mark.parametrize("name", GOOD)
def test_noise(name, tmp_path):
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.binary(max_size=300))
    def try_(data: bytes) -> None:
        check(tmp_path / name, data)

    try_()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"half_width_left": 0.0}, "nowhere wide"),
        ({"half_width_right": -3.0}, "nowhere wide"),
        ({"position": np.nan}, "finite"),
        ({"position": 0.0}, "up to 1 m apart"),
        ({"tangent": 0.0}, "orthonormal"),
        ({"up": 9.0}, "orthonormal"),
        ({"surface": 77}, "unknown surface"),
        ({"border_left": 9}, "unknown border"),
        ({"start": -5.0}, "off the road"),
        ({"finish": 1e9}, "off the road"),
        ({"finish": np.nan}, "off the road"),
        ({"checkpoints": (500.0, 400.0)}, "not in order"),
    ],
)
def test_impossible_roads_in_an_archive(change, message, tmp_path):
    track = library.load("sprint")
    values = {
        name: np.full_like(getattr(track, name), value) if name in archive.ARRAYS else value
        for name, value in change.items()
    }
    archive.save_track(replace(track, **values), tmp_path / "x.npz")
    with pytest.raises(InputError, match=message):
        archive.load_track(tmp_path / "x.npz")


@pytest.mark.parametrize("count", [0, 1, 300_000])
def test_archives_of_too_few_or_too_many_nodes(count, tmp_path):
    track = library.load("sprint")
    values = {
        name: np.zeros((count, *getattr(track, name).shape[1:]), getattr(track, name).dtype)
        for name in archive.ARRAYS
    }
    archive.save_track(replace(track, **values), tmp_path / "x.npz")
    with pytest.raises(InputError, match="is no track of this program"):
        archive.load_track(tmp_path / "x.npz")


def test_ten_million_nodes_are_not_unpacked(tmp_path):
    """A bomb: an array of 10 million nodes whose header is true and whose zeros pack to kilobytes."""
    path = tmp_path / "x.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (30_000_000, 3)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("position.npy", "w") as array:
        array.write(header.getvalue())
        for _ in range(45):
            array.write(bytes(8_000_000))
    with pytest.raises(InputError, match="unpacks to"):
        archive.load_track(path)


def test_an_array_that_claims_more_than_it_has(tmp_path):
    path = tmp_path / "x.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (2**40, 3)}
    )
    with zipfile.ZipFile(path, "w") as file:
        for name in (*archive.ARRAYS, "format"):
            file.writestr(f"{name}.npy", header.getvalue())
    with pytest.raises(InputError, match="is no track of this program"):
        archive.load_track(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0,0,0,0"] * 5, "half width of 0 m"),
        (["0,0,5,5"], "1 points, expected at least 4"),
        (["0,0,5,5"] * 5, "in one place"),
        (["nan,0,5,5"] * 5, "line 2: found «nan»"),
        (["0,0,5,5", "1e30,0,5,5", "0,1e30,5,5", "1,1,5,5"], "expected less than 50000 m"),
        (["0,0,5,5"] * 300_000, "expected at most 200000"),
        (["0,0,5"], "found 3 values, expected 4"),
    ],
)
def test_impossible_circuits(rows, message, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("\n".join([CSV.splitlines()[0], *rows]))
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_map_that_claims_a_body_of_gigabytes(tmp_path):
    data = bytearray(GOOD["a.Map.Gbx"])
    user = struct.unpack_from("<I", data, 13)[0]
    struct.pack_into("<I", data, 17 + user + 8, 0xFFFFFFF0)
    check(tmp_path / "a.Map.Gbx", bytes(data))
    with pytest.raises(InputError):
        read(tmp_path / "a.Map.Gbx")
