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
        self._frames: deque[tuple[int, bytes]] = deque()
        self._texts: deque[tuple[int, str]] = deque()
        self._put = 0
        self._filled = asyncio.Event()

    def frame(self, data: bytes) -> None:
        """Put a frame, in the place of the oldest one when too many wait."""
        if len(self._frames) >= self.frames_max:
            self._frames.popleft()
            self.dropped += 1
        self._frames.append((self._next(), data))

    def text(self, data: str) -> None:
        """Put a text; one too many is the end of the listener."""
        if len(self._texts) >= self.texts_max:
            self.overrun = True
        else:
            self._texts.append((self._next(), data))

    async def take(self) -> str | bytes:
        """The oldest item; waits for one.

        Raises:
            ConnectionError: The listener let too many texts wait.
        """
        while not (self._frames or self._texts):
            self._filled.clear()
            await self._filled.wait()
        if self.overrun:
            raise ConnectionError("the listener reads too slowly")
        if not self._texts or (self._frames and self._frames[0][0] < self._texts[0][0]):
            return self._frames.popleft()[1]
        return self._texts.popleft()[1]

    def _next(self) -> int:
        """The number of an item: frames and texts keep their order."""
        self._put += 1
        self._filled.set()
        return self._put
