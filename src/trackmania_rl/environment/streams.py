"""The WebSocket streams: one car of a race, a batch of worlds, and viewers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect, WebSocketException
from litestar.params import FromQuery

from trackmania_rl.environment.batch import Batch
from trackmania_rl.environment.outbox import Outbox
from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.race.races import Races
from trackmania_rl.environment.show import Show
from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.access import Access, bearer
from trackmania_rl.protocol.decoding import decode
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.metrics import Histogram, Metric

Socket = WebSocket[Any, Any, Any]

HELLO_TIMEOUT = 10.0
"""A client that has not said hello after this time is sent away [s]."""
GONE = (WebSocketDisconnect, ConnectionError)
"""What a listener's leaving looks like."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much the service takes on.

    Attributes:
        streams: Open driving and learning streams.
        viewers: Open watching streams.
        worlds: Worlds in one batch.
    """

    streams: int = 64
    viewers: int = 256
    worlds: int = 16384


@dataclass(eq=False)
class Streams:
    """All open streams of the service.

    Attributes:
        races: What can be driven and watched.
        access: Who may drive.
        limits: How many.
        show: What is hosted in place of races, if anything.
    """

    races: Races
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    show: Show | None = None

    def __post_init__(self) -> None:
        self._open: set[Socket] = set()
        self._viewers: set[Socket] = set()
        self._batches: set[Batch] = set()
        self._sessions = 0
        self._world_steps = 0
        self._step_seconds = 0.0
        self._frames_dropped = 0
        self._refused = 0
        self._answers = Histogram(
            "trackmania_stream_answer_seconds", "From an action on a driving stream to its answer."
        )

    def routes(self) -> list[Any]:
        """Litestar's handlers."""

        @websocket("/api/stream")
        async def stream(socket: Socket) -> None:
            """Drive one car of a race, or step a batch of worlds: the first frame says which."""
            await self._stream(socket)

        @websocket("/api/watch")
        async def watch(socket: Socket, race: FromQuery[str | None] = None) -> None:
            """Watch a race."""
            await self._watch(socket, race)

        return [stream, watch]

    def metrics(self) -> list[Metric | Histogram]:
        """How the streams are used."""
        batches = self._batches
        boxes = [box for live in self.races.live.values() for box in live.viewers]
        boxes += [] if self.show is None else self.show.viewers
        return [
            self._answers,
            Metric("trackmania_streams", "gauge", "Open driving and learning streams.", len(self._open)),
            Metric("trackmania_viewers", "gauge", "Open watching streams.", len(self._viewers)),
            Metric("trackmania_worlds", "gauge", "Worlds in batches.", sum(b.envs.num_envs for b in batches)),
            Metric(
                "trackmania_world_steps_total",
                "counter",
                "Steps of worlds in batches.",
                self._world_steps + sum(b.steps for b in batches),
            ),
            Metric(
                "trackmania_step_seconds_total",
                "counter",
                "Time spent in these steps.",
                self._step_seconds + sum(b.seconds for b in batches),
            ),
            Metric(
                "trackmania_frames_dropped_total",
                "counter",
                "Pose frames that slow viewers lost.",
                self._frames_dropped + sum(box.dropped for box in boxes),
            ),
            Metric(
                "trackmania_stream_refusals_total",
                "counter",
                "Frames and hellos of streams that were refused.",
                self._refused,
            ),
        ]

    async def goodbye(self) -> None:
        """Tell all that the service stops."""
        text = msgspec.json.encode(
            messages.Goodbye(detail="the service is stopping: come back later")
        ).decode()
        for socket in [*self._open, *self._viewers]:
            with contextlib.suppress(*GONE, WebSocketException, RuntimeError):
                await socket.send_data(text)
                await socket.close(1012, "the service is stopping")

    # --- driving and learning ---------------------------------------------------------------------

    async def _stream(self, socket: Socket) -> None:
        await socket.accept()
        with contextlib.suppress(*GONE):
            try:
                hello = await self._greet(socket)  # who may not drive takes no place from those who may
                if len(self._open) >= self.limits.streams:
                    raise InputError(
                        f"{len(self._open)} streams are open, the most the service takes", status=503
                    )
                self._open.add(socket)
                if isinstance(hello, messages.DriveHello):
                    await self._drive(socket, hello)
                else:
                    await self._batch(socket, hello)
            except InputError as error:
                await self._refuse(socket, error)
                await socket.close(1008, str(error)[:100])
            finally:
                self._open.discard(socket)

    async def _greet(self, socket: Socket) -> messages.DriveHello | messages.BatchHello:
        """The first frame, checked.

        Raises:
            InputError: It is late or no hello, of another protocol, or without the token.
        """
        try:
            data = await asyncio.wait_for(_receive(socket), HELLO_TIMEOUT)
        except TimeoutError:
            raise InputError(f"no hello within {HELLO_TIMEOUT:.0f} s") from None
        if not isinstance(data, str):
            raise InputError("the first frame is binary, expected a hello as text")
        hello: messages.DriveHello | messages.BatchHello = decode(data, messages.StreamHello)
        if hello.protocol != PROTOCOL_VERSION:
            older = "client" if hello.protocol < PROTOCOL_VERSION else "service"
            raise InputError(
                f"the client speaks protocol {hello.protocol}, this service speaks {PROTOCOL_VERSION}: "
                f"update the {older}",
                status=426,
                field="protocol",
            )
        client = socket.scope["client"]
        self.access.check_token(
            hello.token or bearer(socket.headers.get("authorization")), client[0] if client else ""
        )
        self._sessions += 1
        return hello

    async def _drive(self, socket: Socket, hello: messages.DriveHello) -> None:
        """One car of a race."""
        live = self.races.of(hello.agent_id)
        if hello.agent_id in live.drivers:
            raise InputError(
                f"{hello.agent_id} is driven by another stream: close that, or take another agent_id",
                status=409,
                field="agent_id",
            )
        live.race.entrant(hello.agent_id).seq = None  # a new client counts anew
        outbox = Outbox(frames_max=2)
        live.drivers[hello.agent_id] = outbox if hello.push else None
        try:
            await self._welcome(socket)
            async with _sending(socket, outbox, "text"):
                while True:
                    data = await _receive(socket)
                    came = time.perf_counter()
                    try:
                        answer = _acted(live.race, hello.agent_id, data)
                    except InputError as error:
                        await self._refuse(socket, error)
                        continue
                    if not hello.push:
                        await socket.send_data(msgspec.json.encode(answer).decode())
                        self._answers.observe(time.perf_counter() - came)
        finally:
            del live.drivers[hello.agent_id]
            if (entrant := live.race.entrants.get(hello.agent_id)) is not None:  # it may have left
                entrant.release()

    async def _batch(self, socket: Socket, hello: messages.BatchHello) -> None:
        """A batch of worlds; it lives in a thread, so that races go on meanwhile.

        One thread makes, steps and closes it: what draws pictures (SDL, OpenGL) belongs to its thread.
        """
        if hello.worlds > self.limits.worlds:
            raise InputError(
                f"worlds is {hello.worlds}, expected at most {self.limits.worlds}: open several streams",
                field="worlds",
            )
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "batch")
        batch = None
        try:
            batch = await loop.run_in_executor(thread, Batch, hello, self.show)
            self._batches.add(batch)
            await self._welcome(socket, batch.spec)
            while True:
                data = await _receive(socket)
                try:
                    answer = await loop.run_in_executor(thread, _advance, batch, data)
                except InputError as error:
                    await self._refuse(socket, error)
                else:
                    await socket.send_data(answer, mode="text" if isinstance(answer, str) else "binary")
                    if self.show is not None:
                        self.show.present()
        finally:
            if batch is not None:
                self._batches.discard(batch)
                self._world_steps += batch.steps
                self._step_seconds += batch.seconds
                thread.submit(batch.close)
                if self.show is not None:
                    self.show.left(batch.envs)
                    self.show.present()
            thread.shutdown(wait=False)

    async def _welcome(self, socket: Socket, spec: messages.EnvironmentSpec | None = None) -> None:
        welcome = messages.Welcome(protocol=PROTOCOL_VERSION, session=f"s{self._sessions}", spec=spec)
        await socket.send_data(msgspec.json.encode(welcome).decode())

    async def _refuse(self, socket: Socket, error: InputError) -> None:
        self._refused += 1
        await socket.send_data(msgspec.json.encode(messages.StreamError(detail=str(error))).decode())

    # --- watching ---------------------------------------------------------------------------------

    async def _watch(self, socket: Socket, race: str | None) -> None:
        await socket.accept()
        outbox = Outbox()
        with contextlib.suppress(*GONE):
            try:
                live = self.show or self.races.named(race)
                if len(self._viewers) >= self.limits.viewers:
                    raise InputError(
                        f"{len(self._viewers)} viewers are here, the most the service takes", status=503
                    )
            except InputError as error:
                await self._refuse(socket, error)
                await socket.close(1008, str(error)[:100])
                return
            outbox.text(msgspec.json.encode(live.description()).decode())
            self._viewers.add(socket)
            live.viewers.add(outbox)
            try:
                async with _sending(socket, outbox, "binary"):
                    while True:
                        await _receive(socket)  # viewers say nothing; this notices that they leave
            finally:
                live.viewers.discard(outbox)
                self._viewers.discard(socket)
                self._frames_dropped += outbox.dropped


