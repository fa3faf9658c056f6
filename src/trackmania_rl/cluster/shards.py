"""A learner's share of the experience: a ring for each of its workers, drawn from as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trackmania_rl.model.experience.buffer import ReplayBuffer
from trackmania_rl.model.experience.ring import Ring
from trackmania_rl.model.sac.sac import Batch

DRAWS = 8
"""Shards that a batch comes from, chosen anew for each: a batch costs the same with 2 workers and with 200
(guess)."""


class Shards:
    """A replay buffer for each worker. Workers are not in step with one another, so each has its own time.

    Args:
        numbers: Of the workers whose experience this is.
        folder: The run's.
        seed: Of the sampling.
        settings: Of each buffer, as of ReplayBuffer.
    """

    def __init__(self, numbers: Sequence[int], *, folder: Path, seed: int, **settings: Any) -> None:
        self.buffers = {
            number: ReplayBuffer(**settings, seed=seed + number, folder=shard_folder(folder, number))
            for number in numbers
        }
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return sum(map(len, self.buffers.values()))

    @property
    def full(self) -> bool:
        """Must one of them be saved before the next step?"""
        return any(buffer.full for buffer in self.buffers.values())

    def add(self, number: int, steps: Sequence[Any]) -> None:
        """Take in the next steps of a worker: the columns of a ring, as arrays."""
        self.buffers[number].extend(Ring(*(torch.tensor(column) for column in steps)))

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """Draw transitions, each of all that are held as likely as any other, normalised."""
        buffers = list(self.buffers.values())
        held = torch.tensor([float(len(buffer)) for buffer in buffers])
        chosen = torch.multinomial(held, min(DRAWS, batch), replacement=True, generator=self.generator)
        sizes = torch.full((len(chosen),), batch // len(chosen))
        sizes[: batch % len(chosen)] += 1
        rows = torch.zeros(len(buffers), dtype=torch.long).index_add_(0, chosen, sizes).tolist()
        parts = [
            buffer.sample(count, mean, scale) for buffer, count in zip(buffers, rows, strict=True) if count
        ]
        return Batch(*map(torch.cat, zip(*parts, strict=True)))

    def save(self) -> dict[int, dict[str, Any]]:
        """Bring the files up to date, and say what they hold."""
        return {number: buffer.save() for number, buffer in self.buffers.items() if len(buffer)}

    def load(self, saved: Mapping[int, Mapping[str, Any]]) -> None:
        """Go on with what `save` wrote; the shards of workers that are not here are left out.

        Raises:
            InputError: A file is gone or damaged.
            ValueError: Its steps are of another number of worlds or of other spaces.
        """
        for number in saved.keys() & self.buffers.keys():
            self.buffers[number].load(saved[number])

    def forget_older(self) -> None:
        """Delete the files of former shards, once a checkpoint on disk names these."""
        for buffer in self.buffers.values():
            buffer.forget_older()


def shard_folder(folder: Path, number: int) -> Path:
    """Where the experience of a worker lies in a run's folder."""
    return folder / f"shard-{number}"
