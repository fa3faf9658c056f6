"""What waits for a listener."""

from __future__ import annotations

import asyncio

import pytest

from trackmania_rl.environment.outbox import Outbox


def test_a_slow_listener_loses_old_frames_and_no_text() -> None:
    async def run() -> tuple[list[str | bytes], int]:
        outbox = Outbox(frames_max=2)
        outbox.text("first")
        for number in range(5):
            outbox.frame(bytes([number]))
        outbox.text("last")
        return [await outbox.take() for _ in range(4)], outbox.dropped

    assert asyncio.run(run()) == (["first", b"\x03", b"\x04", "last"], 3)


def test_a_listener_that_takes_nothing_is_given_up() -> None:
    async def run() -> None:
        outbox = Outbox(texts_max=10)
        for _ in range(10_000):
            outbox.text("event")
        assert len(outbox._texts) == 10
        await outbox.take()

    with pytest.raises(ConnectionError):
        asyncio.run(run())
