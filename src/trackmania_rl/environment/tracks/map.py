"""A map of TrackMania 2020 (.Map.Gbx): its name, author, author time and blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from trackmania_rl.environment.tracks.gbx import Chunks, Reader, read_container
from trackmania_rl.protocol.errors import InputError

MAP = 0x03043000
"""Class id of a map."""
HEADER_XML = 0x03043005
HEADER_AUTHOR = 0x03043008
BLOCKS = 0x0304301F
BLOCK_COUNT_MAX = 100_000
"""Most blocks that are read; the game's editor allows fewer."""

BUILDS = ("2020", "2050")
"""Years of the game's builds, from and before: older ones are other games, and those of 2050 TM Turbo."""

FREE = 1 << 29
"""Flag of a block that stands off the grid."""
WAYPOINT = 1 << 20
SKIN = 1 << 15
UNCOUNTED = 0xFFFFFFFF
"""Flags of an entry that does not count as a block."""


@dataclass(frozen=True)
class Block:
    """A block on the grid.

    Attributes:
        name: The game's name of it, e.g. "RoadTechCurve2".
        direction: Quarter turns to the right, 0 to 3.
        cell: Cell of the corner of the turned block with the least coordinates, (x, y, z).
        free: Whether it stands off the grid; then `cell` means nothing.
    """

    name: str
    direction: int
    cell: tuple[int, int, int]
    free: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.cell}"


@dataclass(frozen=True)
class Map:
    """What we need of a map.

    Attributes:
        name: Title, without the game's colour codes.
        author: The author's name in the game.
        author_time: The author's time [s], or None.
        blocks: Blocks in the order of the file.
    """

    name: str
    author: str
    author_time: float | None
    blocks: tuple[Block, ...]


def read_map(data: bytes, source: str) -> Map:
    """Read a map.

    Args:
        data: The whole .Map.Gbx file.
        source: Name of the file, for errors.

    Raises:
        InputError: It is no map of TrackMania 2020, damaged or cut off.
    """
    container = read_container(data, source)
    if container.kind != MAP:
        raise InputError(
            f"{source} holds class 0x{container.kind:08X}, expected 0x{MAP:08X}: a map (.Map.Gbx) of "
            f"TrackMania 2020"
        )
    xml = container.header.get(HEADER_XML)
    if xml is None:
        raise InputError(f"{source} has no header in XML, expected a map of TrackMania 2020")
    name, login, author_time = _facts(Reader(xml, source).text(), source)
    author = container.header.get(HEADER_AUTHOR)
    blocks: list[Block] = []
    Reader(container.body, source).walk(
        {**CHUNKS, BLOCKS: lambda reader: blocks.extend(_blocks(reader))}, until=BLOCKS
    )
    return Map(
        name=name,
        author=plain(_nickname(Reader(author, source))) if author else login,
        author_time=author_time,
        blocks=tuple(blocks),
    )


def plain(text: str) -> str:
    """A name without the game's codes for colour and style."""
    return re.sub(r"\$([0-9a-fA-F]{3}|[lhp](\[[^]]*\])?|.)", "", text).strip()


def _facts(xml: str, source: str) -> tuple[str, str, float | None]:
    """Name, author's login and author time [s] from the header's XML."""
    if "<!" in xml:
        raise InputError(f"{source}: the header's XML has a declaration, expected plain elements")
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise InputError(f"{source}: the header's XML is damaged ({error})") from error
    ident, times = root.find("ident"), root.find("times")
    if root.get("type") != "map" or ident is None:
        raise InputError(
            f"{source} is a «{root.get('type')}» of {root.get('exever')}, expected a map of TrackMania 2020"
        )
    build = root.get("exebuild", BUILDS[0])
    if not BUILDS[0] <= build[:4] < BUILDS[1]:
        raise InputError(
            f"{source} was made with build {build} of an older game, expected a map of TrackMania 2020"
        )
    text = times.get("authortime", "") if times is not None else ""
    milliseconds = int(text) if re.fullmatch(r"\d{1,9}", text) else 0
    author_time = milliseconds / 1000 if milliseconds else None
    return plain(ident.get("name", "")), ident.get("author", ""), author_time


def _nickname(reader: Reader) -> str:
    """The author's name from the header."""
    reader.bytes(8)  # versions
    reader.text()  # login
    return reader.text()


def _skip(count: int) -> Callable[[Reader], object]:
    """A chunk of fixed size in which nothing is wanted."""
    return lambda reader: reader.bytes(count)


