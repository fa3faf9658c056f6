"""Maps to test with: real ones where they are at hand, and small ones written here."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import lzallright
import pytest

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
"""Real maps, circuits and drives; not part of the repository."""

END = struct.pack("<I", 0xFACADE01)


def shared(name: str) -> Path:
    """A file of the real data, or skip the test."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name}, which is not part of the repository")
    return path


def text(value: str) -> bytes:
    """A string as GameBox stores it."""
    data = value.encode()
    return struct.pack("<I", len(data)) + data


class Names:
    """Writes lookback strings: the first time in full, then by number."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def __call__(self, *values: str) -> bytes:
        data = b""
        for value in values:
            if not self.known:
                data += struct.pack("<I", 3)
            if value in self.known:
                data += struct.pack("<I", 0x40000000 + self.known.index(value) + 1)
            else:
                self.known.append(value)
                data += struct.pack("<I", 0x40000000) + text(value)
        return data


def map_bytes(
    blocks: Sequence[tuple[str, int, tuple[int, int, int]]],
    *,
    author_time: int = 12345,
    name: str = "$f00Test",
) -> bytes:
    """A .Map.Gbx with these blocks (name, direction, cell), and the chunks that the game puts before."""
    names = Names()
    waypoint = struct.pack("<II", 0x2E009000, 2) + text("Spawn") + struct.pack("<I", 0) + END
    body = struct.pack("<I", 0x0304300D) + names("CarSport", "Stadium", "Nadeo")
    body += struct.pack("<I", 0x03043011)
    body += struct.pack("<IIII", 1, 0x0301B000, 0x0301B000, 1) + names("RoadTechStraight", "Stadium", "Nadeo")
    body += struct.pack("<I", 7) + END
    body += struct.pack("<III", 2, 0x0305B000, 0x0305B001) + text("") * 4
    body += struct.pack("<I", 0x0305B008) + bytes(8) + END + struct.pack("<I", 6)
    body += struct.pack("<III", 0x03043018, 0x534B4950, 8) + bytes(8)
    body += struct.pack("<I", 0x0304301F) + names("uid", "Stadium", "login") + text(name)
    body += names("48x48Day", "Stadium", "Nadeo") + struct.pack("<IIIIII", 48, 40, 48, 0, 6, len(blocks))
    for index, (block, direction, (x, y, z)) in enumerate(blocks):
        gate = block.endswith(("Start", "Finish", "Checkpoint"))
        body += names(block) + bytes([direction, x + 1, y, z + 1]) + struct.pack("<I", gate << 20)
        body += struct.pack("<II", 10 + index, 0x2E009000) + waypoint if gate else b""
        if index == 0:  # an entry that does not count
            body += names(block) + bytes(4) + struct.pack("<I", 0xFFFFFFFF)
    xml = text(
        f'<header type="map" exever="3.3.0" exebuild="2024-03-19_14_47">'
        f'<ident uid="u" name="{name}" author="login"/><times authortime="{author_time}"/></header>'
    )
    author = struct.pack("<II", 1, 0) + text("login") + text("$o$0f0Somebody") + text("World") + text("")
    user = struct.pack("<I", 2)
    user += struct.pack("<IIII", 0x03043005, len(xml), 0x03043008, len(author) | 0x80000000) + xml + author
    packed = lzallright.LZOCompressor().compress(body)
    return (
        b"GBX" + struct.pack("<H", 6) + b"BUCR" + struct.pack("<II", 0x03043000, len(user)) + user
        + struct.pack("<III", 3, 0, len(body)) + struct.pack("<I", len(packed)) + packed
    )  # fmt: skip


SHORT = (
    ("RoadTechStart", 0, (10, 9, 10)),
    ("RoadTechStraight", 0, (10, 9, 11)),
    ("DecoHill", 0, (3, 9, 3)),
    ("RoadTechCheckpoint", 2, (10, 9, 12)),
    ("RoadTechSpecialTurbo", 0, (10, 9, 13)),
    ("RoadTechFinish", 0, (10, 9, 14)),
)
"""A straight road of five blocks, and one of scenery."""
