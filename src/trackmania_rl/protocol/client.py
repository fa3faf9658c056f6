"""Clients of the services: single requests, one car of a race, a whole batch of worlds."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import random
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import gymnasium
import msgspec
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import FINAL_INFO, Floats, Kind, Step, pack_rows, unpack_rows, unpack_step

T = TypeVar("T")

_CONTROL: msgspec.json.Decoder[messages.Welcome | messages.StreamError | messages.Goodbye] = (
    msgspec.json.Decoder(messages.StreamMessage)
)

_RECORDED: msgspec.json.Decoder[messages.BatchRecorded | messages.StreamError | messages.Goodbye] = (
    msgspec.json.Decoder(messages.RecordAnswer)
)

ANSWER_TIMEOUT = 120.0
"""Longest wait for an answer: the first batch of worlds compiles its kernels before it [s]."""
CONNECT_TIMEOUT = 5.0
"""Longest wait for a connection [s]."""
_FINAL_TYPES = {"finished": np.bool_, "cause": np.uint8}
"""Types of the final info that are not float32, as the environments have them."""
INFINITE = 3.4e38
"""Bounds of a space from here on mean infinity, which JSON has not."""
BACKOFF_MIN, BACKOFF_MAX = 0.1, 3.0
"""Pause before the second and before the many-th attempt to reconnect [s]."""


class ServiceAbsentError(InputError):
    """No service answers there; one may come later."""


class StreamLostError(InputError):
    """An open stream broke: the service stopped, or the network did."""


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
        """Close the connection."""
        self._connection.close()


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
                _control(data)

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
                _control(data)

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
        deadline = time.monotonic() + self.patience
        pause = BACKOFF_MIN
        while True:
            try:
                await asyncio.to_thread(join, self.url, self.agent, self.token)
                return await self._open()
            except ServiceAbsentError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.0)))
                pause = min(2 * pause, BACKOFF_MAX)

    async def _open(self) -> AsyncConnection:
        address = self.url.replace("http", "ws", 1) + "/api/stream"
        opening = async_connect(
            address, compression=None, max_size=None, proxy=None, open_timeout=CONNECT_TIMEOUT
        )
        try:
            stream = await contextlib.AsyncExitStack().enter_async_context(opening)
            await stream.send(msgspec.json.encode(self._hello), text=True)
            welcome = _control(await asyncio.wait_for(stream.recv(), ANSWER_TIMEOUT))
        except InvalidStatus as error:
            raise refusal(error.response.status_code, error.response.body) from error
        except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed) as error:
            raise absent("environment", self.url, error) from error
        if not isinstance(welcome, messages.Welcome):
            await stream.close()
            raise ServiceAbsentError(f"the environment service at {self.url} is stopping", status=503)
        return stream


def join(url: str, agent: messages.AgentAdd, token: str | None = None) -> None:
    """Bring an agent into a race; one that is in it already stays.

    Raises:
        ServiceAbsentError: Nobody answers at the address.
        InputError: The service refuses the agent.
    """
    requests = ServiceClient(url, token=token)
    try:
        requests.post("/api/agents/add", agent, messages.Race)
    except InputError as error:
        if error.status != 409:
            raise
    finally:
        requests.close()


def drive_request(agent_id: str, action: NDArray[Any], seq: int) -> messages.ActionRequest:
    """An action of -1..1 as it travels; the negative part of a pedal releases it."""
    raw = np.clip(np.asarray(action, np.float32), -1.0, 1.0).tolist()
    return messages.ActionRequest(
        agent_id=agent_id,
        action=messages.Action(gas=max(0.0, raw[0]), brake=max(0.0, raw[1]), steering=raw[2]),
        timestamp=timestamp(),
        seq=seq,
        raw=raw,
    )


class RemoteVectorEnv(VectorEnv[Floats, NDArray[Any], Any]):
    """A batch of worlds in an environment service: the same Gymnasium interface as a local batch.

    When the service goes away in the middle of a step, the client waits for it up to `patience` seconds,
    resets, and reports the cut as an ordinary truncation of all episodes (reward 0, the last observation
    seen as the final one) with `info["interrupted"]` set.

    Args:
        url: Address of the environment service.
        env: Id of the environment, e.g. "TrackMania/Horizon-v0".
        worlds: Number of parallel worlds.
        track: Track's id; None: the environment's default.
        options: Keyword arguments of the environment.
        token: Token of a service that asks for one.
        patience: Longest wait for a service that is not there [s].

    Raises:
        InputError: No service answers, or it refuses.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 (as Gymnasium has it)

    def __init__(
        self,
        url: str,
        env: str,
        worlds: int,
        *,
        track: str | None = None,
        options: dict[str, Any] | None = None,
        token: str | None = None,
        patience: float = 0.0,
    ) -> None:
        self.url = service_url(url)
        self.patience = patience
        self._hello = messages.BatchHello(
            protocol=PROTOCOL_VERSION,
            env=env,
            worlds=worlds,
            track=track,
            options=options or {},
            token=token,
        )
        self._stream, welcome = patiently(self._open, patience)
        assert welcome.spec is not None
        self.environment_spec = welcome.spec
        self.metadata = {**self.metadata, "version": welcome.spec.version}
        self.num_envs = worlds
        self.single_observation_space = space(welcome.spec.observation)
        self.single_action_space = space(welcome.spec.action)
        self.observation_space = batch_space(self.single_observation_space, worlds)
        self.action_space = batch_space(self.single_action_space, worlds)
        self._seq = 0
        self._observations: Floats | None = None

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin new episodes in all worlds."""
        if isinstance(seed, list):
            raise InputError("one seed per world does not travel over the wire: give one seed", field="seed")
        try:
            self._observations = self._reset(seed)
        except ConnectionClosed:
            self._reconnect()
            self._observations = self._reset(seed)
        return self._observations, {}

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Drive all worlds one step; worlds whose episode ends begin a new one in the same step."""
        if self._observations is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        rows = np.asarray(actions, np.float32).reshape(self.num_envs, -1)
        self._seq = (self._seq + 1) & 0x7FFFFFFF
        try:
            self._stream.send(pack_rows(Kind.ACTIONS, rows, self._seq))
            step, _ = unpack_step(_binary(self._receive()))
        except ConnectionClosed:
            return self._interrupted()
        self._observations = self._shaped(step.observations)
        return (
            self._observations,
            step.rewards.copy(),
            step.terminated.copy(),
            step.truncated.copy(),
            self._info(step),
        )

    def record(self, world: int, actions: NDArray[Any], name: str, replay: str) -> str | None:
        """Let the service keep an episode of a world as a replay.

        Returns:
            Its id; None where the worlds cannot be told by a tape, as all that are not ours, or the service
            went away meanwhile.

        Raises:
            InputError: The service refuses; with its words.
        """
        if not self.environment_spec.track:
            return None
        request = messages.BatchRecord(world=world, actions=actions.tolist(), name=name, replay=replay)
        try:
            self._stream.send(msgspec.json.encode(request), text=True)
            answer = _RECORDED.decode(self._receive())
        except ConnectionClosed:
            return None  # the next step finds out
        if isinstance(answer, messages.StreamError):
            raise InputError(answer.detail)
        return answer.replay if isinstance(answer, messages.BatchRecorded) else None

    def close_extras(self, **_: Any) -> None:
        """Close the stream; the service lets go of the worlds."""
        self._stream.close()

    def _open(self) -> tuple[ClientConnection, messages.Welcome]:
        return open_stream(self.url, self._hello)

    def _reset(self, seed: int | None) -> Floats:
        self._stream.send(msgspec.json.encode(messages.BatchReset(seed=seed)), text=True)
        rows, _ = unpack_rows(_binary(self._receive()), Kind.OBSERVATIONS)
        return self._shaped(rows)

    def _receive(self) -> str | bytes:
        try:
            data: str | bytes = self._stream.recv(ANSWER_TIMEOUT)
        except TimeoutError as error:
            raise StreamLostError(
                f"the environment service at {self.url} has not answered for {ANSWER_TIMEOUT:.0f} s: "
                "look into its log, or take fewer worlds"
            ) from error
        return data

    def _reconnect(self) -> None:
        """Open the stream again.

        Raises:
            InputError: The service stays away, or has other spaces now.
        """
        self._stream, welcome = patiently(self._open, self.patience)
        if welcome.spec != self.environment_spec:
            raise StreamLostError(
                f"the environment service at {self.url} came back with another {self._hello.env}: start anew"
            )

    def _interrupted(
        self,
    ) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """The step that never came back: every episode was cut off where it was last seen."""
        assert self._observations is not None
        final = self._observations
        self._reconnect()
        self._observations = self._reset(None)
        everywhere = np.ones(self.num_envs, np.bool_)
        unknown = np.full((self.num_envs, len(FINAL_INFO)), np.nan, np.float32)
        info = self._final(np.arange(self.num_envs), final.reshape(self.num_envs, -1), unknown)
        info["interrupted"] = everywhere.copy()
        nothing = np.zeros(self.num_envs, np.float32)
        return self._observations, nothing, ~everywhere, everywhere, info

    def _info(self, step: Step) -> dict[str, Any]:
        if not len(step.ended):
            return {}
        return self._final(step.ended, step.final_observations, step.final_info)

    def _final(self, ended: NDArray[Any], observations: Floats, info: Floats) -> dict[str, Any]:
        """Gymnasium's account of ended episodes: arrays over all worlds with masks."""
        mask = np.zeros(self.num_envs, np.bool_)
        mask[ended] = True
        final = np.zeros((self.num_envs, observations.shape[1]), np.float32)
        final[ended] = observations
        values: dict[str, NDArray[Any]] = {}
        for column, name in enumerate(FINAL_INFO):
            if not np.isnan(info[:, column]).all():  # else the environment does not say
                values[name] = np.zeros(self.num_envs, _FINAL_TYPES.get(name, np.float32))
                values[name][ended] = info[:, column]
        return {
            "final_obs": self._shaped(final),
            "_final_obs": mask,
            "final_info": values,
            "_final_info": mask,
        }

    def _shaped(self, rows: Floats) -> Floats:
        """Flat rows of the wire as the observation space has them."""
        shape, dtype = self.observation_space.shape, self.observation_space.dtype
        assert shape is not None
        return rows.reshape(shape).astype(dtype)  # a copy: the frame's memory is read-only


