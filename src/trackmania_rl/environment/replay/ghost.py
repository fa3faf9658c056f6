"""Ghosts of TrackMania 2020: the drives inside .Ghost.Gbx, .Replay.Gbx and (the author's) .Map.Gbx files.

The game records a car every 50 ms as a row of bytes: where it is, how fast, what its driver does. All rows
lie in one compressed chunk, whatever file it is in. The chunk is searched for instead of reading everything
before it: its id, a version, two sizes that fit and the mark of zlib do not come together by chance.

Facts of the format: GBX.NET's documentation of CPlugEntRecordData and CSceneVehicleVis; the steering, the
wheels' materials, the gear and the slip were measured on ghosts whose drives are known.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.columns import Columns
from trackmania_rl.environment.tracks.gbx import Reader, read_container
from trackmania_rl.protocol.errors import InputError

CHUNK = 0x0911F000
"""Id of the chunk with the recorded rows, CPlugEntRecordData."""
VEHICLE = 0x0A018000
"""Class id of what is recorded of a car, CSceneVehicleVis."""
VERSIONS = (10, 11)
"""Versions of the chunk: 2020 to 2022, and since."""
ROW_BYTES_MIN = 92
"""Shortest row that holds all that is read here; the game writes 103, 107, 116 or 162 bytes."""
GEARLESS = 162
"""Rows of this length hold no gear where the others do."""

RECORD_BYTES_MAX = 32 * 1024 * 1024
"""Largest record that is unpacked: three hours of drive."""
COUNT_MAX = 200_000
"""Most things of a kind in a record; a drive of an hour has 72,000 rows."""
REACH_MAX = 1e5
"""Farthest a car may be from the origin [m]; the game's largest maps have 8 km."""

Bytes = NDArray[np.uint8]


def read_ghost(data: bytes, source: str) -> Columns:
    """The drive in a file of the game: one value per row in each column.

    The columns are those of a recorded drive as a table (docs/replay.md): t_ms, position, velocity and
    attitude, steer, gas, brake, gear (where recorded), rpm_raw, side_speed, materials under the wheels,
    turbo_byte, turbo_time_raw, slip1, slip2, ground_mode.

    Args:
        data: The whole file.
        source: Its name, for errors.

    Raises:
        InputError: It is no file of the game, damaged, cut off, or holds no drive of a car.
    """
    reader = _record(read_container(data, source).body, source)
    times, rows = _longest(reader)
    columns = _columns(rows)
    if not all(np.abs(columns[name]).max() < REACH_MAX for name in ("x", "y_up", "z")):
        raise InputError(f"{source}: the ghost is farther than {REACH_MAX / 1000:.0f} km away, it is damaged")
    return {"t_ms": times.astype(np.float64), **columns}


class _Record(Reader):
    """The unpacked chunk; remembers the version of its layout."""

    def __init__(self, data: bytes, source: str, version: int) -> None:
        super().__init__(data, f"{source}, ghost")
        self.version = version


def _record(body: bytes, source: str) -> _Record:
    """Find the chunk of recorded rows and unpack it."""
    at = body.find(struct.pack("<I", CHUNK))
    while at >= 0:
        head = Reader(body, source, at + 4)
        if len(body) - at >= 18:
            version, size, packed = head.u32(), head.u32(), head.u32()
            if version in VERSIONS and body[at + 16] == 0x78 and packed <= len(body) - head.offset:
                if size > RECORD_BYTES_MAX:
                    raise head.refuse(f"a ghost of {size} bytes", f"at most {RECORD_BYTES_MAX}")
                return _Record(_unpack(head.bytes(packed), size, source), source, version)
        at = body.find(struct.pack("<I", CHUNK), at + 1)
    raise InputError(
        f"{source} holds no ghost of TrackMania 2020; expected a .Ghost.Gbx, a .Replay.Gbx, or a .Map.Gbx "
        "with its author's drive"
    )


