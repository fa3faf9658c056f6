"""How many cars the simulator advances per second, beside others doing the like on the same machine."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import RenderableType
from rich.table import Table

from trackmania_rl.bench import peers as peers_module
from trackmania_rl.bench.report import show
from trackmania_rl.protocol import volume
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.options import Json, output

BATCHES = (1, 16, 64, 256, 1024, 4096, 16384)
"""Cars for the curve of cost over the size of the batch."""
LENGTHS = (500, 1000, 2000, 5000, 10000, 20000, 40000)
"""Lengths of road for the curve of cost over the track [m]."""
CURVE_CARS = 1024
"""Cars on each of those roads."""
MEMORY_STEPS = 2000
"""Steps between the two looks at the memory."""


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
    is not timed. Figures are medians over repetitions; rates per core-second count the processor time of
    this process alone, so that other load on the machine disturbs them little.

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
    drive = Drive(simulator)
    wall, core = _median_seconds(drive.step_and_scan, seconds)
    alone = Simulator(road, worlds, device=device, threads=1)
    parts = Drive(alone)
    rate = worlds / core
    captured = _captured(Simulator(road, worlds, device=device, threads=1))
    result: dict[str, Any] = {
        "car_steps_per_second": worlds / wall,
        "car_steps_per_core_second": rate,
        "parts_per_core_second": {
            "step": worlds / _median_seconds(parts.step, seconds)[1],
            "lidar": worlds / _median_seconds(alone.lidar, seconds)[1],
            "horizon": worlds / _median_seconds(alone.horizon, seconds)[1],
            "step_and_lidar": worlds / _median_seconds(parts.step_and_scan, seconds)[1],
        },
        "captured_graph_car_steps_per_second": worlds / _median_seconds(captured, seconds)[0],
        "worlds": worlds,
        "threads": simulator.launcher.threads,
        "device": device,
        "track": road.id,
        "beams": simulator.beams,
        "one_car_microseconds": _one_car(seconds),
        "peers": [],
    }
    if peers:
        one = Drive(Simulator(road, 1, device=device))
        for name, (cars, step) in {
            "our simulator, one car at a time": (1, one.step_and_scan),
            f"NumPy kinematic car without road or LIDAR, {worlds} cars": (worlds, _kinematic(worlds)),
        }.items():
            wall, core = _median_seconds(step, seconds)
            result["peers"].append(
                {
                    "name": name,
                    "agent_steps_per_second": cars / wall,
                    "agent_steps_per_core_second": cars / core,
                }
            )
        data = volume.data_folder()
        result["peers"] += [peers_module.measure(data, name, seconds) for name in peers_module.PEERS]
        for peer in result["peers"]:
            if "failure" not in peer:
                peer["ratio"] = rate / peer["agent_steps_per_core_second"]
    return result


class Drive:
    """Cars that race all over a track; they start there anew from time to time.

    Args:
        simulator: The cars; they are placed at random, always alike.
    """

    def __init__(self, simulator: Any) -> None:
        from trackmania_rl.environment.race.drivers import pursuit

        random = np.random.default_rng(0)
        cars = simulator.cars
        self.simulator = simulator
        simulator.spawn(
            arc=simulator.track.start + random.uniform(0.0, 0.9, cars) * simulator.track.length,
            lateral=random.uniform(-8.0, 8.0, cars),
            speed=random.uniform(10.0, 50.0, cars),
        )
        self.places = simulator.full_state()
        self.action = pursuit(simulator)
        self.action[:, 2] += random.normal(0.0, 0.1, cars)
        self.count = 0

    def step(self) -> None:
        """Five ticks."""
        self.count += 1
        if self.count % 20 == 0:
            self.simulator.restore(self.places)
        self.simulator.step(self.action)
        _wait(self.simulator)

    def step_and_scan(self) -> None:
        """Five ticks and a scan."""
        self.step()
        self.simulator.lidar()


def _captured(simulator: Any) -> Callable[[], None]:
    """A step with LIDAR and horizon as one captured graph, waited for."""
    from trackmania_rl.environment.simulator.graph import StepGraph

    drive = Drive(simulator)
    graph = StepGraph(simulator)
    graph.action.assign(drive.action)

    def advance() -> None:
        drive.count += 1
        if drive.count % 20 == 0:
            simulator.restore(drive.places)
        graph.step()
        _wait(simulator)

    return advance


def _wait(simulator: Any) -> None:
    """Until the device has done what it was told; the CPU always has."""
    import warp

    wp: Any = warp
    wp.synchronize_device(simulator.device)


def curves(seconds: float = 0.5) -> dict[str, list[dict[str, float]]]:
    """Processor time of a step and a scan over the number of cars, and over the length of the track."""
    from trackmania_rl.environment.simulator.environment import load_track
    from trackmania_rl.environment.simulator.simulator import Simulator

    sprint = load_track("sprint")
    over_cars = []
    for cars in BATCHES:
        drive = Drive(Simulator(sprint, cars, threads=1))
        over_cars.append(
            {"cars": cars, "microseconds": 1e6 * _median_seconds(drive.step_and_scan, seconds)[1]}
        )
    over_length = []
    for length in LENGTHS:
        drive = Drive(Simulator(winding(length), CURVE_CARS, threads=1))
        core = _median_seconds(drive.step_and_scan, seconds)[1]
        over_length.append({"metres": length, "microseconds_per_car": 1e6 * core / CURVE_CARS})
    return {"cars": over_cars, "length": over_length}


def winding(length: float) -> Any:
    """A road of straights and curves by turns, as long as asked [m]."""
    from trackmania_rl.environment.tracks.ribbon import Piece, Placement, Role, lay

    pieces = [Piece(length=32.0, role=Role.START)]
    while sum(piece.length for piece in pieces) < length:
        side = 1 if len(pieces) % 4 == 1 else -1
        pieces += [Piece(length=80.0, turn=side * 1.2), Piece(length=60.0)]
    pieces.append(Piece(length=32.0, role=Role.FINISH))
    return lay(pieces, Placement(0.0, 0.0, 0.0, 0.0), id="winding", name="Winding", closed=False)


def memory_growth() -> float:
    """How much the process grows over some thousand steps of a batch [MiB]."""
    from trackmania_rl.environment.simulator.environment import load_track
    from trackmania_rl.environment.simulator.simulator import Simulator

    drive = Drive(Simulator(load_track("sprint"), 256, threads=1))
    for _ in range(100):
        drive.step_and_scan()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(MEMORY_STEPS):
        drive.step_and_scan()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024.0


def draw(points: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw both curves as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    cars = [point["cars"] for point in points["cars"]]
    times = [point["microseconds"] for point in points["cars"]]
    left.loglog(cars, times, "o-", label="measured")
    left.loglog(cars, [times[-1] / cars[-1] * number for number in cars], ":", label="proportional")
    left.set(xlabel="cars", ylabel="processor time of a step and a scan [µs]", title="Linear in the cars")
    left.legend()
    right.semilogx(
        [point["metres"] / 1000 for point in points["length"]],
        [point["microseconds_per_car"] for point in points["length"]],
        "o-",
    )
    right.set(xlabel="length of the track [km]", ylabel="per car [µs]", title="Over the length of the track")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def command(
    worlds: Annotated[int, typer.Option(min=1, help="Cars advanced together.")] = 4096,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all without it.")] = None,
    device: Annotated[str, typer.Option(help="cpu, or a CUDA device such as cuda.")] = "cpu",
    seconds: Annotated[float, typer.Option(min=0.01, help="Time spent on each figure [s].")] = 3.0,
    peers: Annotated[bool, typer.Option(help="Measure other simulators in the same run.")] = True,
    install: Annotated[
        list[str] | None,
        typer.Option(help=f"Install a peer first, or 'all': {', '.join(peers_module.PEERS)}; repeatable."),
    ] = None,
    limit: Annotated[bool, typer.Option(help="State the share of the processor's peak.")] = False,
    scaling: Annotated[bool, typer.Option(help="Measure cost over cars and over track length.")] = False,
    picture: Annotated[
        Path | None, typer.Option(callback=output(".png"), help="Draw the curves of --scaling as this PNG.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how many car-steps per second the simulator makes, beside its peers.

    Peers run in environments of their own in the data folder (peers/NAME), made with --install.
    """
    _install(install or [])
    result = measure(worlds, threads, device, seconds, peers)
    if limit:
        from trackmania_rl.bench import limit as limit_module

        result["limit"] = limit_module.measure(result["parts_per_core_second"]["step"])
        result["memory_growth_mib"] = memory_growth()
    if scaling or picture:
        result["curves"] = curves()
    if picture:
        draw(result["curves"], picture)
    show(result, tables, as_json)


