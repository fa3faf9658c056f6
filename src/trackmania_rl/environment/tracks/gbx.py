"""GameBox, the container of the game's files: header chunks, and a body of nodes made of chunks.

A body is read in order, because chunks have no table of contents: one marked as skippable tells its
size, any other must be understood to get past it. Strings that repeat are stored once and referred to
by number afterwards ("lookback strings"), so none that stands before the wanted chunk may be missed.
Facts of the format: GBX.NET's documentation of the chunks, checked against maps of TrackMania 2020.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trackmania_rl.environment.tracks.lzo import decompress
from trackmania_rl.protocol.errors import InputError

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Largest file that is read; the game's own limit for maps is some megabytes."""
BODY_BYTES_MAX = 64 * 1024 * 1024
"""Largest body that is unpacked."""

DEPTH_MAX = 8
"""Deepest nesting of nodes; a map's ghost has depth 3."""

NODE_END = 0xFACADE01
SKIPPABLE = 0x534B4950
"""«PIKS»: the chunk tells its size."""


class Reader:
    """Little-endian values read one after the other; never beyond the end.

    Attributes:
        data: The bytes.
        offset: Where the next value begins.
        source: Name of the file, for errors.
    """

    def __init__(self, data: bytes, source: str, begin: int = 0) -> None:
        self.data = data
        self.source = source
        self.offset = begin
        self._strings: list[str] = []
        self._lookback = False
        self._nodes: set[int] = set()
        self._depth = 0

    def refuse(self, found: str, expected: str) -> InputError:
        """The error that names the place, what was found and what was expected."""
        return InputError(f"{self.source}: found {found} at byte {self.offset}, expected {expected}")

    def bytes(self, count: int) -> bytes:
        """The next bytes."""
        left = len(self.data) - self.offset
        if count > left:
            raise self.refuse(
                f"the end after {left} more bytes", f"{count} bytes: the file is cut off or damaged"
            )
        begin = self.offset
        self.offset += count
        return self.data[begin : self.offset]

    def u8(self) -> int:
        """The next byte as a number."""
        return self.bytes(1)[0]

    def u16(self) -> int:
        """The next two bytes as a number."""
        return int(struct.unpack("<H", self.bytes(2))[0])

    def u32(self) -> int:
        """The next four bytes as a number."""
        return int(struct.unpack("<I", self.bytes(4))[0])

    def text(self) -> str:
        """A string with its length before it."""
        return self.bytes(self.u32()).decode("utf-8", errors="replace")

    def count(self, what: str, most: int) -> int:
        """A number of things that follow."""
        count = self.u32()
        if count > most:
            raise self.refuse(f"{count} {what}", f"at most {most}")
        return count

    def name(self) -> str:
        """A lookback string: empty, the number of a collection, new, or one read before."""
        if not self._lookback:
            version = self.u32()
            if version != 3:
                raise self.refuse(f"version {version} of the string table", "version 3")
            self._lookback = True
        value = self.u32()
        kind, index = value >> 30, value & 0x3FFFFFFF
        if value == 0xFFFFFFFF:
            return ""
        if kind == 0:
            return f"#{index}"
        if index == 0:
            self._strings.append(self.text())
            return self._strings[-1]
        if index > len(self._strings):
            raise self.refuse(
                f"a reference to string {index}", f"one of the {len(self._strings)} read so far"
            )
        return self._strings[index - 1]

    def identity(self) -> tuple[str, str, str]:
        """Name, collection and author of something in the game."""
        return self.name(), self.name(), self.name()

    def file_reference(self) -> None:
        """A reference to a file: version, checksum, path and address."""
        version = self.u8()
        if version >= 3:
            self.bytes(32)
        path = self.text()
        if version >= 3 or (path and version >= 1):
            self.text()

    def node(self, chunks: Chunks) -> None:
        """A reference to a node; the first time the node itself follows."""
        index = self.u32()
        if index != 0xFFFFFFFF and index not in self._nodes:
            if self._depth == DEPTH_MAX:
                raise self.refuse("yet another node in a node", f"at most {DEPTH_MAX}")
            self._nodes.add(index)
            self._depth += 1
            self.u32()  # class
            self.walk(chunks)
            self._depth -= 1

    def walk(self, chunks: Chunks, until: int | None = None) -> None:
        """Read the chunks of a node to its end, or until one of them has been read.

        Skippable chunks that `chunks` does not name are skipped.

        Raises:
            InputError: The bytes end, or a chunk is unknown and tells no size.
        """
        while True:
            chunk = self.u32()
            if chunk == NODE_END:
                return
            end = None
            if self.data[self.offset : self.offset + 4] == struct.pack("<I", SKIPPABLE):
                self.u32()
                size = self.u32()
                end = self.offset + size
                self.bytes(size)
                self.offset = end - size
            read = chunks.get(chunk)
            if read is not None:
                read(self)
            elif end is None:
                raise self.refuse(f"chunk 0x{chunk:08X}", "a chunk of a TrackMania 2020 map")
            if end is not None:
                self.offset = end
            if chunk == until:
                return


Chunks = Mapping[int, Callable[[Reader], object]]
"""How to read each chunk, by its id; the reader stands behind the id."""


@dataclass(frozen=True)
class Container:
    """A file taken apart.

    Attributes:
        kind: Id of the class of the main node.
        header: Content of each header chunk, by its id.
        body: The main node's chunks, unpacked.
    """

    kind: int
    header: Mapping[int, bytes]
    body: bytes


def read_container(data: bytes, source: str) -> Container:
    """Take a file apart and unpack its body.

    Args:
        data: The whole file.
        source: Name of the file, for errors.

    Raises:
        InputError: It is no GameBox file, of another version, damaged, cut off or too large.
    """
    reader = Reader(data, source)
    if len(data) > FILE_BYTES_MAX:
        raise InputError(f"{source} has {len(data)} bytes, expected at most {FILE_BYTES_MAX}")
    if data[:3] != b"GBX":
        begins = f"begins with {data[:3]!r}" if data else "is empty"
        raise InputError(f"{source} {begins}, expected b'GBX': it is no file of TrackMania")
    reader.bytes(3)
    version = reader.u16()
    if version != 6:
        raise reader.refuse(f"GameBox version {version}", "version 6, as TrackMania 2020 writes it")
    layout = reader.bytes(4)
    if layout[:1] != b"B" or layout[2:3] not in (b"C", b"U"):
        raise reader.refuse(f"layout {layout!r}", "a binary one such as b'BUCR'")
    kind = reader.u32()
    header = _header(Reader(reader.bytes(reader.u32()), source))
    reader.u32()  # number of nodes
    if reader.u32() != 0:
        raise reader.refuse("references to other files", "a file that stands alone")
    if layout[2:3] == b"U":
        return Container(kind, header, data[reader.offset :])
    size = reader.u32()
    if size > BODY_BYTES_MAX:
        raise reader.refuse(f"a body of {size} bytes", f"at most {BODY_BYTES_MAX}")
    packed = reader.bytes(reader.u32())
    try:
        return Container(kind, header, decompress(packed, size))
    except ValueError as error:
        raise InputError(f"{source}: {error}; copy or download the file again") from error


def _header(reader: Reader) -> dict[int, bytes]:
    """Content of the header chunks by id."""
    if not reader.data:
        return {}
    count = reader.count("header chunks", 64)
    sizes = [(reader.u32(), reader.u32() & 0x7FFFFFFF) for _ in range(count)]
    return {chunk: reader.bytes(size) for chunk, size in sizes}
