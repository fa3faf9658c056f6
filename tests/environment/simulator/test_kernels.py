"""The two drivers of the physics: by blocks of cars and by single cars, on the CPU and on CUDA."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import warp as wp
from tests.environment.simulator.conftest import esses

from trackmania_rl.environment.simulator import advance, cars, graph, lidar, occlusion, sensors
from trackmania_rl.environment.simulator.advance import Course, step_cars
from trackmania_rl.environment.simulator.simulator import Simulator

CARS = 1024


def scattered(**options) -> tuple[Simulator, np.ndarray]:
    """Cars all over a track, and an action for each."""
    simulator = Simulator(esses(), CARS, threads=1, **options)
    random = np.random.default_rng(0)
    simulator.spawn(
        arc=random.uniform(20.0, 400.0, CARS),
        lateral=random.uniform(-11.0, 11.0, CARS),
        speed=random.uniform(0.0, 120.0, CARS),
    )
    return simulator, random.uniform([-1, -4, -1], [1, 1, 1], (CARS, 3)).astype(np.float32)


def car_by_car(simulator: Simulator, ticks: int) -> Callable[[], None]:
    """The GPU's driver, on the CPU: it advances the simulator's own state."""
    course = Course()
    course.race, course.start, course.lap = simulator.track.length, simulator.track.start, 0.0
    launch = wp.launch(
        step_cars,
        dim=CARS,
        inputs=[
            simulator.parameters,
            simulator.node_array,
            simulator.ribbon.segments,
            course,
            ticks,
            simulator.state_array,
        ],
        device="cpu",
        record_cmd=True,
    )
    return launch.launch


def test_both_drivers_give_the_same_bits() -> None:
    """One source of physics, driven by blocks or by cars."""
    blocks, action = scattered()
    cars, _ = scattered()
    blocks.step(action, ticks=1)
    cars.step(action, ticks=1)
    advance_cars = car_by_car(cars, 5)
    for _ in range(20):
        blocks.step(action, ticks=5)
        advance_cars()
    assert blocks.full_state().tobytes() == cars.full_state().tobytes()


def test_the_block_driver_is_vectorised() -> None:
    """It rests on the compiler's heuristics; without them both drivers would be equally fast."""
    simulator, action = scattered()
    simulator.step(action)
    one_by_one = car_by_car(simulator, 5)
    snapshot = simulator.full_state()

    def seconds(run: Callable[[], None]) -> float:
        durations = []
        for _ in range(15):
            simulator.restore(snapshot)
            begin = time.perf_counter()
            run()
            durations.append(time.perf_counter() - begin)
        return statistics.median(durations)

    assert seconds(one_by_one) > 2.5 * seconds(lambda: simulator.step(action))


@pytest.mark.slow
def test_the_kernels_compile_for_cuda() -> None:
    """For an H100 (sm_90), which needs no GPU."""
    with tempfile.TemporaryDirectory() as folder:
        for module in (advance, cars, graph, lidar, occlusion, sensors):
            wp.compile_aot_module(module.__name__, arch=90, module_dir=folder)
        assert len(list(Path(folder).glob("*.sm90.cubin"))) == 6


@pytest.mark.gpu
def test_cuda_drives_as_the_cpu_does() -> None:
    """To rounding: the GPU contracts multiplications and additions."""
    if not wp.is_cuda_available():
        pytest.skip("no CUDA device")
    here, action = scattered()
    there, _ = scattered(device="cuda")
    for simulator in (here, there):
        simulator.step(action, ticks=20)
    assert there.poses()[:, :3] == pytest.approx(here.poses()[:, :3], abs=0.02)
    close = np.abs(there.lidar() - here.lidar()) < 0.1
    assert close.mean() > 0.99


FRESH = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.tracks import library

track = library.load("sprint")
simulators = [Simulator(track, 8, threads=1) for _ in range(8)]
with ThreadPoolExecutor(8) as pool:
    for _ in range(20):
        list(pool.map(lambda simulator: simulator.step(np.ones((8, 3), np.float32)), simulators))
"""


def test_simulators_may_take_their_first_step_at_the_same_time() -> None:
    """In a process of its own, where no kernel is loaded yet: loading the same ones twice at once crashed."""
    assert subprocess.run([sys.executable, "-c", FRESH], check=False).returncode == 0
