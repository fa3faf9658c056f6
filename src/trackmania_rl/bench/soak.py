"""Many agents and viewers of one race, for long: do memory and latency stay as they are?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.bench.service import START_TIMEOUT, Started, quantile, started
from trackmania_rl.bench.stream import BINARY, Stream
from trackmania_rl.protocol import PROTOCOL_VERSION, messages
from trackmania_rl.protocol.options import Json

PERIOD = 0.05
"""Time from one action of an agent to the next [s]."""
LINE = 60.0
"""Time of a line of the table [s]; a short soak has six lines."""
ANSWERS = "trackmania_stream_answer_seconds"
"""The service's own histogram of the time from an action to its answer."""
RESERVED = 500
"""Files that are kept free of idle connections, for streams and everything else."""
CONNECTING = 20
"""Streams that are opened at once."""


def command(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long [min].")] = 60.0,
    agents: Annotated[int, typer.Option(min=1, max=64, help="Agents, 20 actions a second each.")] = 64,
    viewers: Annotated[int, typer.Option(min=0, max=256, help="Viewers, 60 frames a second each.")] = 50,
    idle: Annotated[
        int, typer.Option(min=0, help="Connections that say nothing, opened anew all the time.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Drive and watch a race for long; memory and latency, line by line."""
    import uvloop
    from rich.console import Console

    console = Console(stderr=True)
    if (room := _room()) < idle:
        console.print(
            f"This system lets a process open {room:,} connections: so many are idle, not {idle:,}."
        )
        idle = room
    line = ("environment", "--agents", str(agents), "--streams", str(agents), "--port")
    with started("trackmania_rl", *line) as service:
        lines = uvloop.run(Soak(service, agents, viewers, idle).run(60 * minutes, console.print))
    settled = lines[min(1, len(lines) - 1) :]
    figures: dict[str, Any] = {
        "minutes": minutes,
        "agents": agents,
        "viewers": viewers,
        "idle": idle,
        "memory_growth_mb": round(settled[-1]["memory_mb"] - settled[0]["memory_mb"], 1),
        "lines": lines,
    }
    show(figures, tables, as_json)


def headline(figures: dict[str, Any]) -> str:
    """Latency under load, and the growth of the memory."""
    last = figures["lines"][-1]
    return (
        f"{figures['agents']} agents and {figures['viewers']} viewers for {figures['minutes']:g} minutes: "
        f"action to observation p50 {last['p50_ms']:.1f}, p99 {last['p99_ms']:.1f} ms, memory "
        f"{figures['memory_growth_mb']:+.1f} MB"
    )


def tables(figures: dict[str, Any]) -> Iterator[RenderableType]:
    """The lines, one for each look."""
    table = Table(*(name.replace("_", " ") for name in figures["lines"][0]))
    for line in figures["lines"]:
        table.add_row(*(f"{value:g}" for value in line.values()))
    yield table


def _room() -> int:
    """How many idle connections this process may open; the limit is raised as far as it goes."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - RESERVED


class Soak:
    """The load on a service.

    Args:
        service: The environment service.
        agents: Agents that drive.
        viewers: Viewers that watch.
        idle: Connections that say nothing.
    """

    def __init__(self, service: Started, agents: int, viewers: int, idle: int) -> None:
        self.service = service
        self.agents = agents
        self.viewers = viewers
        self.idle = idle
        self._times: list[float] = []
        self._frames = 0
        self._opening = asyncio.Semaphore(CONNECTING)

    async def run(self, seconds: float, say: Any) -> list[dict[str, float]]:
        """Load it, and look at it from time to time."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drive(f"agent_{k}")) for k in range(self.agents)]
            tasks += [group.create_task(self._watch()) for _ in range(self.viewers)]
            async with asyncio.timeout(START_TIMEOUT):
                while len(self._times) < self.agents:
                    await asyncio.sleep(0.1)
            tasks += [group.create_task(self._lurk()) for _ in range(self.idle)]
            lines = []
            period = min(LINE, seconds / 6)
            for k in range(round(seconds / period)):
                lines.append(await self._line(period, (k + 1) * period))
                say(lines[-1])
            for task in tasks:
                task.cancel()
        return lines

    async def _line(self, period: float, at: float) -> dict[str, float]:
        self._times, self._frames = [], 0
        before = self.service.buckets(ANSWERS)
        cpu, own, began = self.service.cpu_seconds, time.process_time(), time.perf_counter()
        await asyncio.sleep(period)
        taken = time.perf_counter() - began
        times = sorted(self._times)
        return {
            "minute": round(at / 60, 2),
            "actions_per_second": round(len(times) / taken, 1),
            "p50_ms": round(1000 * times[len(times) // 2], 3),
            "p99_ms": round(1000 * times[int(0.99 * len(times))], 3),
            "service_p99_ms": round(1000 * quantile(0.99, before, self.service.buckets(ANSWERS)), 3),
            "frames_per_viewer": round(self._frames / taken / max(1, self.viewers), 1),
            "service_cores": round((self.service.cpu_seconds - cpu) / taken, 3),
            "load_cores": round((time.process_time() - own) / taken, 3),
            "memory_mb": round(self.service.memory, 1),
        }

    async def _drive(self, agent: str) -> None:
        """An agent that sends an action and waits for its answer, 20 times a second."""
        from trackmania_rl.protocol import messages
        from trackmania_rl.protocol.client import ServiceClient

        client = ServiceClient(self.service.url)
        await asyncio.to_thread(
            client.post, "/api/agents/add", messages.AgentAdd(agent_id=agent), messages.Race
        )
        client.close()
        await self._connected(lambda: Agent(agent, self._answered))

    async def _watch(self) -> None:
        """A viewer that reads all that comes."""
        await self._connected(lambda: Viewer(self._seen))

    async def _connected(self, stream: Callable[[], Stream]) -> None:
        """A stream for as long as the service is there.

        Raises:
            ConnectionError: It ended.
        """
        parts = urlsplit(self.service.url)
        async with self._opening:
            transport, open_stream = await asyncio.get_running_loop().create_connection(
                stream, parts.hostname or "", parts.port or 80
            )
        try:
            await open_stream.closed
            raise ConnectionError("the service closed a stream")
        finally:
            transport.close()

    def _answered(self, seconds: float) -> None:
        self._times.append(seconds)

    def _seen(self) -> None:
        self._frames += 1

    async def _lurk(self) -> None:
        """A connection that says nothing until it is closed, and comes again."""
        port = int(self.service.url.rsplit(":", 1)[1])
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                await reader.read()
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(1.0)


class Agent(Stream):
    """An agent that sends an action 20 times a second, each when the answer to the last one has come.

    Args:
        agent_id: Who drives; it is in the race.
        answered: Told of each answer how long it took [s].
    """

    def __init__(self, agent_id: str, answered: Callable[[float], None]) -> None:
        super().__init__("/api/stream")
        action = messages.Action(gas=0.6, brake=0.0, steering=0.1)
        request = messages.ActionRequest(agent_id=agent_id, action=action, timestamp="")
        self._request = msgspec.json.encode(request)
        self._hello = messages.DriveHello(protocol=PROTOCOL_VERSION, agent_id=agent_id)
        self._answered = answered
        self._due = self._sent = 0.0

    def opened(self) -> None:
        """Say hello."""
        self.send(msgspec.json.encode(self._hello))

    def received(self, kind: int, payload: bytes) -> None:
        """A welcome or an answer: the next action when it is due."""
        now = time.perf_counter()
        if self._sent:
            self._answered(now - self._sent)
            self._due = max(now, self._due + PERIOD)
        else:
            self._due = now + random.uniform(0.0, PERIOD)
        asyncio.get_running_loop().call_later(self._due - now, self._act)

    def _act(self) -> None:
        if not self.closed.done():
            self._sent = time.perf_counter()
            self.send(self._request)


class Viewer(Stream):
    """A viewer that looks at nothing.

    Args:
        seen: Told of each frame of poses.
    """

    def __init__(self, seen: Callable[[], None]) -> None:
        super().__init__("/api/watch")
        self._seen = seen

    def received(self, kind: int, payload: bytes) -> None:
        """Count it."""
        if kind == BINARY:
            self._seen()