def _unpack(packed: bytes, size: int, source: str) -> bytes:
    """Unpack a zlib stream that must give exactly `size` bytes; it is never given more room."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise InputError(f"{source}: the ghost's compressed part is damaged ({error})") from error
    if len(data) != size or not stream.eof:
        raise InputError(f"{source}: the ghost does not unpack to the {size} bytes announced, it is damaged")
    return data


def _longest(reader: _Record) -> tuple[NDArray[np.int64], Bytes]:
    """Times [ms] and rows of the car that was recorded longest: some ghosts hold a thinned copy too."""
    reader.bytes(8)  # begin and end
    classes = [_description(reader) for _ in range(reader.count("descriptions", COUNT_MAX))]
    reader.bytes(12 * reader.count("notices", COUNT_MAX))
    found: list[tuple[NDArray[np.int64], Bytes]] = []
    more = reader.u8()
    while more:
        kind = reader.u32()
        reader.bytes(16)
        times, rows = _spread(reader) if reader.version >= 11 else _listed(reader)
        if kind < len(classes) and classes[kind] == VEHICLE and rows.shape[1] >= ROW_BYTES_MIN:
            found.append((times, rows))
        more = reader.u8()
        while reader.u8():
            reader.bytes(8)
            reader.bytes(reader.u32())
    if not found:
        raise reader.refuse("no car among what was recorded", "the drive of a car")
    return max(found, key=lambda car: len(car[0]))


def _description(reader: Reader) -> int:
    """Class id of a kind of thing that was recorded."""
    kind = reader.u32()
    reader.bytes(12)
    reader.bytes(reader.u32())
    reader.u32()
    return kind


def _spread(reader: Reader) -> tuple[NDArray[np.int64], Bytes]:
    """Rows stored column by column, each byte as its change since the row before."""
    count = reader.count("rows", COUNT_MAX)
    if count == 0:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.uint8)
    width = reader.u32()
    steps = np.frombuffer(reader.bytes(4 * count), "<i4")
    changes = np.frombuffer(reader.bytes(width * count), np.uint8).reshape(width, count)
    return np.cumsum(steps, dtype=np.int64), np.cumsum(changes, axis=1, dtype=np.uint8).T


def _listed(reader: Reader) -> tuple[NDArray[np.int64], Bytes]:
    """Rows stored one after the other, each with its time and length."""
    times: list[int] = []
    rows: list[bytes] = []
    while reader.u8():
        if len(rows) == COUNT_MAX:
            raise reader.refuse("yet another row", f"at most {COUNT_MAX}")
        times.append(int.from_bytes(reader.bytes(4), "little", signed=True))
        rows.append(reader.bytes(reader.u32()))
        if len(rows[-1]) != len(rows[0]):
            raise reader.refuse(f"a row of {len(rows[-1])} bytes", f"{len(rows[0])} like the first")
    width = len(rows[0]) if rows else 0
    return np.array(times, np.int64), np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), width)


def _columns(rows: Bytes) -> Columns:
    """What the bytes of the rows mean."""

    def numbers(offset: int, kind: str) -> NDArray[np.float64]:
        width = np.dtype(kind).itemsize
        cut = np.ascontiguousarray(rows[:, offset : offset + width])
        with np.errstate(invalid="ignore"):  # a damaged number may be a NaN; the caller refuses it
            return cut.view(kind)[:, 0].astype(np.float64)

    x, y, z = (numbers(47 + 4 * k, "<f4") for k in range(3))
    # The attitude is a turn by twice `half` around an axis, given by its heading and pitch.
    half = numbers(59, "<u2") * (np.pi / 65535)
    heading, pitch = numbers(61, "<i2") * (np.pi / 32767), numbers(63, "<i2") * (np.pi / 2 / 32767)
    sine = np.sin(half)
    speed = np.exp(numbers(65, "<i2") / 1000.0)
    course, climb = numbers(67, "i1") * (np.pi / 127), numbers(68, "i1") * (np.pi / 2 / 127)
    columns = {
        "x": x,
        "y_up": y,
        "z": z,
        "speed_ms": speed,
        "vx": speed * np.cos(climb) * np.cos(course),
        "vy_up": speed * np.cos(climb) * np.sin(course),
        "vz": speed * np.sin(climb),
        "qx": sine * np.cos(pitch) * np.cos(heading),
        "qy": sine * np.cos(pitch) * np.sin(heading),
        "qz": sine * np.sin(pitch),
        "qw": np.cos(half),
        # The game drives steering s = -127 .. 127 and stores floor((s + 127) * 255 / 254).
        "steer": (np.ceil(numbers(14, "u1") * (254 / 255)) - 127.0) / 127.0,
        "gas": numbers(15, "u1") / 255.0,
        "brake": numbers(18, "u1") / 255.0,
        "gear": (numbers(91, "u1") - 1.0) / 4.0,
        "rpm_raw": numbers(5, "u1"),
        "side_speed": (numbers(2, "<u2") / 65536 - 0.5) * 2000.0,
        "mat_fl": numbers(24, "u1"),
        "mat_fr": numbers(26, "u1"),
        "mat_rr": numbers(28, "u1"),
        "mat_rl": numbers(30, "u1"),
        "turbo_byte": numbers(31, "u1"),
        "turbo_time_raw": numbers(21, "u1"),
        "slip1": numbers(32, "u1"),
        "slip2": numbers(33, "u1"),
        "ground_mode": numbers(89, "u1"),
    }
    if rows.shape[1] == GEARLESS:
        del columns["gear"]
    return columns
