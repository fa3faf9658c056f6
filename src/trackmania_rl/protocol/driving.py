"""Clients that drive one car of a race over a stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.client import (
    ServiceAbsentError,
    ServiceClient,
    patiently,
    pauses,
    service_url,
)
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.streams import control, open_async_stream, open_stream


class Driver:
    """Who drives one car, and how it greets the service.

    Args:
        url: Address of the environment service.
        agent: Who drives.
        token: Token of a service that asks for one.
        patience: Longest time without the service before `answers` gives up [s].
    """

    def __init__(
        self, url: str, agent: messages.AgentAdd, *, token: str | None = None, patience: float = float("inf")
    ) -> None:
        self.url = service_url(url)
        self.agent = agent
        self.token = token
        self.patience = patience
        self._seq = 0
        self._closed = False

    @property
    def _hello(self) -> messages.DriveHello:
        return messages.DriveHello(
            protocol=PROTOCOL_VERSION, agent_id=self.agent.agent_id, push=True, token=self.token
        )

    def _request(self, action: NDArray[Any]) -> bytes:
        """The message that drives an action, each with the next number."""
        self._seq += 1
        return msgspec.json.encode(drive_request(self.agent.agent_id, action, self._seq))


class DriveClient(Driver):
    """One car of a race: what it senses comes at each step, its action goes back.

    The agent joins the race when the stream opens, and again after the service was away: `answers` goes on
    by itself, with growing pauses between its attempts.

    For the arguments see `Driver`.
    """

    _stream: ClientConnection | None = None

    def answers(self, timeout: float | None = None) -> Iterator[messages.ActionAnswer]:
        """What the car senses, one answer per step of the race, for as long as the client is open.

        Args:
            timeout: End after this time without an answer, e.g. between two heats [s]; None: wait.

        Raises:
            InputError: The service refuses the agent, or was away for longer than `patience`.
        """
        while not self._closed:
            if self._stream is None:
                self._stream = patiently(self._open, self.patience)
                if self._closed:  # while it opened
                    self._stream.close()
                    return
            try:
                data = self._stream.recv(timeout)
            except TimeoutError:
                return
            except ConnectionClosed:
                self._stream = None
                continue
            try:
                yield msgspec.json.decode(data, type=messages.ActionAnswer)
            except msgspec.ValidationError:
                control(data)

    def act(self, action: NDArray[Any]) -> None:
        """Send the action for the coming step; lost silently while the service is away.

        Args:
            action: Gas, brake and steering as the environments take them, (3,) of -1..1; the negative part
                of a pedal releases it.
        """
        if self._stream is None:
            return
        with contextlib.suppress(ConnectionClosed):
            self._stream.send(self._request(action), text=True)

    def close(self) -> None:
        """Close the stream; the agent stays in the race, its car coasts. May be called from any thread."""
        self._closed = True
        if self._stream is not None:
            self._stream.close()

    def _open(self) -> ClientConnection:
        join(self.url, self.agent, self.token)
        stream, _ = open_stream(self.url, self._hello)
        return stream


class AsyncDriveClient(Driver):
    """One car of a race from an event loop: `DriveClient` with the same verbs, awaited.

    Back-pressure: the service keeps two answers at most for a client that is slow, and drops the older
    ones; `act` waits while the socket is full.

    For the arguments see `Driver`.
    """

    _stream: AsyncConnection | None = None

    async def answers(self, timeout: float | None = None) -> AsyncIterator[messages.ActionAnswer]:
        """What the car senses, one answer per step of the race, for as long as the client is open.

        Args:
            timeout: End after this time without an answer, e.g. between two heats [s]; None: wait.

        Raises:
            InputError: The service refuses the agent, or was away for longer than `patience`.
        """
        while not self._closed:
            if self._stream is None:
                self._stream = await self._patiently()
                if self._closed:  # while it opened
                    await self._stream.close()
                    return
            try:
                data = await asyncio.wait_for(self._stream.recv(), timeout)
            except TimeoutError:
                return
            except ConnectionClosed:
                self._stream = None
                continue
            try:
                yield msgspec.json.decode(data, type=messages.ActionAnswer)
            except msgspec.ValidationError:
                control(data)

    async def act(self, action: NDArray[Any]) -> None:
        """Send the action for the coming step; lost silently while the service is away.

        Args:
            action: Gas, brake and steering as the environments take them, (3,) of -1..1.
        """
        if self._stream is None:
            return
        with contextlib.suppress(ConnectionClosed):
            await self._stream.send(self._request(action), text=True)

    async def close(self) -> None:
        """Close the stream; the agent stays in the race, its car coasts."""
        self._closed = True
        if self._stream is not None:
            await self._stream.close()

    async def _patiently(self) -> AsyncConnection:
        """The stream, as soon as the service is there."""
        waits = pauses(self.patience)
        while True:
            try:
                await asyncio.to_thread(join, self.url, self.agent, self.token)
                return await open_async_stream(self.url, self._hello)
            except ServiceAbsentError:
                pause = next(waits, None)
                if pause is None:
                    raise
            await asyncio.sleep(pause)


def join(url: str, agent: messages.AgentAdd, token: str | None = None) -> None:
    """Bring an agent into a race; one that is in it already stays.

    Raises:
        ServiceAbsentError: Nobody answers at the address.
        InputError: The service refuses the agent.
    """
    try:
        with ServiceClient(url, token=token) as requests:
            requests.post("/api/agents/add", agent, messages.Race)
    except InputError as error:
        if error.status != 409:
            raise


def drive_request(agent_id: str, action: NDArray[Any], seq: int) -> messages.ActionRequest:
    """An action of -1..1 as it travels; the negative part of a pedal releases it."""
    raw = np.clip(np.asarray(action, np.float32), -1.0, 1.0).tolist()
    return messages.ActionRequest(
        agent_id=agent_id,
        action=messages.Action(gas=max(0.0, raw[0]), brake=max(0.0, raw[1]), steering=raw[2]),
        timestamp=messages.timestamp(),
        seq=seq,
        raw=raw,
    )
