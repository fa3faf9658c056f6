"""Streams to an environment service: opened, and greeted with a hello that says what they are for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import msgspec
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from trackmania_rl.protocol.client import ANSWER_TIMEOUT, ServiceAbsentError, absent, refusal
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import (
    BatchHello,
    DriveHello,
    Goodbye,
    StreamError,
    StreamMessage,
    Welcome,
)

CONNECT_TIMEOUT = 5.0
"""Longest wait for a connection [s]."""

_CONTROL: msgspec.json.Decoder[Welcome | StreamError | Goodbye] = msgspec.json.Decoder(StreamMessage)


def open_stream(url: str, hello: DriveHello | BatchHello) -> tuple[ClientConnection, Welcome]:
    """Open a stream and be welcomed; whoever asked for it closes it.

    Raises:
        ServiceAbsentError: Nobody answers at the address.
        InputError: The service refuses; with its words.
    """
    with _explained(url), contextlib.ExitStack() as stack:
        stream = stack.enter_context(
            connect(_address(url), compression=None, max_size=None, proxy=None, open_timeout=CONNECT_TIMEOUT)
        )
        stream.send(msgspec.json.encode(hello), text=True)
        welcome = _welcomed(url, stream.recv(ANSWER_TIMEOUT))
        stack.pop_all()
    return stream, welcome


async def open_async_stream(url: str, hello: DriveHello) -> AsyncConnection:
    """The same from an event loop.

    Raises:
        ServiceAbsentError: Nobody answers at the address.
        InputError: The service refuses; with its words.
    """
    opening = async_connect(
        _address(url), compression=None, max_size=None, proxy=None, open_timeout=CONNECT_TIMEOUT
    )
    with _explained(url):
        async with contextlib.AsyncExitStack() as stack:
            stream = await stack.enter_async_context(opening)
            await stream.send(msgspec.json.encode(hello), text=True)
            _welcomed(url, await asyncio.wait_for(stream.recv(), ANSWER_TIMEOUT))
            stack.pop_all()
    return stream


def control(data: str | bytes) -> Welcome | Goodbye:
    """A text frame that is no answer.

    Raises:
        InputError: It says that something was refused.
    """
    message = _CONTROL.decode(data)
    if isinstance(message, StreamError):
        raise InputError(message.detail)
    return message


def _address(url: str) -> str:
    return url.replace("http", "ws", 1) + "/api/stream"


def _welcomed(url: str, data: str | bytes) -> Welcome:
    """The answer to a hello."""
    message = control(data)
    if isinstance(message, Goodbye):
        raise ServiceAbsentError(f"the environment service at {url} is stopping", status=503)
    return message


@contextlib.contextmanager
def _explained(url: str) -> Iterator[None]:
    """Say in a sentence why a stream could not be opened."""
    try:
        yield
    except InvalidStatus as error:
        raise refusal(error.response.status_code, error.response.body) from error
    except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed) as error:
        raise absent("environment", url, error) from error
