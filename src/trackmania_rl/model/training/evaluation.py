"""Evaluation of a frozen policy: fixed seeds, no noise, from the start line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from trackmania_rl.model.runs.checkpoint import Result
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.training.episodes import Ended, endings
from trackmania_rl.protocol.frames import CAUSES
from trackmania_rl.protocol.poses import on_grid

EVALUATION_SEED = 1_000_000
"""Seed of all evaluations, apart from those of training (guess)."""
STEPS_MAX = 20_000
"""Longest episode waited for [steps], should an environment have no limit of its own."""


@dataclass(frozen=True, eq=False)
class Drive:
    """One episode of an evaluation; None is what the environment does not say.

    Attributes:
        world: Which of the worlds.
        reward: Its return.
        completion: Share of the track driven, 0..1.
        lap_time: Of a finish [s].
        cause: Why it ended, of protocol.frames.CAUSES.
        speed: Mean speed along the track [m/s].
        tape: What was sent at each step, (n, a), where the worlds can keep an episode as a replay.
    """

    world: int
    reward: float
    completion: float | None = None
    lap_time: float | None = None
    cause: str | None = None
    speed: float | None = None
    tape: NDArray[np.float32] | None = None


class StoppedError(Exception):
    """An evaluation was stopped before its end."""


def evaluate(policy: Policy, envs: VectorEnv[Any, Any, Any], *, seed: int, episodes: int) -> Result:
    """Drive `episodes` episodes and sum them up, see `drive`."""
    return summary(drive(policy, envs, seed=seed, episodes=episodes))


def drive(
    policy: Policy,
    envs: VectorEnv[Any, Any, Any],
    *,
    seed: int,
    episodes: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Drive]:
    """Drive `episodes` episodes, the first of each world and then as many more as are wanted.

    Every world drives the same number of episodes, so that quick endings do not count more often. Where
    the worlds can keep replays the actions are those that a replay's tape can hold.

    Args:
        policy: What drives.
        envs: Worlds with autoreset in the same step.
        seed: Of the worlds.
        episodes: Least number of episodes.
        should_stop: Asked before every step.

    Raises:
        StoppedError: `should_stop` said so before the last episode ended.
    """
    wanted = -(-episodes // envs.num_envs)
    driven = np.zeros(envs.num_envs, int)
    running_return = np.zeros(envs.num_envs)
    recordable = hasattr(envs, "record") and policy.first_choice is None
    tape: list[NDArray[np.float32]] = []
    began = np.zeros(envs.num_envs, int)  # step at which each world's episode began
    drives: list[Drive] = []
    observation, _ = envs.reset(seed=seed)
    for step in range(STEPS_MAX * wanted):
        if should_stop():
            raise StoppedError
        action = policy.act(np.asarray(observation, np.float32).reshape(envs.num_envs, -1))
        if recordable:
            action = on_grid(action)
            tape.append(action)
        observation, reward, terminated, truncated, info = envs.step(action)
        running_return += reward
        ended = np.logical_or(terminated, truncated)
        if not ended.any():
            continue
        said = endings(info, ended)
        for place, world in enumerate(said.worlds.tolist()):
            if driven[world] < wanted:
                rows = [row[world] for row in tape[began[world] :]]
                drives.append(_drive(said, place, running_return[world], np.array(rows) if rows else None))
        running_return[ended] = 0.0
        began[ended] = step + 1
        driven += ended
        if (driven >= wanted).all():
            break
    return drives


def summary(drives: Sequence[Drive]) -> Result:
    """The drives of an evaluation in a few figures."""
    told = [drive.completion for drive in drives if drive.completion is not None]
    laps = [drive.lap_time for drive in drives if drive.lap_time is not None]
    return Result(
        episodes=len(drives),
        finish_rate=len(laps) / len(told) if told else None,
        return_mean=float(np.mean([drive.reward for drive in drives])) if drives else float("nan"),
        completion=float(np.mean(told)) if told else None,
        lap_time_best=min(laps, default=None),
        lap_time_median=float(np.median(laps)) if laps else None,
    )


def _drive(said: Ended, place: int, reward: float, tape: NDArray[np.float32] | None) -> Drive:
    """What is known of the episode at a place of those that ended."""
    world = int(said.worlds[place])
    if said.finished is None or said.lap_time is None or said.completion is None:
        return Drive(world, float(reward), tape=tape)
    speed = None
    if said.start_distance is not None and said.distance is not None and said.time is not None:
        speed = float((said.distance[place] - said.start_distance[place]) / max(said.time[place], 0.05))
    return Drive(
        world,
        float(reward),
        completion=float(said.completion[place]),
        lap_time=float(said.lap_time[place]) if said.finished[place] else None,
        cause=None if said.cause is None else CAUSES[int(said.cause[place])],
        speed=speed,
        tape=tape,
    )
