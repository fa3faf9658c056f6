"""What an action costs: of the policy itself, of many cars in one call, and by POST /api/predict."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench.report import show
from trackmania_rl.bench.service import Started, started
from trackmania_rl.protocol.options import Json

if TYPE_CHECKING:
    from trackmania_rl.model.sac.policy import Policy

WARM_UP = 50
"""Calls of each kind before the first one that counts."""
TURNS = 10
"""The kinds take turns, so that other load on the machine falls on all of them."""

Call = Callable[[], object]


def command(
    calls: Annotated[int, typer.Option(min=100, help="Calls of each kind.")] = 3000,
    cars: Annotated[int, typer.Option(min=1, help="Cars of the batch.")] = 1024,
    as_json: Json = False,
) -> None:
    """Time to an action of the shipped policy: one car, many cars in one call, and by REST.

    Wall-clock, and the processor's time beside it, which other load on the machine does not stretch: of the
    thread that calls, and of the service. Beside it, where it is installed, `predict` of Stable-Baselines3's
    SAC with networks of the same widths. One thread; observations are random numbers.
    """
    show(measure(calls, cars), tables, as_json)


def headline(figures: dict[str, Any]) -> str:
    """One car and many, beside the peer."""
    own = (
        f"an action in p50 {figures['one_p50_ms']:.3f}, p99 {figures['one_p99_ms']:.3f} ms, "
        f"of {figures['cars']:,} cars in {figures['many_p50_ms']:.1f} ms"
    )
    return own + (
        f"; {figures['ratio']:.1f} times as fast as Stable-Baselines3" if "ratio" in figures else ""
    )


def tables(figures: dict[str, Any]) -> Iterator[RenderableType]:
    """Each kind of call."""
    cars = figures["cars"]
    titles = {
        "one": "one car",
        "peer_one": "one car, Stable-Baselines3",
        "many": f"{cars} cars in one call",
        "peer_many": f"{cars} cars in one call, Stable-Baselines3",
        "rest": "one car, POST /api/predict",
    }
    table = Table("action of", r"p50 \[ms]", r"p99 \[ms]", r"processor, p50 \[ms]")
    for key, title in titles.items():
        if f"{key}_p50_ms" in figures:
            columns = (f"{key}_{column}_ms" for column in ("p50", "p99", "processor"))
            table.add_row(title, *(f"{figures[column]:.3f}" for column in columns))
    yield table
    yield f"The service computes {figures['rest_service_processor_ms']:.3f} ms for a request."


def measure(calls: int, cars: int) -> dict[str, Any]:
    """Wall-clock and processor's time of each kind of call [ms]."""
    import torch

    from trackmania_rl.model.runs import checkpoint as checkpoints
    from trackmania_rl.model.runs.runs import CHAMPION, checkpoint_file

    torch.set_num_threads(1)
    policy = checkpoints.load(checkpoint_file(CHAMPION)).policy()
    with (
        started("trackmania_rl", "model", "--champion", "--port") as service,
        _kinds(policy, cars, service) as kinds,
    ):
        times: dict[str, list[tuple[float, float]]] = {key: [] for key in kinds}
        for call in kinds.values():
            for _ in range(WARM_UP):
                call()
        computed = 0.0
        for _ in range(TURNS):
            for key, call in kinds.items():
                before = service.cpu_seconds
                times[key] += [_timed(call) for _ in range(calls // TURNS)]
                computed += service.cpu_seconds - before if key == "rest" else 0.0
    figures: dict[str, Any] = {"calls": calls, "cars": cars, "observations": policy.observations}
    for key, taken in times.items():
        wall, processor = map(sorted, zip(*taken, strict=True))
        figures[f"{key}_p50_ms"] = round(1000 * wall[len(wall) // 2], 4)
        figures[f"{key}_p99_ms"] = round(1000 * wall[int(len(wall) * 0.99)], 4)
        figures[f"{key}_processor_ms"] = round(1000 * processor[len(processor) // 2], 4)
    figures["rest_service_processor_ms"] = round(1000 * computed / len(times["rest"]), 4)
    if "peer_one_p50_ms" in figures:
        figures["peer"] = "stable-baselines3"
        figures["ratio"] = round(figures["peer_one_processor_ms"] / figures["one_processor_ms"], 2)
    return figures


def _timed(call: Call) -> tuple[float, float]:
    """Wall-clock and this thread's time [s]."""
    wall, processor = time.perf_counter(), time.thread_time()
    call()
    return time.perf_counter() - wall, time.thread_time() - processor


@contextlib.contextmanager
def _kinds(policy: Policy, cars: int, service: Started) -> Iterator[dict[str, Call]]:
    """The kinds of calls, by their name in the figures."""
    import numpy as np

    from trackmania_rl.model.runs.runs import CHAMPION
    from trackmania_rl.protocol.client import ServiceClient
    from trackmania_rl.protocol.messages import Prediction, PredictRequest

    noise = np.random.default_rng(0).standard_normal((cars, policy.observations), np.float32)
    many = policy.mean + policy.scale * noise
    one = many[:1]
    client = ServiceClient(service.url, name="model")
    request = PredictRequest(agent_id=CHAMPION, observation=one.tolist())
    kinds: dict[str, Call] = {
        "one": lambda: policy.act(one),
        "many": lambda: policy.act(many),
        "rest": lambda: client.post("/api/predict", request, Prediction),
    }
    with contextlib.suppress(ImportError):
        predict = _peer(policy)
        kinds |= {"peer_one": lambda: predict(one), "peer_many": lambda: predict(many)}
    with contextlib.closing(client):
        yield kinds


def _peer(policy: Policy) -> Callable[[Any], object]:
    """`predict` of Stable-Baselines3's SAC, with the policy's widths and spaces.

    Raises:
        ImportError: It is not installed.
    """
    import gymnasium
    import numpy as np
    import stable_baselines3

    class Spaces(gymnasium.Env[Any, Any]):
        """Spaces alone: nothing is stepped."""

        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, policy.mean.shape, np.float32)
        action_space = gymnasium.spaces.Box(policy.low, policy.high, dtype=np.float32)

    hidden = [layer.weight.shape[1] for layer in policy.layers[:-1]]
    sac = stable_baselines3.SAC(
        "MlpPolicy", Spaces(), buffer_size=1, device="cpu", policy_kwargs={"net_arch": hidden}
    )
    return lambda observation: sac.predict(observation, deterministic=True)