def open_stream(
    url: str, hello: messages.DriveHello | messages.BatchHello
) -> tuple[ClientConnection, messages.Welcome]:
    """Open a stream to the environment service and be welcomed.

    Raises:
        ServiceAbsentError: Nobody answers at the address.
        InputError: The service refuses; with its words.
    """
    address = url.replace("http", "ws", 1) + "/api/stream"
    try:
        # Entered, as websockets wants it; it is left by close(), which its owner calls.
        stream = contextlib.ExitStack().enter_context(
            connect(address, compression=None, max_size=None, proxy=None, open_timeout=CONNECT_TIMEOUT)
        )
    except InvalidStatus as error:
        raise refusal(error.response.status_code, error.response.body) from error
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise absent("environment", url, error) from error
    try:
        stream.send(msgspec.json.encode(hello), text=True)
        welcome = _control(stream.recv(ANSWER_TIMEOUT))
    except (ConnectionClosed, TimeoutError) as error:
        raise absent("environment", url, error) from error
    if not isinstance(welcome, messages.Welcome):
        stream.close()
        raise ServiceAbsentError(f"the environment service at {url} is stopping", status=503)
    return stream, welcome


def patiently(attempt: Any, patience: float) -> Any:
    """Try until the service is there, with growing pauses, up to `patience` seconds."""
    deadline = time.monotonic() + patience
    pause = BACKOFF_MIN
    while True:
        try:
            return attempt()
        except ServiceAbsentError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            time.sleep(min(left, pause * random.uniform(0.5, 1.0)))  # many clients come back at once
            pause = min(2 * pause, BACKOFF_MAX)


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
        problem = msgspec.json.decode(body or b"", type=messages.Problem)
    except msgspec.DecodeError:
        return InputError(f"the service answered {status}: {(body or b'')[:200]!r}", status=status)
    return InputError(problem.detail, status=status, field=problem.field)


