"""The environment ids that `gymnasium.make` and `gymnasium.make_vec` know.

Importing this module registers them. Gymnasium 1.x no longer loads the entry points of the group
`gymnasium.envs` by itself: import this module first, load the entry point, or name the module in the id,
`gymnasium.make("trackmania_rl.environment.registration:TrackMania/Lidar-v0")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gymnasium

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.observation import Layout

LAYOUTS: dict[str, Layout] = {
    "TrackMania/Lidar-v0": "lidar",
    "TrackMania/Progress-v0": "progress",
    "TrackMania/Horizon-v0": "horizon",
    "TrackMania/Camera-v0": "camera",
    "TrackMania/State-v0": "state",
}
"""Observation layout of each id."""


def register() -> None:
    """Register the ids; what is registered already stays."""
    for id, layout in LAYOUTS.items():
        if id not in gymnasium.registry:
            gymnasium.register(
                id,
                entry_point="trackmania_rl.environment.simulator.environment:TrackEnv",
                vector_entry_point="trackmania_rl.environment.simulator.environment:TrackVectorEnv",
                kwargs={"observation": layout},
            )


register()
