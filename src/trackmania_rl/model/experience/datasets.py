"""Experience between the learner's buffer and datasets: out as episodes, in before learning begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from torch import Tensor

from trackmania_rl.model.experience.buffer import saved_file
from trackmania_rl.model.runs.checkpoint import Checkpoint
from trackmania_rl.protocol.dataset import Dataset, Episode
from trackmania_rl.protocol.errors import InputError

ONLY_NUMBERS = "datasets hold vectors of numbers, expected an environment that takes those"


class Transitions(NamedTuple):
    """Steps of episodes, one episode after the other; rows as the replay buffer's, actions in -1..1."""

    rows: Tensor
    """(n, o + a + o): observation, action, observation that followed."""
    reward: Tensor
    """(n,)."""
    terminated: Tensor
    """(n,)."""
    ended: Tensor
    """(n,), true at the last step of each episode."""


def spaces(saved: Checkpoint) -> tuple[Box, Box]:
    """The observation and action space of a checkpoint; it does not know the bounds of observations."""
    observation = Box(-np.inf, np.inf, (saved.observations,), np.float32)
    return observation, Box(saved.low.numpy(), saved.high.numpy(), dtype=np.float32)


def episodes(saved: Checkpoint, folder: Path) -> Iterator[Episode]:
    """The episodes in a learner's buffer, world by world, oldest first.

    Once the buffer has wrapped, the first piece of each world counts as cut at its start. The newest piece
    of each world is cut at its end, unless its episode ended with the last step. A time limit and a stop of
    the program both end an episode by truncation.

    Args:
        saved: A checkpoint with the learner's state, learner.pt.
        folder: Where that lies, and the buffer's file.

    Raises:
        InputError: It has no buffer, as only the learner's own file has; or images, or discrete actions.
    """
    if saved.first_choice is not None or saved.image is not None:
        raise InputError(f"the experience has images or discrete actions: {ONLY_NUMBERS}")
    if saved.learner is None or not saved.learner["buffer"].get("filled"):
        raise InputError(
            "the checkpoint has no experience, only a run's learner.pt has: name the run or that file"
        )
    state = saved.learner["buffer"]
    ring, steps, wrapped = saved_file(folder, state).ring, state["filled"], state["wrapped"]
    order = torch.arange(state["last"] - steps, state["last"]) % ring.places
    low, high = saved.low.numpy(), saved.high.numpy()
    o = saved.observations
    for world in range(ring.worlds):
        rows, reward, terminated, ended = (column[order, world].numpy() for column in ring.columns)
        stops = np.flatnonzero(ended) + 1
        edges = [0, *stops[stops < steps], steps]
        for first, last in pairwise(edges):
            cut = {"start": wrapped and first == 0, "end": last == steps and not ended[-1]}
            missing = [name for name, is_missing in cut.items() if is_missing]
            piece = rows[first:last]
            yield Episode(
                observations=np.concatenate([piece[:, :o], piece[-1:, -o:]]),
                actions=low + (piece[:, o:-o] + 1.0) * 0.5 * (high - low),
                rewards=reward[first:last],
                terminated=bool(terminated[last - 1]),
                cut="both" if len(missing) == 2 else "".join(missing),
            )


def transitions(
    paths: Sequence[Path], observation_space: Box, action_space: Box | Discrete, capacity: int, env: str
) -> Transitions:
    """All steps of datasets as the buffer keeps them; the newest `capacity` if there are more.

    Raises:
        InputError: A dataset is damaged, of another environment or other spaces, or holds no numbers; or
            there are images or discrete actions.
    """
    if isinstance(action_space, Discrete) or len(observation_space.shape) > 1:
        raise InputError(f"{env} has images or discrete actions: {ONLY_NUMBERS}", field="dataset")
    kept: list[tuple[NDArray[Any], ...]] = []
    count = 0
    middle, half = 0.5 * (action_space.high + action_space.low), 0.5 * (action_space.high - action_space.low)
    for path in paths:
        dataset = Dataset(path)
        try:
            if dataset.env not in (None, env):
                raise InputError(f"{path} was made in {dataset.env}, expected {env}", field="dataset")
            for episode in dataset.episodes(observation_space, action_space):
                ended = np.zeros(len(episode), bool)
                ended[-1] = True
                actions = np.clip((episode.actions - middle) / half, -1.0, 1.0)
                parts = [episode.observations[:-1], actions, episode.observations[1:]]
                rows = np.concatenate(parts, axis=1, dtype=np.float32)
                kept.append((rows, episode.rewards, ended & episode.terminated, ended))
                count += len(episode)
                while count - len(kept[0][1]) >= capacity:
                    count -= len(kept.pop(0)[1])
        finally:
            dataset.close()
    columns = (np.concatenate(column)[-capacity:] for column in zip(*kept, strict=True))
    return Transitions(*(torch.from_numpy(column) for column in columns))