def space(description: messages.Space) -> gymnasium.Space[Any]:
    """A Gymnasium space from its description."""
    if description.kind == "discrete":
        return gymnasium.spaces.Discrete(description.n, start=description.start)
    dtype = np.dtype(description.dtype)
    low, high = (
        _bound(bound, description.shape).astype(dtype) for bound in (description.low, description.high)
    )
    return gymnasium.spaces.Box(low, high, dtype=dtype.type)


def describe(space: gymnasium.Space[Any]) -> messages.Space:
    """The description of a Gymnasium space.

    Raises:
        InputError: It is neither Box nor Discrete.
    """
    if isinstance(space, gymnasium.spaces.Discrete):
        return messages.Space(
            kind="discrete", shape=[], dtype=str(space.dtype), n=int(space.n), start=int(space.start)
        )
    if not isinstance(space, gymnasium.spaces.Box):
        raise InputError(f"the space {space} does not travel over the wire, expected a Box or a Discrete")
    low, high = (
        np.clip(bound.astype(np.float64).ravel(), -INFINITE, INFINITE).tolist()
        for bound in (space.low, space.high)
    )
    return messages.Space(
        kind="box",
        shape=list(space.shape),
        dtype=str(space.dtype),
        low=low[0] if len(set(low)) == 1 else low,
        high=high[0] if len(set(high)) == 1 else high,
    )


def _bound(bound: list[float] | float, shape: list[int]) -> NDArray[np.float64]:
    values = np.broadcast_to(np.asarray(bound, np.float64), (int(np.prod(shape)),)).reshape(shape)
    return np.where(np.abs(values) < INFINITE, values, np.copysign(np.inf, values))


def timestamp() -> str:
    """Now, in ISO 8601 as the messages have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _control(data: str | bytes) -> messages.Welcome | messages.Goodbye:
    """A text frame that is no answer.

    Raises:
        InputError: It says that something was refused.
    """
    message = _CONTROL.decode(data)
    if isinstance(message, messages.StreamError):
        raise InputError(message.detail)
    return message


def _binary(data: str | bytes) -> bytes:
    """A binary frame; a text frame in its place says why there is none."""
    if isinstance(data, str):
        _control(data)
        raise ConnectionClosedOK(None, None)  # goodbye: the close frame follows
    return data