def _texts(count: int) -> Callable[[Reader], object]:
    """A chunk of some strings."""
    return lambda reader: [reader.text() for _ in range(count)]


def _palette(reader: Reader) -> None:
    """Blocks that the editor offers."""
    for _ in range(reader.count("blocks on offer", BLOCK_COUNT_MAX)):
        reader.identity()
        reader.u32()


def _items(reader: Reader) -> None:
    """Numbers, with their count before them."""
    reader.bytes(4 * reader.count("numbers", BLOCK_COUNT_MAX))


def _packed(reader: Reader) -> None:
    """Compressed samples of a ghost of the old kind."""
    reader.u32()
    reader.bytes(reader.u32())


def _replaying(reader: Reader) -> None:
    """A flag and compressed samples."""
    reader.u32()
    _packed(reader)


def _ghost(reader: Reader) -> None:
    """The ghost's car: the only repeating strings in this chunk; the rest is skipped."""
    if reader.u32() >= 9:
        reader.u32()
    reader.identity()


def _skin(reader: Reader) -> None:
    """A text and the file of a block's skin."""
    reader.text()
    reader.file_reference()


def _skins(reader: Reader) -> None:
    """A text and the files of a block's skin and of what it is derived from."""
    _skin(reader)
    reader.file_reference()


def _foreground(reader: Reader) -> None:
    """The second skin of a block."""
    reader.u32()
    reader.file_reference()


def _waypoint(reader: Reader) -> None:
    """What a start, checkpoint or finish is for."""
    version = reader.u32()
    if version == 1:
        reader.u32()
    elif version == 2:
        reader.text()
    else:
        raise reader.refuse(f"version {version} of a waypoint", "version 1 or 2")
    reader.u32()


def _node(reader: Reader) -> None:
    """A node inside a node."""
    reader.node(CHUNKS)


def _contents(reader: Reader) -> None:
    """The blocks on offer, the parameters (with the author's ghost in maps before 2023), the kind."""
    _node(reader)
    _node(reader)
    reader.u32()


def _block(reader: Reader, offset: int) -> tuple[Block, int]:
    """One block and its flags; `offset` is taken from x and z."""
    name = reader.name()
    direction, x, y, z = reader.bytes(4)
    flags = reader.u32()
    if flags != UNCOUNTED:
        if flags & SKIN:
            reader.name()
            _node(reader)
        if flags & WAYPOINT:
            _node(reader)
        if direction > 3:
            raise reader.refuse(f"direction {direction} of a {name}", "0 to 3")
    return Block(name, direction, (x - offset, y, z - offset), free=bool(flags & FREE)), flags


def _blocks(reader: Reader) -> list[Block]:
    """The blocks of the map."""
    reader.identity()
    reader.text()  # name
    reader.identity()  # decoration
    reader.bytes(16)  # size of the grid, whether it must be bought
    version = reader.u32()
    if version < 6:
        raise reader.refuse(f"version {version} of the block list", "6, as TrackMania 2020 writes it")
    count = reader.count("blocks", BLOCK_COUNT_MAX)
    blocks: list[Block] = []
    while len(blocks) < count:
        block, flags = _block(reader, offset=1)
        if flags != UNCOUNTED:
            blocks.append(block)
    return blocks


CHUNKS: Chunks = {
    0x0304300D: Reader.identity,  # car
    0x03043011: _contents,
    0x0301B000: _palette,
    0x0305B000: _skip(32),
    0x0305B001: _texts(4),
    0x0305B002: _skip(64),
    0x0305B003: _skip(24),
    0x0305B004: _skip(20),
    0x0305B005: _skip(12),
    0x0305B006: _items,
    0x0305B007: _skip(4),
    0x0305B008: _skip(8),
    0x0305B00D: _node,
    0x0303F005: _packed,
    0x0303F006: _replaying,
    0x03092000: _ghost,
    0x0309200C: _skip(4),
    0x0309200E: Reader.name,
    0x0309200F: _texts(1),
    0x03092010: Reader.name,
    0x03092012: _skip(20),
    0x03092015: Reader.name,
    0x03092018: Reader.identity,
    0x0309201C: _skip(32),
    0x03059000: _texts(2),
    0x03059001: _skin,
    0x03059002: _skins,
    0x03059003: _foreground,
    0x2E009000: _waypoint,
}
"""Chunks that tell no size, or hold strings that later ones refer to, up to the block list."""
