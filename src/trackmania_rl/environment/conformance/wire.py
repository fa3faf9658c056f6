"""What a service promises besides: checks as in worlds.py."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from trackmania_rl.environment.conformance.subject import SEED, Subject
from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.client import service_url
from trackmania_rl.protocol.environments import served
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import Kind, pack_rows, unpack_header, unpack_rows
from trackmania_rl.protocol.streams import open_stream

ROUND_TRIPS = 200
"""Steps of one world whose round trip is measured."""


def handshake(subject: Subject) -> str:
    """Another version of the protocol is refused with a sentence."""
    url, env = served(subject.env, subject.token)
    hello = messages.BatchHello(
        protocol=PROTOCOL_VERSION + 1, env=env, worlds=1, options=subject.options, token=subject.token
    )
    try:
        stream, _ = open_stream(url, hello)
    except InputError as error:
        return str(error)
    stream.close()
    raise AssertionError(f"a client of protocol {PROTOCOL_VERSION + 1} was welcomed")


def sequence_numbers(subject: Subject) -> str:
    """A step frame carries the number of its action frame, and a reset comes before the first."""
    with _wire(subject) as (stream, actions):
        _refused(stream, pack_rows(Kind.ACTIONS, actions, 1))
        stream.send('{"type": "reset", "seed": 1}')
        unpack_rows(_bytes(stream), Kind.OBSERVATIONS)
        for seq in (5, 6, 0x7FFFFFFF, 0):
            stream.send(pack_rows(Kind.ACTIONS, actions, seq))
            header = unpack_header(_bytes(stream))
            assert header.kind is Kind.STEP, f"an action was answered with {header.kind.name}"
            assert header.seq == seq, f"step {header.seq} answers action {seq}"
        return "5, 6, 2147483647, 0"


def bad_frames(subject: Subject) -> str:
    """What is no action is refused with words, and the stream goes on."""
    with _wire(subject) as (stream, actions):
        stream.send('{"type": "reset"}')
        _bytes(stream)
        frame = pack_rows(Kind.ACTIONS, actions, 1)
        not_finite = pack_rows(Kind.ACTIONS, np.full_like(actions, np.nan), 1)
        too_wide = pack_rows(Kind.ACTIONS, np.hstack([actions, actions]), 1)
        for bad in (frame[:-1], frame[:7], b"", b"\xff" * 64, not_finite, too_wide, "{", '{"type": "step"}'):
            _refused(stream, bad)
        stream.send(frame)
        unpack_header(_bytes(stream))
        return "8 refused, then a step"


def bad_requests(subject: Subject) -> str:
    """Bad requests are answered with a problem of 400 to 499, never with a fault of the service."""
    url, _ = served(subject.env, subject.token)
    seen = []
    for method, path, body in (
        ("POST", "/api/action", b"{"),
        ("POST", "/api/action", b'{"agent_id": 7}'),
        ("POST", "/api/agents/add", b"[]"),
        ("GET", "/api/spec?env=TrackMania/Nothing-v0", None),
        ("GET", "/api/nothing", None),
        ("DELETE", "/api/agents/%00", None),
    ):
        status, answer = _request(url, method, path, body, subject.token)
        assert 400 <= status < 500, f"{method} {path} was answered with {status}, expected 400 to 499"
        assert json.loads(answer).get("detail"), f"{method} {path} was refused without words: {answer[:80]!r}"
        seen.append(str(status))
    return ", ".join(seen)


def health(subject: Subject) -> str:
    """It says how it is, what it offers and what it measures."""
    url, _ = served(subject.env, subject.token)
    for path in ("/healthz", "/readyz", "/metrics", "/api/version", "/api/openapi.json"):
        status, _ = _request(url, "GET", path, None, subject.token)
        assert status == 200, f"GET {path} was answered with {status}"
    return "/healthz /readyz /metrics /api/version /api/openapi.json"


def latency(subject: Subject) -> str:
    """How long one step takes there and back; a figure, no promise."""
    with _wire(subject) as (stream, actions):
        stream.send('{"type": "reset"}')
        _bytes(stream)
        times = []
        for seq in range(ROUND_TRIPS):
            began = time.perf_counter()
            stream.send(pack_rows(Kind.ACTIONS, actions, seq))
            _bytes(stream)
            times.append(1e3 * (time.perf_counter() - began))
        p50, p99 = np.percentile(times, (50, 99))
        return f"one world: p50 {p50:.2f} ms, p99 {p99:.2f} ms of {ROUND_TRIPS} steps"


WIRE: tuple[Callable[[Subject], str], ...] = (
    handshake,
    sequence_numbers,
    bad_frames,
    bad_requests,
    health,
    latency,
)
"""All of them."""


@contextlib.contextmanager
def _wire(subject: Subject) -> Iterator[tuple[ClientConnection, NDArray[np.float32]]]:
    """A stream of one round of worlds without a client around it, and actions that it takes."""
    with subject.batch() as envs:
        drawn = subject.actions(envs, np.random.default_rng(SEED))
    url, env = served(subject.env, subject.token)
    stream, _ = open_stream(
        url,
        messages.BatchHello(
            protocol=PROTOCOL_VERSION,
            env=env,
            worlds=subject.worlds,
            options=subject.options,
            token=subject.token,
        ),
    )
    with contextlib.closing(stream):
        yield stream, np.asarray(drawn, np.float32).reshape(subject.worlds, -1)


def _bytes(stream: ClientConnection) -> bytes:
    data = stream.recv(60.0)
    assert isinstance(data, bytes), f"expected a binary frame, got {data[:200]}"
    return data


def _refused(stream: ClientConnection, frame: str | bytes) -> None:
    stream.send(frame)
    try:
        answer = stream.recv(60.0)
    except ConnectionClosed as error:
        raise AssertionError(f"the frame {frame[:20]!r} closed the stream") from error
    assert isinstance(answer, str), f"the frame {frame[:20]!r} was taken"
    assert json.loads(answer).get("type") == "error", f"{frame[:20]!r} was answered with {answer[:200]}"


def _request(url: str, method: str, path: str, body: bytes | None, token: str | None) -> tuple[int, bytes]:
    parts = urlsplit(service_url(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with contextlib.closing(kind(parts.hostname or "", parts.port, timeout=30.0)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
