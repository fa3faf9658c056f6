"""Clients that are slow, many, or never come to an end."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from trackmania_rl.protocol import connection
from trackmania_rl.protocol.service import running, service_app


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 20)
    monkeypatch.setitem(connection.TIMEOUTS, "head", 0.3)
    monkeypatch.setitem(connection.TIMEOUTS, "body", 0.4)
    with running(service_app("environment", [])) as url:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        yield parts.hostname, parts.port


def until_closed(client: socket.socket) -> bytes:
    """Everything that comes until the service closes the connection."""
    client.settimeout(20)
    said = b""
    while True:
        try:
            data = client.recv(65536)
        except ConnectionError:
            return said
        if not data:
            return said
        said += data


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
     b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"],
    ids=["nothing", "line", "head", "body"],
)  # fmt: skip
def test_a_request_that_is_never_whole_is_given_up(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as client:
        client.sendall(begun)
        assert b" 200 " not in until_closed(client)


def test_a_trickle_does_not_prolong_it(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        gone = False
        deadline = time.monotonic() + 20
        while not gone and time.monotonic() < deadline:
            try:
                client.sendall(b"X-Slow: 1\r\n")
                client.settimeout(0.05)
                gone = client.recv(1000).startswith(b"HTTP/1.1 408")
            except TimeoutError:
                pass
        assert gone


def test_a_slow_request_in_time_is_answered(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n")
        time.sleep(0.05)
        client.sendall(b"Host: localhost\r\nConnection: close\r\n\r\n")
        assert until_closed(client).startswith(b"HTTP/1.1 200")


def test_a_kept_connection_may_rest_between_requests(address: tuple[str, int]) -> None:
    client = http.client.HTTPConnection(*address)
    client.connect()
    opened = client.sock
    for _ in range(3):
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b'{"ok":true}'
        time.sleep(0.5)
    assert client.sock is opened
    client.close()


def test_an_endless_head_is_refused(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        sent = 0
        try:
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
            while sent < 64 << 20:
                client.sendall(b"X: " + b"y" * 8000 + b"\r\n")
                sent += 8000
        except ConnectionError:
            pass
        assert sent < 16 << 20


def test_too_many_connections_do_not_shut_out_those_who_are_here(address: tuple[str, int]) -> None:
    here = http.client.HTTPConnection(*address)
    here.request("GET", "/healthz")
    here.getresponse().read()
    with ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(address)) for _ in range(60)]
        here.request("GET", "/healthz")
        assert here.getresponse().status == 200
        newcomer = http.client.HTTPConnection(*address)  # one that speaks is let in, a silent one goes
        newcomer.request("GET", "/healthz")
        assert newcomer.getresponse().status == 200
        newcomer.close()
        for client in crowd:  # turned away at once, or after their time
            until_closed(client)
    here.close()
    again = http.client.HTTPConnection(*address)
    again.request("GET", "/healthz")
    assert again.getresponse().status == 200
    again.close()
