"""How often one client may change something: a token bucket each."""

from __future__ import annotations

import time
from collections.abc import Callable

CLIENTS_MAX = 10_000
"""Clients whose buckets are remembered; a bucket that is full again need not be."""


class Rate:
    """Buckets that fill by themselves; a request takes one token out of its client's.

    Args:
        per_second: Tokens that come back each second.
        burst: Tokens of a full bucket: requests that may come at once.
        clock: Monotonic time [s].
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, client: str) -> float:
        """Take a token.

        Args:
            client: Who asks, e.g. its address.

        Returns:
            0 if there was one, else the time until the next one comes [s].
        """
        now = self._clock()
        tokens, since = self._buckets.get(client, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.per_second)
        if tokens < 1.0:
            return (1.0 - tokens) / self.per_second
        if len(self._buckets) >= CLIENTS_MAX:
            self._forget(now)
        self._buckets[client] = (tokens - 1.0, now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again, and all if none is: strangers must not fill our memory."""
        fill = self.burst / self.per_second
        kept = {client: bucket for client, bucket in self._buckets.items() if now - bucket[1] < fill}
        self._buckets = kept if len(kept) < CLIENTS_MAX else {}
