"""One connection of a client: how long it may take and how much it may send before its request is whole."""

from __future__ import annotations

import asyncio
import logging
import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS_MAX = 2048
"""Open connections: 64 learners and 256 viewers leave room enough. One more ends a silent one."""
HEAD_TIMEOUT = 10.0
"""Longest time that a request's head may take, from the connection or the head's first byte on [s]."""
BODY_TIMEOUT = 60.0
"""Longest time that a request's body may take [s]: 16 MiB at 2.3 Mbit/s."""
HEAD_LIMIT = 64 << 10
"""Largest head of a request [bytes]."""
TIMEOUTS = {"head": HEAD_TIMEOUT, "body": BODY_TIMEOUT}
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

logger = logging.getLogger(__name__)


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which waits for nobody forever."""

    _deadline: asyncio.TimerHandle | None = None
    _missing: str | None = None
    """What the deadline is for: "head", "body", or None between requests."""
    _head = 0
    """Bytes of the head so far; -1 after it."""
    _whole = False
    """Whether the last request was read to its end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head; if too many are here, a silent one goes, or else this one."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            silent = (one for one in self.connections if isinstance(one, Connection) and one._silent)
            leaving = next(silent, self)
            leaving.transport.abort()
            if leaving is self:
                return
        self._wait_for("head")

    def data_received(self, data: bytes) -> None:
        """Read on; a head that never ends is refused."""
        if self._head > HEAD_LIMIT:
            self.send_400_response("The request's head is too large.")
            return
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        self._wait_for(None if self._whole else "head" if self._head >= 0 else "body")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head = 0
        self._whole = False

    def on_headers_complete(self) -> None:
        """The head is whole, and a body may follow."""
        self._head = -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: from now on the service takes its time."""
        self._whole = True
        self.scope["whole"] = time.perf_counter()  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left."""
        self._wait_for(None)
        super().connection_lost(exc)

    @property
    def _silent(self) -> bool:
        """Whether nothing has ever come."""
        return self._missing == "head" and self._head == 0 and not self.transport.is_closing()

    def _wait_for(self, part: str | None) -> None:
        """Set the deadline anew when another part of a request is waited for."""
        if part == self._missing:
            return
        self._missing = part
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if part is not None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(TIMEOUTS[part], self._expire)

    def _expire(self) -> None:
        logger.info("the %s of a request was not whole in time: the connection is closed", self._missing)
        self.transport.write(TIMED_OUT)
        self.transport.close()