def _install(names: list[str]) -> None:
    """Make the environments of peers, and say which could not be made."""
    from subprocess import CalledProcessError

    from rich.console import Console

    wanted = list(peers_module.PEERS) if "all" in names else names
    console = Console(stderr=True)
    for name in wanted:
        if name not in peers_module.PEERS:
            raise InputError(
                f"no peer {name!r}, expected all or one of {', '.join(peers_module.PEERS)}", field="install"
            )
        with console.status(f"installing {name}"):
            try:
                peers_module.install(volume.data_folder(), name)
            except CalledProcessError as error:
                said = (error.stderr or "").strip().splitlines() or [f"uv ends with {error.returncode}"]
                reason = next((line for line in said if line.startswith("error: ")), said[-1])
                console.print(f"{name} could not be installed: {reason}", markup=False)


def headline(result: dict[str, Any]) -> str:
    """Car-steps a second, against each peer that it beats."""
    ratios = {peer["name"]: peer["ratio"] for peer in result["peers"] if "ratio" in peer}
    peers = [f"{float(f'{ratio:.2g}'):,.0f} times {name}" for name, ratio in ratios.items() if ratio > 1.0]
    return (
        f"{result['car_steps_per_second'] / 1e6:.1f} million car-steps/s of {result['worlds']:,} cars; "
        f"{result['car_steps_per_core_second'] / 1e6:.1f} million per core-second: {'; '.join(peers)}"
    )


