"""How much of the machine the simulator's step uses: its operations, over what the processor can do."""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import warp as wp

from trackmania_rl.environment.clock import TICKS_PER_STEP
from trackmania_rl.environment.simulator import advance
from trackmania_rl.environment.simulator.ribbon import PATCH_ROWS
from trackmania_rl.environment.simulator.state import FIELDS

wp.set_module_options(
    {"enable_backward": False, "max_unroll": 0, "cpu_compiler_flags": "-march=native -ffp-contract=fast"}
)

CHAINS = wp.constant(128)
"""Independent sums: enough to hide the latency of an addition in lanes of 16 numbers."""
Sums = wp.types.vector(128, float)
STREAM_BYTES = 1 << 28
"""Of the array that is copied to measure the memory: far more than any cache."""
ARITHMETIC = re.compile(r"^\s*(add|sub|mul|div|sqrt|rcp|fma|neg|abs|min|max)\.[a-z.]*f32\b", re.MULTILINE)


@wp.kernel
def multiply_add(turns: int, factor: float, out: wp.array(dtype=float)):
    """Nothing but multiplications and additions, in registers."""
    sums = Sums()
    for k in range(CHAINS):
        sums[k] = float(k)
    turn = int(0)
    while turn < turns:
        for k in range(CHAINS):
            sums[k] = sums[k] * factor + 1.0
        turn += 1
    total = float(0.0)
    for k in range(CHAINS):
        total += sums[k]
    out[wp.tid()] = total


def peak_flops() -> float:
    """Additions and multiplications that one core can do in a second, measured."""
    turns = 1_000_000
    out = wp.zeros(1, dtype=float, device="cpu")
    launch = wp.launch(multiply_add, dim=1, inputs=[turns, 0.5, out], device="cpu", record_cmd=True)
    return 2 * int(CHAINS) * turns / _core_seconds(launch.launch)


def bandwidth() -> float:
    """Bytes that one core can read and write in a second, measured with a copy."""
    source = np.ones(STREAM_BYTES // 4, np.float32)
    target = np.empty_like(source)
    return 2 * STREAM_BYTES / _core_seconds(lambda: np.copyto(target, source), 5)


def operations() -> dict[str, int]:
    """Floating-point operations of one tick, counted in the PTX that Warp makes of the kernel.

    The kernel for CUDA advances one car with the same source as the one for the CPU. Its loop over the
    ticks is not unrolled, so each instruction of the tick stands once; a fused multiplication and addition
    counts as two. Comparisons and selections, about as many again, do not count as operations.
    """
    with tempfile.TemporaryDirectory() as place:
        wp.compile_aot_module(advance.__name__, arch=90, module_dir=place, use_ptx=True)
        text = next(Path(place).glob("*.ptx")).read_text()
    body = text[text.index(".entry step_cars") :]
    end = body.find(".entry", 10)
    found = [match.group(1) for match in ARITHMETIC.finditer(body[: end if end > 0 else None])]
    selections = len(
        re.findall(r"^\s*(?:setp|selp)\.[a-z.]*f32\b", body[: end if end > 0 else None], re.MULTILINE)
    )
    return {"flop": len(found) + found.count("fma"), "selections": selections}


def measure(car_steps_per_core_second: float) -> dict[str, Any]:
    """State which share of one core's peak the step of five ticks reaches.

    Args:
        car_steps_per_core_second: The rate of the step alone, without sensors.
    """
    counted = operations()
    flop = counted["flop"] * TICKS_PER_STEP
    # What must come from and go to memory: the state once each way. The rest stays in the first cache.
    transferred = 2 * 4 * FIELDS
    peak, stream = peak_flops(), bandwidth()
    return {
        "flop_per_step": flop,
        "selections_per_step": counted["selections"] * TICKS_PER_STEP,
        "memory_bytes_per_step": transferred,
        "cache_bytes_per_step": 4 * TICKS_PER_STEP * (2 * FIELDS + 2 * PATCH_ROWS),
        "peak_flops": peak,
        "peak_bytes_per_second": stream,
        "share_of_peak_flops": flop * car_steps_per_core_second / peak,
        "share_of_peak_bandwidth": transferred * car_steps_per_core_second / stream,
    }


def _core_seconds(run: Any, repetitions: int = 9) -> float:
    """Median processor time of a call."""
    run()
    times = []
    for _ in range(repetitions):
        begin = time.thread_time()
        run()
        times.append(time.thread_time() - begin)
    return statistics.median(times)
