"""Ghosts of the game: read out of every kind of file, compared with a drive decoded elsewhere, damaged."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay.ghost_files import GHOST, REPLAY, SHARED, along, chunk, container, record
from trackmania_rl.environment.replay.drive import read_drive
from trackmania_rl.environment.replay.ghost import RECORD_BYTES_MAX, read_ghost
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.columns import read_columns
from trackmania_rl.environment.tracks.gbx import read_container
from trackmania_rl.protocol.errors import InputError

MAP = SHARED / "maps/tmrl-train.Map.Gbx"
SMALL = container(GHOST, b"some chunks" + chunk(11, record(11, along(library.load("sprint"), 50.0, 0.5))))


def needs(path: Path) -> bytes:
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{path.name}, which is not part of the repository")
    return path.read_bytes()


@pytest.mark.parametrize("version", [10, 11])
@pytest.mark.parametrize("kind", [REPLAY, GHOST])
def test_a_drive_along_the_road_comes_back(kind: int, version: int, tmp_path: Path) -> None:
    track = library.load("sprint")
    file = tmp_path / "me.Ghost.Gbx"
    file.write_bytes(
        container(kind, b"some chunks" + chunk(version, record(version, along(track, 50.0, 4.0))))
    )
    drive = read_drive(file, track)
    assert drive.name == "me"
    assert len(drive.time) == 81
    progress = drive.samples[:, 15]
    assert progress == pytest.approx(50.0 * drive.time, abs=0.6)
    assert np.hypot(drive.samples[:, 7], drive.samples[:, 9]) == pytest.approx(50.0, rel=0.002)
    forward = track.tangent[np.searchsorted(track.arc, track.start + progress)]
    x, y, z, w = drive.samples[:, 3:7].T
    pointing = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    assert np.einsum("ij,ij->i", forward, pointing).min() > 0.998
    columns = {name: values[40] for name, values in drive.columns.items()}
    expected = {
        "steer": 126 / 127,
        "gas": 1.0,
        "brake": 128 / 255,
        "gear": 3,
        "rpm_raw": 60,
        "turbo_byte": 0x82,
    }
    expected |= {"turbo_time_raw": 7, "mat_fl": 16, "mat_fr": 6, "mat_rr": 2, "mat_rl": 74, "ground_mode": 3}
    expected |= {"slip1": 0xC0, "slip2": 42, "side_speed": pytest.approx(4.0, abs=0.02)}
    assert columns == pytest.approx(columns | expected, abs=0.02)


def test_rows_without_a_gear() -> None:
    rows = along(library.load("sprint"), 50.0, 1.0, width=162)
    assert "gear" not in read_ghost(container(GHOST, chunk(10, record(10, rows))), "ghost")


def test_the_authors_ghost_is_the_drive_that_others_decoded() -> None:
    decoded = read_ghost(needs(MAP), MAP.name)
    drive = SHARED / "drives/tmrl-train_author_01.csv"
    expected = read_columns(needs(drive).decode(), drive.name)
    assert set(decoded) == set(expected)
    decoded["t_ms"] -= decoded["t_ms"][0]
    for name, values in expected.items():
        # The table has 4 decimals, 5 of the attitude; it leaves the steering's half step uncorrected.
        atol = {"steer": 0.004, "side_speed": 6e-4}.get(name, 6e-5)
        np.testing.assert_allclose(decoded[name], values, rtol=0, atol=atol, err_msg=name)


def test_a_real_ghost_in_the_other_kinds_of_file() -> None:
    body = read_container(needs(MAP), MAP.name).body
    begin = body.find(struct.pack("<2I", 0x0911F000, 0x0911F000))
    expected = read_ghost(MAP.read_bytes(), "map")
    for kind in (REPLAY, GHOST):
        found = read_ghost(container(kind, body[begin : begin + 100_000]), "ghost")
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


def test_a_map_without_a_ghost_is_refused() -> None:
    path = SHARED / "maps/tmrl-straight.Map.Gbx"
    with pytest.raises(InputError, match=r"tmrl-straight.* holds no ghost of TrackMania 2020"):
        read_ghost(needs(path), path.name)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"GB", "expected b'GBX'"),
        (container(GHOST, b"nothing"), "holds no ghost"),
        (container(GHOST, chunk(9, b"old")), "holds no ghost"),
        (container(GHOST, chunk(11, b"")), "found the end"),
        (container(GHOST, chunk(11, bytes(100), announced=RECORD_BYTES_MAX + 1)), "at most 33554432"),
        (container(GHOST, chunk(11, bytes(100), announced=99)), "does not unpack to the 99 bytes"),
        (container(GHOST, chunk(11, bytes(100), announced=101)), "does not unpack to the 101 bytes"),
        (container(GHOST, chunk(11, bytes(100))), "no car among what was recorded"),
        (container(GHOST, chunk(11, struct.pack("<3I", 0, 0, 2**32 - 1))), "4294967295 descriptions"),
        (SMALL[:-30], "holds no ghost"),
        (SMALL[:70] + b"\xff" * 30 + SMALL[100:], "compressed part is damaged"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(file: bytes, message: str) -> None:
    with pytest.raises(InputError, match=r"bad\.Gbx") as error:
        read_ghost(file, "bad.Gbx")
    assert message in str(error.value)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = container(GHOST, chunk(11, bytes(200_000_000), announced=1000))
    tracemalloc.start()
    with pytest.raises(InputError, match="does not unpack to the 1000 bytes"):
        read_ghost(bomb, "bomb.Gbx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_many_false_beginnings_take_no_time() -> None:
    false = container(GHOST, struct.pack("<5I", 0x0911F000, 11, 50, 2**31, 0x78) * 200_000)
    begin = time.process_time()
    with pytest.raises(InputError, match="holds no ghost"):
        read_ghost(false, "false.Gbx")
    assert time.process_time() - begin < 20  # quadratic work would take hours


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SMALL)), st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 7))))
@example(len(SMALL), [])
def test_a_damaged_file_is_read_or_refused(length: int, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(SMALL)
    for place, bit in flips:
        damaged[place] ^= 1 << bit
    refused_or_finite(bytes(damaged[:length]))


INSIDE = record(11, along(library.load("sprint"), 50.0, 0.5))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([10, 11]),
    st.lists(st.tuples(st.integers(0, len(INSIDE) - 5), st.sampled_from([0, 1, 255, 2**31 - 1, 2**32 - 1]))),
)
def test_a_damaged_record_is_read_or_refused(version: int, numbers: list[tuple[int, int]]) -> None:
    damaged = bytearray(INSIDE)
    for place, number in numbers:
        struct.pack_into("<I", damaged, place, number)
    refused_or_finite(container(GHOST, chunk(version, bytes(damaged))))


def refused_or_finite(file: bytes) -> None:
    try:
        columns = read_ghost(file, "damaged.Gbx")
    except InputError as error:
        assert "damaged.Gbx" in str(error)
    else:
        assert all(np.isfinite(values).all() for values in columns.values())
