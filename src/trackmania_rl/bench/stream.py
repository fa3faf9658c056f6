"""A WebSocket that costs the one who measures with it next to nothing: no extensions, no checks, no tasks.

The `websockets` client takes about as long for a frame as the service does; on the same cores that would be
measured instead of the service.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from typing import cast

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
"""Kinds of frames (RFC 6455, section 5.2)."""


class Stream(asyncio.Protocol):
    """One side of a WebSocket; who derives from it says what to do with what comes.

    Args:
        path: What to ask the service for, e.g. "/api/watch".
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._rest = b""
        self._open = False
        self.transport: asyncio.Transport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    def opened(self) -> None:
        """It is open."""

    def received(self, kind: int, payload: bytes) -> None:
        """A text or binary frame came."""

    def send(self, payload: bytes, kind: int = TEXT) -> None:
        """Send a frame. Its mask is zero, which leaves it as it is (a client has to have one)."""
        assert self.transport is not None
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | kind, 0x80 | 127, size)
        self.transport.write(head + bytes(4) + payload)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a stream."""
        self.transport = transport = cast(asyncio.Transport, transport)  # uvloop's is not derived from it
        host, port = transport.get_extra_info("peername")[:2]
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take the answer's head, then frame after frame."""
        data = self._rest + data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.split(b"\r\n")[0].decode())
            self._open = True
            self.opened()
        at = 0
        while (frame := _frame(data, at)) is not None:
            kind, begin, at = frame
            if kind in (TEXT, BINARY):
                self.received(kind, data[begin:at])
            elif kind == PING:
                self.send(data[begin:at], PONG)
            elif kind == CLOSE and self.transport is not None:
                self.transport.close()
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if not self.closed.done():
            self.closed.set_result(None)


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Kind of the frame that begins there, where its payload begins, and its end; None if it is not whole."""
    if len(data) < at + 2:
        return None
    size, begin = data[at + 1] & 0x7F, at + 2
    if size >= 126:
        form = ">H" if size == 126 else ">Q"
        begin += struct.calcsize(form)
        if len(data) < begin:
            return None
        (size,) = struct.unpack_from(form, data, at + 2)
    return (data[at] & 0x0F, begin, begin + size) if len(data) >= begin + size else None