def tables(result: dict[str, Any]) -> Iterator[RenderableType]:
    """Rates beside the peers, share of the processor's peak, costs over cars and over length."""
    table = Table("", "per second", "per core-second", "we make more by")
    table.add_row(
        f"this simulator, {result['worlds']} cars, {result['threads']} threads, {result['device']}",
        f"{result['car_steps_per_second']:,.0f}",
        f"{result['car_steps_per_core_second']:,.0f}",
        "",
    )
    for name, rate in result["parts_per_core_second"].items():
        table.add_row(f"  {name.replace('_', ' ')}, one thread", "", f"{rate:,.0f}", "")
    captured = f"{result['captured_graph_car_steps_per_second']:,.0f}"
    table.add_row("  step, lidar and horizon, one captured graph", captured, "", "")
    for peer in result["peers"]:
        if "failure" in peer:
            table.add_row(peer["name"], peer["failure"], "", "")
            continue
        table.add_row(
            peer["name"],
            f"{peer['agent_steps_per_second']:,.0f}",
            f"{peer['agent_steps_per_core_second']:,.0f}",
            f"{peer['ratio']:,.1f} x" if peer["ratio"] >= 1 else f"{peer['ratio']:.3f} x",
        )
    yield table
    yield f"One car through Gymnasium: {result['one_car_microseconds']:.0f} µs a step."
    if "limit" in result:
        limit = result["limit"]
        yield (
            f"A step: {limit['flop_per_step']:,} floating-point operations and "
            f"{limit['memory_bytes_per_step']} bytes of memory; "
            f"{limit['share_of_peak_flops']:.0%} of a core's {limit['peak_flops'] / 1e9:.0f} GFLOP/s, "
            f"{limit['share_of_peak_bandwidth']:.0%} of its {limit['peak_bytes_per_second'] / 1e9:.0f} GB/s."
        )
        yield f"Memory after {MEMORY_STEPS} more steps: {result['memory_growth_mib']:+.1f} MiB."
    if "curves" in result:
        table = Table("cars", "µs", "µs per car")
        for point in result["curves"]["cars"]:
            each = point["microseconds"] / point["cars"]
            table.add_row(f"{point['cars']:,}", f"{point['microseconds']:,.0f}", f"{each:.2f}")
        yield table
        table = Table(r"track length \[km]", "µs per car")
        for point in result["curves"]["length"]:
            table.add_row(f"{point['metres'] / 1000:.1f}", f"{point['microseconds_per_car']:.2f}")
        yield table


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


def _one_car(seconds: float) -> float:
    """Processor time of a step of one car through Gymnasium, observation included [µs]."""
    import gymnasium

    import trackmania_rl.environment.registration  # noqa: F401  # registers the environments

    env = gymnasium.make("TrackMania/Lidar-v0")
    env.reset(seed=0)
    action = np.array([1.0, 0.0, 0.0], np.float32)

    def advance() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return 1e6 * _median_seconds(advance, seconds)[1]


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
