"""Round trips to the environment service: an action goes out, an observation comes back."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from trackmania_rl.bench.service import started

WARM_UP = 200
"""Round trips of each kind before the first one that counts."""
TURNS = 10
"""The kinds take turns, so that other load on the machine falls on all of them."""

Trip = Callable[[], object]


def command(
    trips: Annotated[int, typer.Option(min=100, help="Round trips of each kind.")] = 3000,
    worlds: Annotated[int, typer.Option(min=1, help="Worlds of the batch.")] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Latency of an action by REST and by stream, and of a batch of worlds.

    The service is a process of its own; it races the car in real time meanwhile. Beside it, where FastAPI
    is installed, the same route as it is usually written: FastAPI with pydantic, simulating nothing.
    """
    figures = measure(trips, worlds)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    from rich.console import Console
    from rich.table import Table

    titles = {
        "rest": "one action, REST",
        "peer_rest": "one action, REST, FastAPI",
        "stream": "one action, stream",
        "batch": f"{worlds} worlds, stream",
    }
    table = Table("round trip", r"p50 \[ms]", r"p99 \[ms]", box=None, header_style="dim")
    for key, title in titles.items():
        if f"{key}_p50_ms" in figures:
            table.add_row(title, f"{figures[f'{key}_p50_ms']:.3f}", f"{figures[f'{key}_p99_ms']:.3f}")
    Console().print(table)


def measure(trips: int, worlds: int) -> dict[str, Any]:
    """Median and 99th percentile of each kind of round trip [ms]."""
    with _kinds(worlds) as kinds:
        times: dict[str, list[float]] = {key: [] for key in kinds}
        for trip in kinds.values():
            for _ in range(WARM_UP):
                trip()
        for _ in range(TURNS):
            for key, trip in kinds.items():
                times[key] += [_timed(trip) for _ in range(trips // TURNS)]
    figures: dict[str, Any] = {"trips": trips, "worlds": worlds}
    for key, taken in times.items():
        taken.sort()
        figures[f"{key}_p50_ms"] = round(1000 * taken[len(taken) // 2], 4)
        figures[f"{key}_p99_ms"] = round(1000 * taken[int(len(taken) * 0.99)], 4)
    figures["batch_car_steps_per_second"] = round(1000 * worlds / figures["batch_p50_ms"])
    if "peer_rest_p50_ms" in figures:
        figures["peer"] = "fastapi"
        figures["ratio"] = round(figures["peer_rest_p50_ms"] / figures["rest_p50_ms"], 2)
    return figures


def _timed(trip: Trip) -> float:
    began = time.perf_counter()
    trip()
    return time.perf_counter() - began


@contextlib.contextmanager
def _kinds(worlds: int) -> Iterator[dict[str, Trip]]:
    """The kinds of round trips, by their name in the figures."""
    import msgspec

    from trackmania_rl.protocol import PROTOCOL_VERSION, messages
    from trackmania_rl.protocol.client import RemoteVectorEnv, ServiceClient, open_stream

    agent = messages.AgentAdd(agent_id="bench", observation="TrackMania/Lidar-v0")
    request = messages.ActionRequest(
        agent_id="bench",
        action=messages.Action(gas=0.8, brake=0.0, steering=0.2),
        timestamp="2024-01-01T00:00:00Z",
    )
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(started("trackmania_rl", "environment", "--no-record", "--port")).url
        rest = ServiceClient(url)
        rest.post("/api/agents/add", agent, messages.Race)
        stream, _ = open_stream(url, messages.DriveHello(protocol=PROTOCOL_VERSION, agent_id="bench"))
        stack.callback(stream.close)
        batch = RemoteVectorEnv(url, "TrackMania/Lidar-v0", worlds, track="sprint")
        stack.callback(batch.close)
        batch.reset(seed=0)
        actions = batch.action_space.sample()
        answers = msgspec.json.Decoder(messages.ActionAnswer)

        def streamed() -> messages.ActionAnswer:
            stream.send(msgspec.json.encode(request), text=True)
            return answers.decode(stream.recv())

        kinds: dict[str, Trip] = {
            "rest": lambda: rest.post("/api/action", request, messages.ActionAnswer),
            "stream": streamed,
            "batch": lambda: batch.step(actions),
        }
        if importlib.util.find_spec("fastapi") is not None:
            peer = ServiceClient(stack.enter_context(started("trackmania_rl.bench.fastapi_route")).url)
            kinds["peer_rest"] = lambda: peer.post("/api/action", request, messages.ActionAnswer)
        yield kinds
