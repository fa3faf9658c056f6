"""What a vector environment says about its episodes, in one form for ours and for foreign ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from trackmania_rl.model.sac.encoder import SIDE_MIN, image_shape
from trackmania_rl.protocol.errors import InputError

Array = NDArray[np.float32]

WHERE = ("cause", "start_distance", "distance")
"""Of the final info: why and where an episode ended, which only our own environments say."""


def check_spaces(envs: VectorEnv[Any, Any, Any], name: str) -> tuple[Box, Box | Discrete]:
    """The observation and action space of one world.

    Raises:
        InputError: Observations are neither a flat box nor images, actions neither a bounded box nor
            discrete, or episodes restart in another way.
    """
    observation, action = envs.single_observation_space, envs.single_action_space
    flat = isinstance(observation, Box) and len(observation.shape) == 1
    if not isinstance(observation, Box) or not (flat or image_shape(observation)):
        raise InputError(
            f"{name} observes {_described(observation)}, expected one flat vector of numbers, or an image of "
            f"bytes (uint8) of at least {SIDE_MIN} by {SIDE_MIN}: wrap it in "
            "gymnasium.wrappers.FlattenObservation",
            field="env",
        )
    if not isinstance(action, Discrete) and not (isinstance(action, Box) and len(action.shape) == 1):
        raise InputError(
            f"{name} takes {_described(action)} as actions, expected one flat vector of numbers or one "
            "choice (Discrete): wrap it in gymnasium.wrappers.TransformAction",
            field="env",
        )
    if isinstance(action, Box) and not (np.isfinite(action.low).all() and np.isfinite(action.high).all()):
        raise InputError(
            f"{name} has unbounded actions, expected finite bounds: wrap it in "
            "gymnasium.wrappers.RescaleAction",
            field="env",
        )
    mode = envs.metadata.get("autoreset_mode")
    if mode != AutoresetMode.SAME_STEP:
        raise InputError(
            f"{name} restarts its episodes in mode {mode}, expected SAME_STEP: make it with "
            "vector_kwargs={'autoreset_mode': gymnasium.vector.AutoresetMode.SAME_STEP}",
            field="env",
        )
    return observation, action


def _described(space: gym.Space[Any]) -> str:
    shape = f" of shape {space.shape} and {space.dtype}" if isinstance(space, Box) else ""
    return f"a {type(space).__name__} space{shape}"


@dataclass(frozen=True)
class Ended:
    """The episodes that ended at a step, as arrays over the worlds where they did.

    Attributes:
        worlds: Which worlds.
        finished: Whether the track was driven to its end; None where the environment does not say.
        lap_time: Time of those that finished [s], NaN of the others.
        completion: Share of the track, 0..1.
        cause: Index in protocol.frames.CAUSES.
        time: How long it was driven [s].
        start_distance: Where along the track it began, past the start line [m].
        distance: Where it ended.
    """

    worlds: NDArray[np.intp]
    finished: NDArray[np.bool_] | None
    lap_time: Array | None
    completion: Array | None
    time: Array | None
    cause: NDArray[np.uint8] | None
    start_distance: Array | None
    distance: Array | None


def last_observation(
    observation: NDArray[Any], info: dict[str, Any], ended: NDArray[np.bool_]
) -> NDArray[Any]:
    """The observation of each world that followed the action: where an episode ended, its last one.

    With autoreset in the same step `observation` already holds the next episode's first one there.
    """
    if not ended.any():
        return observation
    observation = observation.copy()
    final = info["final_obs"]
    observation[ended] = np.stack([np.asarray(final[world]) for world in np.flatnonzero(ended)])
    return observation


def endings(info: dict[str, Any], ended: NDArray[np.bool_]) -> Ended:
    """What `info` says of the episodes that ended."""
    worlds = np.flatnonzero(ended)
    final = info.get("final_info", {})
    if "finished" not in final:
        return Ended(worlds, None, None, None, None, None, None, None)
    finished = np.asarray(final["finished"], bool)[worlds]
    time = np.asarray(final["lap_time"], np.float32)[worlds]
    lap_time = np.where(finished, time, np.nan)
    completion = np.asarray(final["track_completion"], np.float32)[worlds]
    return Ended(
        worlds,
        finished,
        lap_time.astype(np.float32),
        completion,
        time,
        *(np.asarray(final[name])[worlds] if name in final else None for name in WHERE),
    )
