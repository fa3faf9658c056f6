"""Round trips to the environment service: an action goes out, an observation comes back."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.bench.service import START_TIMEOUT, Started, quantile, started
from trackmania_rl.protocol.options import Json

WARM_UP = 200
"""Round trips of each kind before the first one that counts."""
TURNS = 10
"""The kinds take turns, so that other load on the machine falls on all of them."""

PEERS = {"peer_rest": ("fastapi", "FastAPI"), "peer_grpc": ("grpc", "gRPC")}
"""Round trips to others: the module that they need, and its name."""
OWN = {"rest": "trackmania_hot_request_seconds", "stream": "trackmania_stream_answer_seconds"}
"""Histograms of the service's own time."""
SIMULATED = "trackmania_step_seconds_total"
"""The service's counter of the time in which batches were simulated [s]."""

Trip = Callable[[], object]


def command(
    trips: Annotated[int, typer.Option(min=100, help="Round trips of each kind.")] = 3000,
    worlds: Annotated[int, typer.Option(min=1, help="Worlds of the batch.")] = 256,
    as_json: Json = False,
) -> None:
    """Latency of an action by REST and by stream, and of a batch of worlds.

    The service is a process of its own; it races the car in real time meanwhile. Beside it, where FastAPI
    and gRPC are installed, the same route as it is usually written: FastAPI with pydantic, and a gRPC call,
    both simulating nothing. The service's own time is from a whole request to its answer, a bound of its
    histogram; the transport of a batch is what remains of a round trip without the simulation.
    """
    for module, package in PEERS.values():
        if importlib.util.find_spec(module) is None:
            typer.echo(f"{package} is not installed: it is not measured beside ours", err=True)
    show(measure(trips, worlds), tables, as_json)


def headline(figures: dict[str, Any]) -> str:
    """Both round trips, beside the peers."""
    own = [
        f"{name} p50 {figures[f'{key}_p50_ms']:.2f}, p99 {figures[f'{key}_p99_ms']:.2f} ms"
        for key, name in (("rest", "REST"), ("stream", "stream"))
    ]
    others = [
        f"{name} that simulates nothing {figures[f'{key}_p50_ms']:.2f} ms"
        for key, (_, name) in PEERS.items()
        if f"{key}_p50_ms" in figures
    ]
    return "; ".join([*own, *others])


def tables(figures: dict[str, Any]) -> Iterator[RenderableType]:
    """Each kind of round trip, and what batches carry."""
    worlds = figures["worlds"]
    titles = {
        "rest": "one action, REST",
        "peer_rest": "the same, FastAPI with pydantic",
        "peer_grpc": "the same, gRPC",
        "stream": "one action, stream",
        "batch": f"{worlds} worlds, stream",
    }
    table = Table("round trip", r"p50 \[ms]", r"p99 \[ms]", r"own p99 \[ms]")
    for key, title in titles.items():
        if f"{key}_p50_ms" in figures:
            own = figures.get(f"{key}_service_p99_ms")
            shown = [f"{figures[f'{key}_{share}_ms']:.3f}" for share in ("p50", "p99")]
            table.add_row(title, *shown, "" if own is None else f"<= {own:g}")
    yield table
    yield (
        f"{worlds} worlds: {figures['batch_car_steps_per_second']:,} car-steps/s with the simulation, "
        f"{figures['transport_car_steps_per_second']:,} by the transport alone; the fastest round trip took "
        f"{figures['batch_fastest_ms']:.2f} ms"
    )


def measure(trips: int, worlds: int) -> dict[str, Any]:
    """Median and 99th percentile of each kind of round trip [ms]."""
    with _kinds(worlds) as (service, kinds):
        times: dict[str, list[float]] = {key: [] for key in kinds}
        for trip in kinds.values():
            for _ in range(WARM_UP):
                trip()
        before = service.figures()
        own = {key: service.buckets(histogram) for key, histogram in OWN.items()}
        for _ in range(TURNS):
            for key, trip in kinds.items():
                times[key] += [_timed(trip) for _ in range(trips // TURNS)]
        after = service.figures()
        own_p99 = {key: quantile(0.99, own[key], service.buckets(OWN[key])) for key in OWN}
    figures: dict[str, Any] = {"trips": trips, "worlds": worlds}
    for key, taken in times.items():
        taken.sort()
        figures[f"{key}_p50_ms"] = round(1000 * taken[len(taken) // 2], 4)
        figures[f"{key}_p99_ms"] = round(1000 * taken[int(len(taken) * 0.99)], 4)
    for key, bound in own_p99.items():
        figures[f"{key}_service_p99_ms"] = 1000 * bound
    simulated = (after[SIMULATED] - before[SIMULATED]) / len(times["batch"])
    figures["batch_simulation_ms"] = round(1000 * simulated, 4)
    figures["batch_fastest_ms"] = round(1000 * times["batch"][0], 4)
    figures["batch_car_steps_per_second"] = round(1000 * worlds / figures["batch_p50_ms"])
    transport = sum(times["batch"]) / len(times["batch"]) - simulated
    figures["transport_car_steps_per_second"] = round(worlds / transport)
    for peer, (_, package) in PEERS.items():
        if f"{peer}_p50_ms" in figures:
            figures[f"ratio_{package.lower()}"] = round(figures[f"{peer}_p50_ms"] / figures["rest_p50_ms"], 2)
    return figures


def _timed(trip: Trip) -> float:
    began = time.perf_counter()
    trip()
    return time.perf_counter() - began


@contextlib.contextmanager
def _kinds(worlds: int) -> Iterator[tuple[Started, dict[str, Trip]]]:
    """The service, and the kinds of round trips by their name in the figures."""
    import msgspec

    from trackmania_rl.protocol import PROTOCOL_VERSION, messages
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.streams import open_stream
    from trackmania_rl.protocol.worlds import RemoteVectorEnv

    agent = messages.AgentAdd(agent_id="bench", observation="TrackMania/Lidar-v0")
    request = messages.ActionRequest(
        agent_id="bench",
        action=messages.Action(gas=0.8, brake=0.0, steering=0.2),
        timestamp="2024-01-01T00:00:00Z",
    )
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(started("trackmania_rl", "environment", "--no-record", "--port"))
        url = service.url
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
        if importlib.util.find_spec("grpc") is not None:
            kinds["peer_grpc"] = _grpc(stack, msgspec.json.encode(request))
        yield service, kinds


def _grpc(stack: contextlib.ExitStack, request: bytes) -> Trip:
    """The action as a gRPC call to a service that is started for it."""
    import grpc
    import msgspec

    from trackmania_rl.bench import grpc_route
    from trackmania_rl.protocol.messages import ActionAnswer
    from trackmania_rl.protocol.service import listen

    with listen("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
    line = [sys.executable, "-m", "trackmania_rl.bench.grpc_route", str(port)]
    process = stack.enter_context(subprocess.Popen(line))
    stack.callback(process.terminate)
    channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
    grpc.channel_ready_future(channel).result(START_TIMEOUT)
    call = channel.unary_unary(grpc_route.PATH)
    answers = msgspec.json.Decoder(ActionAnswer)
    return lambda: answers.decode(call(request))