def _acted(race: Race, agent_id: str, data: str | bytes) -> messages.ActionAnswer:
    """Answer a frame of a driver."""
    request = decode(data, messages.ActionRequest)
    if request.agent_id != agent_id:
        raise InputError(f"agent_id is {request.agent_id}, this stream drives {agent_id}", field="agent_id")
    return race.act(request)


def _advance(batch: Batch, data: str | bytes) -> str | bytes:
    """Answer a frame of a learner."""
    if isinstance(data, bytes):
        return batch.step(data)
    request: messages.BatchReset | messages.BatchRecord = decode(data, messages.BatchRequest)
    if isinstance(request, messages.BatchRecord):
        return msgspec.json.encode(batch.record(request)).decode()
    return batch.reset(request)


async def _receive(socket: Socket) -> str | bytes:
    """The next frame.

    Raises:
        WebSocketDisconnect: The other side left.
    """
    event: Any = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(detail="the other side left", code=event.get("code", 1005))
    data: bytes | None = event.get("bytes")
    return event["text"] if data is None else data


@contextlib.asynccontextmanager
async def _sending(socket: Socket, outbox: Outbox, frames: Literal["text", "binary"]) -> AsyncIterator[None]:
    """Send what comes into an outbox for as long as this lasts."""

    async def send() -> None:
        with contextlib.suppress(*GONE, RuntimeError):
            while True:
                data = await outbox.take()
                await socket.send_data(data, mode="text" if isinstance(data, str) else frames)
        with contextlib.suppress(*GONE, RuntimeError):
            await socket.close(1008, "this listener reads too slowly")

    task = asyncio.create_task(send())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
