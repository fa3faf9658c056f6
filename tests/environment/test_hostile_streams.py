"""Bytes from strangers: on a stream, as a body, as a name. Refused in words, and the race goes on."""

from __future__ import annotations

import http.client
import json
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.lzo import decompress
from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.frames import HEADER, MAGIC, Kind, pack_rows
from trackmania_rl.protocol.service import running

WORLDS = 2
HELLO = {"type": "batch", "protocol": PROTOCOL_VERSION, "env": "TrackMania/Lidar-v0", "worlds": WORLDS}
GOOD = pack_rows(Kind.ACTIONS, np.zeros((WORLDS, 3), np.float32), 1)
headers = st.builds(
    HEADER.pack,
    st.just(MAGIC),
    st.sampled_from([0, PROTOCOL_VERSION, 255]),
    st.integers(0, 255),
    st.sampled_from([0, 1, WORLDS, 2**31, 2**32 - 1]),
    st.sampled_from([0, 3, 2**31, 2**32 - 1]),
    st.integers(-(2**31), 2**31 - 1),
)
floats = st.lists(st.floats(width=32), max_size=8).map(lambda row: struct.pack(f"<{len(row)}f", *row))
frames = st.one_of(
    st.binary(max_size=64),
    st.builds(bytes.__add__, headers, floats),
    st.integers(0, len(GOOD)).map(lambda end: GOOD[:end]),
    st.text(max_size=40),
    st.dictionaries(st.text(max_size=5), st.integers()).map(json.dumps),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(environment_app([Race("main", library.load("sprint"), Rules(countdown=0.0))])) as url:
        yield url


@pytest.fixture(scope="module")
def batch(url: str) -> Iterator[ClientConnection]:
    with connect(url.replace("http", "ws") + "/api/stream", compression=None, proxy=None) as stream:
        stream.send(json.dumps(HELLO))
        assert json.loads(stream.recv())["type"] == "welcome"
        stream.send('{"type": "reset", "seed": 1}')
        assert isinstance(stream.recv(), bytes)
        yield stream


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(frame=frames)
def test_every_frame_is_answered(batch: ClientConnection, frame: bytes | str) -> None:
    batch.send(frame)
    answer = batch.recv(20)
    if isinstance(answer, str):
        assert json.loads(answer)["type"] == "error"
    batch.send(GOOD)
    assert isinstance(batch.recv(20), bytes)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(first=frames)
def test_a_wrong_first_frame_is_refused(url: str, first: bytes | str) -> None:
    with connect(url.replace("http", "ws") + "/api/stream", compression=None, proxy=None) as stream:
        stream.send(first)
        assert json.loads(stream.recv(20))["type"] == "error"
        with pytest.raises(ConnectionClosed):
            stream.recv(20)


def test_a_frame_that_is_too_large_ends_its_stream_only(url: str, batch: ClientConnection) -> None:
    where = url.replace("http", "ws") + "/api/stream"
    with connect(where, compression=None, proxy=None) as stream, pytest.raises(ConnectionClosed):
        for _ in range(3):
            stream.send(bytes(9 << 20))
        stream.recv(20)
    batch.send(GOOD)
    assert isinstance(batch.recv(20), bytes)


def ask(url: str, method: str, path: str, body: bytes | Iterator[bytes] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "route", ["/api/tracks/{}", "/api/replay/{}", "/api/videos/{}", "/api/videos/{}/file"]
)
@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fetc%2fpasswd", "%2e%2e", "..%5c..", "%00", "a%00.mcap", "~", "C:%5cx", "x" * 3000, "%ff"],
)
def test_a_name_is_never_a_path(url: str, route: str, name: str) -> None:
    status, body = ask(url, "GET", route.format(name))
    assert 400 <= status < 500
    assert b"root:" not in body
    if "tracks" in route:
        assert 400 <= ask(url, "PUT", route.format(name), b"x")[0] < 500


def test_a_huge_body_is_refused_before_it_is_read(url: str) -> None:
    for path, method in (("/api/action", "POST"), ("/api/tracks/huge", "PUT")):
        try:
            status, _ = ask(url, method, path, (bytes(1 << 20) for _ in range(64)))
            assert status == 413
        except ConnectionError:
            pass  # closed while the rest was still being sent


def test_what_unpacks_to_more_than_it_says_is_refused() -> None:
    bomb = b"\x12\x00" + b"\x20" + b"\x00" * 4000 + b"\x1f\x00\x00"  # a run of a million times one byte
    with pytest.raises(ValueError):
        decompress(bomb, 1000)


def test_refusals_are_counted(url: str) -> None:
    def refused() -> int:
        lines = ask(url, "GET", "/metrics")[1].decode().splitlines()
        return int(
            next(line for line in lines if line.startswith("trackmania_stream_refusals_total")).split()[1]
        )

    before = refused()
    with connect(url.replace("http", "ws") + "/api/stream", compression=None, proxy=None) as stream:
        stream.send("nonsense")
        stream.recv(20)
    assert refused() == before + 1


def test_the_race_went_on(url: str) -> None:
    def ticks() -> float:
        return float(json.loads(ask(url, "GET", "/api/state")[1])["race"]["time"])

    assert ask(url, "POST", "/api/agents/add", b'{"agent_id": "a"}')[0] < 300
    before, deadline = ticks(), time.monotonic() + 20
    while ticks() <= before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
