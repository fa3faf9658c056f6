"""Many agents and viewers of one race, for long: do memory and latency stay as they are?"""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Annotated, Any

import typer

from trackmania_rl.bench.service import Started, started

PERIOD = 0.05
"""Time from one action of an agent to the next [s]."""
LINE = 60.0
"""Time of a line of the table [s]; a short soak has six lines."""
CONNECTING = 20
"""Streams that are opened at once."""


def command(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 60.0,
    agents: Annotated[int, typer.Option(min=1, max=64, help="Agents, 20 actions a second each.")] = 64,
    viewers: Annotated[int, typer.Option(min=0, max=256, help="Viewers, 60 frames a second each.")] = 50,
    idle: Annotated[
        int, typer.Option(min=0, help="Connections that say nothing, opened anew all the time.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Drive and watch a race for long; memory and latency, line by line."""
    import uvloop
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True)
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
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table(*lines[0], box=None, header_style="dim")
    for one in lines:
        table.add_row(*(f"{value:g}" for value in one.values()))
    Console().print(table)


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
            tasks += [group.create_task(self._lurk()) for _ in range(self.idle)]
            while len(self._times) < self.agents:
                await asyncio.sleep(0.1)
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
        cpu, began = self.service.cpu_seconds, time.perf_counter()
        await asyncio.sleep(period)
        taken = time.perf_counter() - began
        times = sorted(self._times)
        return {
            "minute": round(at / 60, 2),
            "actions_per_second": round(len(times) / taken, 1),
            "p50_ms": round(1000 * times[len(times) // 2], 3),
            "p99_ms": round(1000 * times[int(0.99 * len(times))], 3),
            "frames_per_viewer": round(self._frames / taken / max(1, self.viewers), 1),
            "service_cores": round((self.service.cpu_seconds - cpu) / taken, 3),
            "memory_mb": round(self.service.memory, 1),
        }

    async def _drive(self, agent: str) -> None:
        """An agent that sends an action and waits for its answer, 20 times a second."""
        import msgspec
        from websockets.asyncio.client import connect

        from trackmania_rl.protocol import PROTOCOL_VERSION, messages
        from trackmania_rl.protocol.client import ServiceClient

        client = ServiceClient(self.service.url)
        await asyncio.to_thread(
            client.post, "/api/agents/add", messages.AgentAdd(agent_id=agent), messages.Race
        )
        client.close()
        action = messages.Action(gas=0.6, brake=0.0, steering=0.1)
        request = msgspec.json.encode(messages.ActionRequest(agent_id=agent, action=action, timestamp=""))
        hello = messages.DriveHello(protocol=PROTOCOL_VERSION, agent_id=agent)
        async with self._opening:
            stream = await connect(self.service.url.replace("http", "ws") + "/api/stream", compression=None)
            await stream.send(msgspec.json.encode(hello), text=True)
            await stream.recv()
        due = time.perf_counter() + random.uniform(0.0, PERIOD)
        async with stream:
            while True:
                due += PERIOD
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                began = time.perf_counter()
                await stream.send(request, text=True)
                await stream.recv()
                self._times.append(time.perf_counter() - began)

    async def _watch(self) -> None:
        """A viewer that reads all that comes."""
        from websockets.asyncio.client import connect

        async with self._opening:
            stream = await connect(self.service.url.replace("http", "ws") + "/api/watch", compression=None)
        async with stream:
            async for data in stream:
                self._frames += isinstance(data, bytes)

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
            await asyncio.sleep(0.1)
