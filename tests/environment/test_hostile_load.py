"""Strangers who send too much, too slowly, or bombs: the service's memory and its race stay as they are."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
import zipfile
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from trackmania_rl.bench.faults import driving, until
from trackmania_rl.bench.service import Started, started

ROUNDS = 3
SLOW, IDLE = 60, 300
"""Connections that begin a request and never end it, and that say nothing."""
GROWTH_MAX = 40.0
"""Most memory that all this may leave behind [MB]; one bomb or body that was taken would be more."""
TICKS_PER_SECOND = 100


@pytest.fixture(scope="module")
def service() -> Iterator[Started]:
    with started("trackmania_rl", "environment", "--track", "sprint", "--countdown", "0.5", "--port") as one:
        yield one


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """An archive of 300 KB that says to be, and is, 300 MB of zeros."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("centre.npy", "w") as inside,
    ):
        for _ in range(300):
            inside.write(bytes(1 << 20))
    return packed.getvalue()


def refused(service: Started, method: str, path: str, body: bytes | Iterator[bytes] | None = None) -> None:
    """Ask; the answer is a refusal, or the connection was closed while the body was being sent."""
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(ConnectionError):
        connection.request(method, path, body)
        assert 400 <= connection.getresponse().status < 500


def opened(service: Started, begun: bytes, count: int) -> list[socket.socket]:
    parts = urlsplit(service.url)
    sockets = [socket.create_connection((parts.hostname or "", parts.port or 80), 20) for _ in range(count)]
    for one in sockets:
        one.sendall(begun)
    return sockets


def harass(service: Started, bomb: bytes) -> None:
    """One round of everything."""
    head = b"POST /api/action HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    held = opened(service, head, SLOW) + opened(service, head + b"\r\n{", SLOW) + opened(service, b"", IDLE)
    for path, method in (("/api/action", "POST"), ("/api/tracks/huge", "PUT"), ("/api/replays", "POST")):
        refused(service, method, path, (bytes(1 << 20) for _ in range(100)))
    for path, method in (("/api/tracks/bomb", "PUT"), ("/api/replays?track=sprint", "POST")):
        refused(service, method, path, bomb)
    for name in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "%00", "x" * 3000):
        refused(service, "GET", f"/api/replay/{name}")
        refused(service, "PUT", f"/api/tracks/{name}", b"GBX" + bytes(10_000))
    for one in held:
        one.close()


def test_strangers_cost_neither_memory_nor_rate(service: Started, bomb: bytes) -> None:
    with driving(service.url) as driver:
        until(lambda: driver.lap_time > 0.2)
        harass(service, bomb)  # what is loaded for the first time stays
        memory, before, began = service.memory, service.figures(), time.monotonic()
        for _ in range(ROUNDS):
            harass(service, bomb)
        after, seconds = service.figures(), time.monotonic() - began
        memory_after = service.memory
        answered = driver.last
        until(lambda: driver.last > answered)  # and its driver is still heard

    def grown(name: str) -> float:
        return after[name] - before[name]

    assert memory_after - memory < GROWTH_MAX
    lost = grown("trackmania_clock_lost_seconds_total")  # where the machine itself stood still
    ticks = grown("trackmania_ticks_total") + TICKS_PER_SECOND * lost
    assert ticks == pytest.approx(TICKS_PER_SECOND * seconds, abs=60 + 0.02 * TICKS_PER_SECOND * seconds)
    assert lost < 0.1 * seconds
    assert not any('status="500"' in name for name in after)
    assert after['trackmania_requests_total{method="POST",route="/api/action",status="400"}'] >= ROUNDS * SLOW
