"""Races on the wall clock."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any

import numpy as np
from tests.environment.race.test_race import a_race

from trackmania_rl.environment.race.races import LiveRace


def test_a_late_clock_catches_up_and_loses_no_tick() -> None:
    async def run() -> int:
        live = LiveRace(a_race("a", countdown=30.0))
        task = asyncio.create_task(live.run())
        loop = asyncio.get_running_loop()
        begin, before = loop.time(), live.race.clock
        for _ in range(4):
            await asyncio.sleep(0.05)
            await asyncio.sleep(0)
            time.sleep(0.1)  # somebody holds up the event loop
        await asyncio.sleep(0.05)
        expected = (loop.time() - begin) * 100
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert live.lost == 0.0
        return abs(round(expected) - (live.race.clock - before))

    assert asyncio.run(run()) <= 3


class LateLoop(asyncio.SelectorEventLoop):
    """An event loop in a time of its own that wakes up late: by 1 ms on average, at times by much more."""

    def __init__(self) -> None:
        loop, random = self, np.random.default_rng(1)
        self.now = 0.0

        class Selector(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> Any:
                if timeout is not None and timeout > 0:
                    loop.now += timeout + float(random.exponential(0.001))
                return super().select(0.01 if timeout is None else 0.0)

        super().__init__(Selector())

    def time(self) -> float:
        return self.now


def test_the_clock_drifts_by_less_than_a_millisecond_in_a_minute() -> None:
    loop = LateLoop()
    lateness: list[float] = []

    class Timed(LiveRace):
        def _tick(self) -> None:
            super()._tick()
            lateness.append(loop.now - self.ticks * 0.01)

    async def run() -> float:
        live = Timed(a_race("a", countdown=120.0))
        task = asyncio.create_task(live.run())
        await asyncio.sleep(60.01)
        assert task.cancel()  # false if it had died
        await asyncio.gather(task, return_exceptions=True)
        return live.lost

    lost = loop.run_until_complete(run())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    assert lost == 0.0 and len(lateness) >= 5999
    first, last = min(lateness[:100]), min(lateness[-100:])
    assert abs(last - first) < 0.001
    assert np.mean(lateness) > 0.0005  # it was late all the time, and caught up
