"""LZO1X, the compression inside the game's files, with a hard limit on what it unpacks to.

Written after the description of the format in the Linux kernel's documentation
(Documentation/staging/lzo.rst). A library would unpack as much as a hostile file asks for.
"""

from __future__ import annotations


def decompress(data: bytes, size: int) -> bytes:
    """Unpack a stream that must give exactly `size` bytes.

    Raises:
        ValueError: The stream is damaged, cut off, or gives another number of bytes.
    """
    out = bytearray()
    at = 0
    literals = 0
    """How many bytes the last instruction copied from the stream: 0 to 3, or 4 for a long run."""
    try:
        if data[0] > 17:
            literals = min(data[0] - 17, 4)
            at = 1 + data[0] - 17
            out += _literals(data, 1, data[0] - 17)
        while len(out) <= size:
            code = data[at]
            at += 1
            if code < 16 and literals == 0:
                length, at = _length(data, at, code, 15)
                out += _literals(data, at, length + 3)
                at += length + 3
                literals = 4
                continue
            if code < 16:
                distance = (data[at] << 2) + (code >> 2) + (2049 if literals == 4 else 1)
                length = 3 if literals == 4 else 2
                literals = code & 3
                at += 1
            elif code < 64:
                mask, base = (7, 16384 + ((code & 8) << 11)) if code < 32 else (31, 1)
                length, at = _length(data, at, code & mask, mask)
                length += 2
                tail = data[at] | data[at + 1] << 8
                at += 2
                distance = base + (tail >> 2)
                literals = tail & 3
                if code < 32 and distance == 16384:  # the mark of the end
                    break
            else:
                length = 3 + (code >> 5 & 1) if code < 128 else 5 + (code >> 5 & 3)
                distance = (data[at] << 3) + (code >> 2 & 7) + 1
                literals = code & 3
                at += 1
            if len(out) + length > size:
                break
            _repeat(out, distance, length)
            out += _literals(data, at, literals)
            at += literals
    except IndexError:
        raise ValueError(f"the compressed part ends after {len(data)} bytes, in mid-stream") from None
    if len(out) != size or at != len(data):
        raise ValueError(f"the compressed part is damaged: it does not unpack to the {size} bytes announced")
    return bytes(out)


def _length(data: bytes, at: int, short: int, base: int) -> tuple[int, int]:
    """A run's length and the offset behind it; zero in the code means that bytes of it follow."""
    if short:
        return short, at
    begin = at
    while data[at] == 0:
        at += 1
    return base + 255 * (at - begin) + data[at], at + 1


def _literals(data: bytes, at: int, length: int) -> bytes:
    """Bytes of the stream that stand for themselves."""
    if at + length > len(data):
        raise IndexError
    return data[at : at + length]


def _repeat(out: bytearray, distance: int, length: int) -> None:
    """Append bytes that came `distance` before; they may overlap what is appended."""
    begin = len(out) - distance
    if begin < 0:
        raise ValueError("the compressed part is damaged: it repeats bytes from before its beginning")
    if distance >= length:
        out += out[begin : begin + length]
    else:
        pattern = out[begin:]
        out += (pattern * (length // distance + 1))[:length]
