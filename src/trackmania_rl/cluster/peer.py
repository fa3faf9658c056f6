"""A further learner: a share of the experience, and the gradients of its part of each batch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from trackmania_rl.cluster.gradients import Seat, average, join, meeting, seat
from trackmania_rl.cluster.shards import Shards
from trackmania_rl.model.sac.sac import Sac
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.protocol.errors import InputError


class Peer:
    """Learns in step with the first learner, whose every update needs this one's; an actor of Ray.

    Its shards lie in mapped files, so that whoever takes its place finds them: what a killed process has
    written is there.

    Args:
        settings: The training's settings, as plain values.
        rank: Its number among the learners, from 1.
        numbers: Of the workers whose experience it holds.
        folder: The run's, where the shards are.
        shard: Settings of each shard.
        batch: Its part of the batch.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        rank: int,
        numbers: Sequence[int],
        folder: Path,
        shard: dict[str, Any],
        batch: int,
    ) -> None:
        config = LearnerConfig.of(settings, batch=batch)
        torch.set_num_threads(config.threads)
        cuda = config.device != "cpu" and torch.cuda.is_available()
        self._device = torch.device("cuda" if cuda else "cpu")
        self._rank, self._batch = rank, batch
        self._shards = Shards(
            numbers, folder=folder, seed=config.seed + rank, device=self._device,
            **{**shard, "place": "file", "spare": 1.0},
        )  # fmt: skip
        spaces = shard["observations"], shard["actions"]
        self._sac = Sac(*spaces, config, seed=config.seed + rank, device=self._device, reduce=average)

    def seat(self) -> Seat:
        """Where it runs."""
        return seat(self._device)

    def process(self) -> int:
        """Its process id."""
        return os.getpid()

    def join(self, host: str, port: int, size: int, kind: str, state: Mapping[str, Any]) -> None:
        """Enter the group whose first learner is there, with its networks."""
        store = meeting(host, port)
        join(store, self._rank, size, kind)
        noise = self._sac.generator.get_state()  # its own, or all learners would draw the same
        self._sac.load_state_dict({**state, "generator": noise})

    def add(self, number: int, steps: Sequence[Any]) -> tuple[int, dict[str, Any], bool]:
        """Take in the next steps of a worker.

        Returns:
            The worker's number, what its shard holds now, and whether that must be saved before long.
        """
        self._shards.add(number, steps)
        return number, self._shards.buffers[number].state(), self._shards.full

    def cut(self, number: int) -> None:
        """What this worker sends next does not follow what it sent: it was replaced."""
        self._shards.buffers[number].cut()

    def learn(self, updates: int, mean: Any, scale: Any) -> None:
        """So many updates, each at the same time as everybody's."""
        normaliser = [torch.tensor(value).to(self._device) for value in (mean, scale)]
        for _ in range(updates):
            self._sac.update(self._shards.sample(self._batch, *normaliser))

    def save(self) -> dict[int, dict[str, Any]]:
        """Bring its files up to date, and say what they hold."""
        return self._shards.save()

    def load(self, saved: Mapping[int, Mapping[str, Any]], *, lenient: bool = False) -> bool:
        """Go on with what `save` or `add` said; was all of it there?

        Args:
            saved: State of the shards, by their workers' numbers.
            lenient: Begin with empty shards where the files are gone, with the machine that had them.
        """
        try:
            self._shards.load(saved)
        except InputError:
            if not lenient:
                raise
            return False
        return True

    def forget_older(self) -> None:
        """Delete the files of former shards."""
        self._shards.forget_older()
