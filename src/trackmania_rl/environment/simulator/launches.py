"""Prepared launches of kernels, how they spread over the threads of the CPU, and the sensors made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from trackmania_rl.environment.processors import processors

LOADING = Lock()
"""Preparing a launch loads its kernels; two threads that load the same ones free each other's."""
CARS_PER_THREAD = 256
"""Fewer cars than this are not worth another thread."""


@dataclass(frozen=True)
class Chain:
    """Prepared launches that run one after the other."""

    launches: Sequence[Any]

    def launch(self) -> None:
        """Run them."""
        for launch in self.launches:
            launch.launch()


class Launcher:
    """Prepares launches and runs them: on a GPU one after the other, on the CPU each on a thread of its own.

    Args:
        device: Warp's.
        cars: Number of cars that the launches serve.
        threads: CPU threads; default all cores that this process may use.

    Attributes:
        device: Warp's.
        cars: Number of cars.
        threads: Threads that are used.
    """

    def __init__(self, device: Any, cars: int, threads: int | None) -> None:
        wanted = 1 if device.is_cuda else threads or processors()
        self.device = device
        self.cars = cars
        self.threads = max(1, min(wanted, -(-cars // CARS_PER_THREAD)))
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None

    def slices(self, count: int) -> list[tuple[int, int]]:
        """Split `count` pieces of work over the threads: (first, number)."""
        edges = np.linspace(0, count, self.threads + 1).astype(int)
        return [(int(a), int(b - a)) for a, b in pairwise(edges) if b > a]

    def prepare(self, kernel: Any, dim: int | tuple[int, int], inputs: list[Any]) -> Any:
        """A launch of a kernel, to be run often."""
        with LOADING:
            return wp.launch(kernel, dim=dim, inputs=inputs, device=self.device, record_cmd=True)

    def run(self, launches: Sequence[Any]) -> None:
        """Run prepared launches, one for each slice of the work (a launch releases the GIL)."""
        if self._pool is None:
            for launch in launches:
                launch.launch()
            return
        waiting = [self._pool.submit(launch.launch) for launch in launches[1:]]
        launches[0].launch()
        for future in waiting:
            future.result()


class Sensor:
    """Senses for some cars or for all, and returns their rows, fresh on the host.

    Args:
        launcher: Of the cars.
        prepare: Prepares a launch for `number` entries, from `first` on, of an array of the indices of cars:
            called with (first, number, cars).
        values: Warp array with one row for each car, which the launches write.

    Attributes:
        launches: Those that sense for all cars.
        values: The array that they write, on the device.
    """

    def __init__(self, launcher: Launcher, prepare: Callable[[int, int, Any], Any], values: Any) -> None:
        self.values = values
        self._launcher = launcher
        self._prepare = prepare
        everyone = self._on_device(np.arange(launcher.cars))
        self.launches = [prepare(first, number, everyone) for first, number in launcher.slices(launcher.cars)]

    def __call__(self, cars: NDArray[np.intp] | None = None) -> NDArray[Any]:
        """Sense.

        Args:
            cars: Indices of the cars to sense for; default all.
        """
        if cars is None:
            self._launcher.run(self.launches)
        else:
            self._prepare(0, len(cars), self._on_device(cars)).launch()
        host: NDArray[Any] = self.values.numpy()
        if cars is not None:
            return host[cars]
        return host if self._launcher.device.is_cuda else host.copy()

    def _on_device(self, cars: ArrayLike) -> Any:
        return wp.array(np.asarray(cars, np.int32), dtype=int, device=self._launcher.device)
