"""What waits to be sent to one listener: a slow one loses what it can do without, and holds up nobody."""

from __future__ import annotations

import asyncio
from collections import deque


class Outbox:
    """Messages for one listener.

    Frames are for the moment: when more than `frames_max` wait, the oldest is dropped. Texts are kept, up
    to `texts_max`; a listener that lets more of them wait is not there any more.

    Attributes:
        dropped: Frames that were dropped.
        overrun: Too many texts wait.
    """

    def __init__(self, frames_max: int = 4, texts_max: int = 1000) -> None:
        self.frames_max = frames_max
        self.texts_max = texts_max
        self.dropped = 0
        self.overrun = False
        self._waiting: deque[str | bytes] = deque()
        self._frames = 0
        self._filled = asyncio.Event()

    def frame(self, data: bytes) -> None:
        """Put a frame, in the place of the oldest one when too many wait."""
        if self._frames >= self.frames_max:
            oldest = next(k for k, item in enumerate(self._waiting) if isinstance(item, bytes))
            del self._waiting[oldest]
            self.dropped += 1
        else:
            self._frames += 1
        self._waiting.append(data)
        self._filled.set()

    def text(self, data: str) -> None:
        """Put a text."""
        self.overrun = self.overrun or len(self._waiting) >= self.texts_max
        self._waiting.append(data)
        self._filled.set()

    async def take(self) -> str | bytes:
        """The oldest item; waits for one.

        Raises:
            ConnectionError: The listener let too many texts wait.
        """
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        if self.overrun:
            raise ConnectionError("the listener reads too slowly")
        item = self._waiting.popleft()
        if isinstance(item, bytes):
            self._frames -= 1
        return item
