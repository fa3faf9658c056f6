"""How many cars the simulator advances per second, beside others doing the like on the same machine."""

from __future__ import annotations

import json as json_module
import statistics
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer


def measure(
    worlds: int = 4096,
    threads: int | None = None,
    device: str = "cpu",
    seconds: float = 3.0,
    peers: bool = True,
    track: str = "sprint",
) -> dict[str, Any]:
    """Time steps of 5 ticks with a scan of 19 beams, with cars all over a track.

    Compiling is not counted. The cars drive the actions of the pursuit driver with noise; the driver itself
    is not timed. The figure is the median over repetitions; the rate per core-second counts the processor
    time of this process alone, so that other load on the machine disturbs it little.

    Args:
        worlds: Cars that are advanced together.
        threads: CPU threads; default all.
        device: "cpu" or a CUDA device.
        seconds: Time to spend on each figure [s].
        peers: Whether to measure the peers too.
        track: Id or path of the track.
    """
    from trackmania_rl.environment.simulator.environment import load_track
    from trackmania_rl.environment.simulator.simulator import Simulator

    road = load_track(track)
    simulator = Simulator(road, worlds, device=device, threads=threads)
    advance = _driving(simulator)
    wall, core = _median_seconds(advance, seconds)
    rate = worlds / wall
    result: dict[str, Any] = {
        "car_steps_per_second": rate,
        "car_steps_per_core_second": worlds / core,
        "worlds": worlds,
        "threads": simulator.threads,
        "device": device,
        "track": road.id,
        "beams": simulator.beams,
        "peers": [],
    }
    if peers:
        one = Simulator(road, 1, device=device)
        candidates = {
            "our simulator, one car at a time": (1, _driving(one)),
            f"NumPy kinematic car without LIDAR, {worlds} cars": (worlds, _kinematic(worlds)),
        }
        racing = _car_racing()
        if racing is not None:
            candidates["Gymnasium CarRacing-v3, one car"] = (1, racing)
        for name, (cars, step) in candidates.items():
            peer = cars / _median_seconds(step, seconds)[0]
            result["peers"].append({"name": name, "car_steps_per_second": peer, "ratio": rate / peer})
    return result


def command(
    worlds: Annotated[int, typer.Option(help="Cars advanced together.")] = 4096,
    threads: Annotated[int | None, typer.Option(help="CPU threads; all without it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, or a CUDA device.")] = "cpu",
    seconds: Annotated[float, typer.Option(help="Time to spend on each figure.")] = 3.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how many car-steps per second the simulator makes, beside its peers."""
    result = measure(worlds, threads, device, seconds)
    if json:
        print(json_module.dumps(result))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "car-steps/s", "we are faster by")
    table.add_row(
        f"this simulator, {worlds} cars, {result['threads']} threads, {device}",
        f"{result['car_steps_per_second']:,.0f}",
        "",
    )
    table.add_row("  per core-second", f"{result['car_steps_per_core_second']:,.0f}", "")
    for peer in result["peers"]:
        table.add_row(peer["name"], f"{peer['car_steps_per_second']:,.0f}", f"{peer['ratio']:,.1f} x")
    Console().print(table)


def _median_seconds(step: Callable[[], object], seconds: float) -> tuple[float, float]:
    """Median wall-clock and processor time of a call [s], after one call that is not counted."""
    step()
    walls: list[float] = []
    cores: list[float] = []
    end = time.perf_counter() + seconds
    while not walls or time.perf_counter() < end:
        wall, core = time.perf_counter(), time.process_time()
        step()
        cores.append(time.process_time() - core)
        walls.append(time.perf_counter() - wall)
    return statistics.median(walls), statistics.median(cores)


def _driving(simulator: Any) -> Callable[[], object]:
    """A step with a scan of cars that race all over the track; they start there anew each time."""
    from trackmania_rl.environment.drivers import pursuit

    random = np.random.default_rng(0)
    cars = simulator.cars
    simulator.spawn(
        arc=simulator.track.start + random.uniform(0.0, 0.9, cars) * simulator.track.length,
        lateral=random.uniform(-8.0, 8.0, cars),
        speed=random.uniform(10.0, 50.0, cars),
    )
    places = simulator.full_state()
    action = pursuit(simulator)
    action[:, 2] += random.normal(0.0, 0.1, cars)
    count = 0

    def advance() -> None:
        nonlocal count
        count += 1
        if count % 20 == 0:
            simulator.restore(places)
        simulator.step(action)
        simulator.lidar()

    return advance


def _kinematic(cars: int) -> Callable[[], object]:
    """A point with a heading per car on an endless plane: five Euler ticks of vectorised NumPy."""
    random = np.random.default_rng(0)
    x, z, heading = np.zeros((3, cars), np.float32)
    speed = random.uniform(10.0, 50.0, cars).astype(np.float32)
    steer = random.uniform(-1.0, 1.0, cars).astype(np.float32)

    def advance() -> None:
        nonlocal x, z, heading, speed
        for _ in range(5):
            speed = speed + np.float32(0.01) * (np.float32(10.0) - np.float32(0.3) * speed)
            heading = heading - np.float32(0.01) * steer * speed / np.float32(40.0)
            x = x + np.float32(0.01) * speed * np.sin(heading)
            z = z + np.float32(0.01) * speed * np.cos(heading)

    return advance


def _car_racing() -> Callable[[], object] | None:
    """One step of Gymnasium's CarRacing-v3, or None where Box2D is not installed."""
    import gymnasium

    try:
        env = gymnasium.make("CarRacing-v3")
    except gymnasium.error.DependencyNotInstalled:
        return None
    env.reset(seed=0)
    action = np.array([0.0, 0.5, 0.0], np.float32)

    def advance() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return advance
