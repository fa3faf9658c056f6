"""Figures on /metrics, in Prometheus' text format, and those of all requests of a service."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from trackmania_rl.protocol.telemetry import span

HOT = "hot"
"""Mark (`opt`) of a route that is asked at each step: it is timed, and how often is not limited."""
BOUNDS = (1e-4, 2e-4, 3e-4, 5e-4, 7.5e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 0.01, 0.02, 0.05, 0.1, 0.5)
"""Times that histograms tell apart [s]."""


@dataclass(frozen=True)
class Metric:
    """One figure, or a family of them.

    Attributes:
        name: Name with its unit, e.g. "trackmania_races" or "trackmania_step_seconds_total".
        kind: "counter" (only grows) or "gauge".
        help: What it counts, for people.
        values: The value, or one value per set of labels written as `route="/api/state"`.
    """

    name: str
    kind: str
    help: str
    values: float | dict[str, float]

    def lines(self) -> Iterator[str]:
        """The lines of the text format."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        if isinstance(self.values, dict):
            for labels, value in self.values.items():
                yield f"{self.name}{{{labels}}} {value:.15g}"
        else:
            yield f"{self.name} {self.values:.15g}"


@dataclass
class Histogram:
    """Times: how many were at most so long.

    Attributes:
        name: Name, ending in "_seconds".
        help: What it counts, for people.
        counts: How many times lie between one of BOUNDS and the next.
        total: All times together [s].
    """

    name: str
    help: str
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count a time."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def lines(self) -> Iterator[str]:
        """The lines of the text format."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} histogram"
        for bound, count in zip((*BOUNDS, "+Inf"), accumulate(self.counts), strict=True):
            yield f'{self.name}_bucket{{le="{bound}"}} {count}'
        yield f"{self.name}_sum {self.total:.15g}"
        yield f"{self.name}_count {sum(self.counts)}"


@dataclass
class Requests:
    """Counts the requests of a service, by route and status; times those that are asked at each step."""

    count: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    hot: Histogram = field(
        default_factory=lambda: Histogram(
            "trackmania_hot_request_seconds", "From a whole request for an action to its answer."
        )
    )

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Litestar's hook around every request."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            began = time.perf_counter()

            async def counting_send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = f'method="{scope["method"]}",route="{scope["path_template"]}"'
                    self.count[f'{route},status="{message["status"]}"'] += 1
                    self.seconds[route] += time.perf_counter() - began  # type: ignore[assignment]
                await send(message)
                if message["type"] == "http.response.body" and HOT in scope["route_handler"].opt:
                    self.hot.observe(time.perf_counter() - scope.get("whole", began))  # type: ignore[operator]
                elif message["type"] == "http.response.start":
                    self._trace(scope, message["status"], time.perf_counter() - began)

            await app(scope, receive, counting_send)

        return counted

    def _trace(self, scope: HTTPScope, status: int, seconds: float) -> None:
        """A request as a span, named as OpenTelemetry's conventions have it."""
        method, route = scope["method"], scope["path_template"]
        said: dict[str, str | int] = {"http.request.method": method, "http.route": route}
        span(f"{method} {route}", seconds, {**said, "http.response.status_code": status})

    def metrics(self) -> list[Metric | Histogram]:
        """The counts so far."""
        return [
            self.hot,
            Metric("trackmania_requests_total", "counter", "Requests answered.", dict(self.count)),
            Metric(
                "trackmania_request_seconds_total",
                "counter",
                "Time from a request's head to its answer's.",
                dict(self.seconds),
            ),
        ]
