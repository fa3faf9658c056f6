"""Requests to a service, and what becomes of them when it refuses or is not there."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Problem, Version

T = TypeVar("T")

ANSWER_TIMEOUT = 120.0
"""Longest wait for an answer: the first batch of worlds compiles its kernels before it [s]."""
BACKOFF_MIN, BACKOFF_MAX = 0.1, 3.0
"""Pause before the second and before the many-th attempt to reach a service [s]."""


class ServiceAbsentError(InputError):
    """No service answers there; one may come later."""


class _AtOnce(http.client.HTTPConnection):
    """Sends a request's head and body together: the service is woken once for it instead of twice."""

    _parts: list[bytes] | None = None

    def request(self, *arguments: Any, **more: Any) -> None:
        """Send a request."""
        self._parts = []
        try:
            super().request(*arguments, **more)
        finally:
            parts, self._parts = self._parts, None
        self.send(b"".join(parts))

    def send(self, data: Any) -> None:
        """Send, or keep until the request is whole."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class _AtOnceSecure(_AtOnce, http.client.HTTPSConnection):
    """The same over TLS."""


class ServiceClient:
    """Requests to one service over a connection that is kept open.

    Built on http.client, whose round trip costs a third of that of the popular client libraries.
    Not for use from several threads at once.

    Args:
        url: Address of the service, e.g. "http://127.0.0.1:8080".
        token: Token of a service that asks for one.
        name: What the service is called in errors, "environment" or "model".
        timeout: Longest wait for an answer [s].
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        name: str = "environment",
        timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        self.url = service_url(url)
        self.name = name
        parts = urlsplit(self.url)
        kind = _AtOnceSecure if parts.scheme == "https" else _AtOnce
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, kind: type[T]) -> T:
        """The answer of a GET request."""
        return msgspec.json.decode(self.request("GET", path), type=kind)

    def post(self, path: str, message: msgspec.Struct, kind: type[T]) -> T:
        """The answer of a POST request."""
        return msgspec.json.decode(self.request("POST", path, msgspec.json.encode(message)), type=kind)

    def delete(self, path: str) -> None:
        """A DELETE request."""
        self.request("DELETE", path)

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of an answer.

        Raises:
            ServiceAbsentError: Nobody answers at the address.
            InputError: The service refused; with its words and status.
        """
        reused = self._connection.sock is not None
        try:
            self._connection.request(method, path, body, self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if reused and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                return self.request(method, path, body)  # it was closed while idle: a new one may do
            raise absent(self.name, self.url, error) from error
        if answer.status >= 400:
            raise refusal(answer.status, content)
        return content

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Used with `with`, it closes its connection at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def pauses(patience: float) -> Iterator[float]:
    """Growing pauses between attempts until patience ends [s]; by chance, as many come back at once."""
    deadline = time.monotonic() + patience
    pause = BACKOFF_MIN
    while (left := deadline - time.monotonic()) > 0.0:
        yield min(left, pause * random.uniform(0.5, 1.0))
        pause = min(2.0 * pause, BACKOFF_MAX)


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Try until the service is there, up to `patience` seconds after the first failure.

    Raises:
        ServiceAbsentError: It is still not there.
    """
    waits = pauses(patience)
    while True:
        try:
            return attempt()
        except ServiceAbsentError:
            pause = next(waits, None)
            if pause is None:
                raise
        time.sleep(pause)


def service_url(url: str) -> str:
    """An address without the slash at its end.

    Raises:
        InputError: It is none of http or https.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"«{url}» is no address of a service, expected e.g. http://127.0.0.1:8080", field="url"
        )
    return url.rstrip("/")


def check_services(urls: str, token: str | None = None) -> None:
    """Ask environment services, with commas between, whether they are there.

    Raises:
        ServiceAbsentError: One is not.
        InputError: What answers is no environment service.
    """
    for url in urls.split(","):
        with ServiceClient(url.strip(), token=token) as client:
            try:
                found = client.get("/api/version", Version).service
            except ServiceAbsentError:
                raise
            except (InputError, msgspec.DecodeError):
                found = "strange"
        if found != client.name:
            raise InputError(
                f"what answers at {client.url} is no {client.name} service: start one with "
                f"`trackmania-rl {client.name}`",
                field="url",
            )


def absent(name: str, url: str, error: Exception) -> ServiceAbsentError:
    """Nobody answers."""
    return ServiceAbsentError(
        f"no {name} service answers at {url} ({error or type(error).__name__}): "
        f"start one with `trackmania-rl {name}`",
        status=503,
    )


def refusal(status: int, body: bytes | bytearray | None) -> InputError:
    """A service's refusal as an error on this side."""
    try:
        problem = msgspec.json.decode(body or b"", type=Problem)
    except msgspec.DecodeError:
        return InputError(f"the service answered {status}: {(body or b'')[:200]!r}", status=status)
    return InputError(problem.detail, status=status, field=problem.field)
