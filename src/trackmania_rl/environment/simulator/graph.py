"""A whole step as one captured graph, on arrays that stay on the device and that PyTorch can share."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from typing import Any

import warp as wp

from trackmania_rl.environment.simulator.simulator import Simulator
from trackmania_rl.environment.simulator.state import Field

wp.set_module_options({"enable_backward": False})


@wp.kernel
def hold(
    # In:
    action: wp.array2d(dtype=float),  # (cars, 3): gas, brake, steering
    # Out:
    state: wp.array2d(dtype=float),
):
    """Copy each car's action to where the ticks read it."""
    i = wp.tid()
    for k in range(3):
        state[Field.GAS + k, i] = action[i, k]


class StepGraph:
    """Action, ticks, LIDAR and horizon of all cars, launched together with no copy to or from the host.

    The arrays belong to the simulator; what it offers otherwise (spawn, snapshots, poses) works as ever.
    On CUDA everything runs in the order of one stream, so that a policy that reads `lidar` on it needs no
    synchronisation.

    Args:
        simulator: The cars.
        ticks: Ticks of 10 ms in a step.

    Attributes:
        action: What to do in the coming step, (cars, 3): gas, brake, steering. Write it in place.
        lidar: Distances after the step [m], (cars, beams).
        horizon: Road points after the step, (cars, 5 * points), as in Simulator.horizon.
    """

    def __init__(self, simulator: Simulator, ticks: int = 5) -> None:
        self.simulator = simulator
        self.action: Any = wp.zeros((simulator.cars, 3), dtype=float, device=simulator.device)
        self.lidar, self.horizon = simulator.lidar.values, simulator.horizon.values
        inputs = [self.action, simulator.state_array]
        holding = wp.launch(hold, dim=simulator.cars, inputs=inputs, device=simulator.device, record_cmd=True)
        sensing = [*simulator.lidar.launches, *simulator.horizon.launches]
        launches = [holding, *simulator.launches(ticks), *sensing]
        with wp.ScopedCapture(device=simulator.device) as capture:
            for launch in launches:
                launch.launch()
        self._graph = capture.graph

    def step(self) -> None:
        """Advance all cars by one step and sense; returns before the device is done."""
        wp.capture_launch(self._graph)

    def tensors(self) -> dict[str, Any]:
        """`action`, `lidar` and `horizon` as PyTorch tensors that share the memory."""
        return {name: wp.to_torch(getattr(self, name)) for name in ("action", "lidar", "horizon")}
