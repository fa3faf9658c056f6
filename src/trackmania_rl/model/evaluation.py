"""Evaluation of a frozen policy: fixed seeds, no noise, from the start line."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from trackmania_rl.model.checkpoint import Result
from trackmania_rl.model.episodes import endings
from trackmania_rl.model.policy import Policy

EVALUATION_SEED = 1_000_000
"""Seed of all evaluations, apart from those of training (guess)."""
STEPS_MAX = 20_000
"""Longest episode waited for [steps], should an environment have no limit of its own."""


def evaluate(policy: Policy, envs: VectorEnv[Any, Any, Any], *, seed: int, episodes: int) -> Result:
    """Drive `episodes` episodes, the first of each world and then as many more as are wanted.

    Every world drives the same number of episodes, so that quick endings do not count more often.

    Args:
        policy: What drives.
        envs: Worlds with autoreset in the same step.
        seed: Of the worlds.
        episodes: Least number of episodes.
    """
    wanted = -(-episodes // envs.num_envs)
    driven = np.zeros(envs.num_envs, int)
    running_return = np.zeros(envs.num_envs)
    returns: list[float] = []
    finished: list[bool] = []
    completion: list[float] = []
    laps: list[float] = []
    observation, _ = envs.reset(seed=seed)
    for _ in range(STEPS_MAX * wanted):
        observation, reward, terminated, truncated, info = envs.step(
            policy.act(np.asarray(observation, np.float32))
        )
        running_return += reward
        ended = np.logical_or(terminated, truncated)
        if not ended.any():
            continue
        said = endings(info, ended)
        for place, world in enumerate(said.worlds):
            if driven[world] < wanted:
                returns.append(float(running_return[world]))
                if said.finished is not None and said.lap_time is not None and said.completion is not None:
                    finished.append(bool(said.finished[place]))
                    completion.append(float(said.completion[place]))
                    laps += [float(said.lap_time[place])] if said.finished[place] else []
        running_return[ended] = 0.0
        driven += ended
        if (driven >= wanted).all():
            break
    return Result(
        episodes=len(returns),
        finish_rate=float(np.mean(finished)) if finished else None,
        return_mean=float(np.mean(returns)) if returns else float("nan"),
        completion=float(np.mean(completion)) if completion else None,
        lap_time_best=min(laps, default=None),
        lap_time_median=float(np.median(laps)) if laps else None,
    )
