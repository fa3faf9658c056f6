"""The learner's experience of many workers: a ring for each, drawn from as one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trackmania_rl.model.buffer import ReplayBuffer
from trackmania_rl.model.ring import Ring
from trackmania_rl.model.sac import Batch


class Shards:
    """A replay buffer for each worker. Workers are not in step with one another, so each has its own time.

    Args:
        count: Most workers.
        capacity: Transitions over all of them.
        worlds: Of each worker.
        observations: Length of an observation, `actions` of an action.
        folder: The run's; None: it cannot be saved.
        settings: Of each buffer: n_step, gamma, seed, device.
    """

    def __init__(
        self,
        count: int,
        capacity: int,
        worlds: int,
        observations: int,
        actions: int,
        *,
        folder: Path | None,
        seed: int,
        **settings: Any,
    ) -> None:
        self.shards = [
            ReplayBuffer(
                capacity // count, worlds, observations, actions, seed=seed + shard,
                folder=None if folder is None else folder / f"shard-{shard}", **settings,
            )
            for shard in range(count)
        ]  # fmt: skip
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return sum(map(len, self.shards))

    @property
    def full(self) -> bool:
        """Must it be saved before the next step? Never: it lies in memory."""
        return False

    def add(self, shard: int, fragment: Ring) -> None:
        """Take in the next steps of a worker."""
        self.shards[shard].extend(fragment)

    def cut(self, shard: int) -> None:
        """What this worker sends next does not follow what it sent: it was replaced."""
        self.shards[shard].cut()

    def fill(self, rows: Tensor, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in experience of elsewhere before the first step, as ReplayBuffer.fill."""
        columns = (column.chunk(len(self.shards)) for column in (rows, reward, terminated, ended))
        for shard, part in zip(self.shards, zip(*columns, strict=True), strict=False):
            shard.fill(*part)

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """Draw transitions uniformly over all that is held, normalised."""
        held = torch.tensor([float(len(shard)) for shard in self.shards])
        chosen = torch.multinomial(held, batch, True, generator=self.generator)
        counts = chosen.bincount(minlength=len(self.shards)).tolist()
        parts = [
            shard.sample(count, mean, scale)
            for shard, count in zip(self.shards, counts, strict=True)
            if count
        ]
        return parts[0] if len(parts) == 1 else Batch(*map(torch.cat, zip(*parts, strict=True)))

    def save(self) -> dict[str, Any]:
        """Bring the files up to date, and say what they hold."""
        held = {number: shard.save() for number, shard in enumerate(self.shards) if len(shard)}
        return {"shards": held, "generator": self.generator.get_state()}

    def forget_older(self) -> None:
        """Delete the files of former shards, once a checkpoint on disk names these."""
        for shard in self.shards:
            shard.forget_older()

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `save` wrote; the shards of workers that there are no more are left out.

        Raises:
            InputError: A file is gone or damaged.
            KeyError: It is of a training in one process.
            ValueError: Its steps are of another number of worlds or of other spaces.
        """
        for number, state in saved["shards"].items():
            if number < len(self.shards):
                self.shards[number].load(state)
        self.generator.set_state(saved["generator"])
