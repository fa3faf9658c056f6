"""All learners as one: their experience, sharded over them, and their updates, in step."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy
from torch import Tensor

from trackmania_rl.cluster import gradients
from trackmania_rl.cluster.peer import Peer
from trackmania_rl.cluster.shards import Shards, shard_folder
from trackmania_rl.model.sac.sac import Batch
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.protocol.errors import InputError

log = logging.getLogger(__name__)

ROOM_PATIENCE = 600.0
"""Longest wait for a place for a learner [s]: a machine that the autoscaler starts takes minutes."""
CALL_PATIENCE = 120.0
"""Longest wait for a learner's answer [s], twice as long as it waits for the others' gradients."""


class Team:
    """The learners, seen from the first one, which is this process; the others are actors. Worker w's
    experience lies with learner w modulo their number. With one learner nothing else runs.

    Args:
        learners: How many.
        workers: How many.
        config: The training's settings.
        folder: The run's.
        shard: Settings of each shard, as of ReplayBuffer.
        device: Of this learner.

    Attributes:
        mine: The experience of this learner.
        replaced: Learners that took a dead one's place.
    """

    def __init__(
        self,
        learners: int,
        workers: int,
        config: LearnerConfig,
        *,
        folder: Path,
        shard: dict[str, Any],
        device: Any,
    ) -> None:
        self.size = learners
        self._config, self._folder, self._shard, self._device = config, folder.resolve(), shard, device
        self._numbers = [range(rank, workers, learners) for rank in range(learners)]
        self.mine = Shards(
            self._numbers[0], folder=folder, seed=config.seed, device=device,
            **{**shard, "place": config.buffer_place},
        )  # fmt: skip
        self.replaced = 0
        self._theirs: dict[int, dict[str, Any]] = {}  # states of the other learners' shards
        self._pending: dict[int, Any] = {}  # of each other learner: the newest fragment it was given
        self._full = False
        self._place: Any = self._reserve() if learners > 1 else None
        self._peers = {rank: self._begin(rank) for rank in range(1, learners)}

    def __len__(self) -> int:
        """Transitions held: the poorest learner's times their number, as each draws its part of a batch."""
        held = [0] * self.size
        held[0] = len(self.mine)
        for number, state in self._theirs.items():
            held[number % self.size] += state["filled"] * self._config.worlds
        return self.size * min(held)

    @property
    def full(self) -> bool:
        """Must the experience be saved before long?"""
        return self.mine.full or self._full

    @property
    def batch(self) -> int:
        """Rows of a learner's part of the batch."""
        return max(self._config.batch // self.size, 1)

    def add(self, number: int, columns: Any) -> None:
        """Give a worker's next steps to its learner; they travel there without coming by here.

        Args:
            number: The worker's.
            columns: Reference of worker.Columns.
        """
        rank = number % self.size
        try:
            if rank == 0:
                self.mine.add(number, ray.get(columns))
            else:
                self._collect(rank)
                self._pending[rank] = self._peers[rank].add.remote(number, columns)
        except RayError as error:  # the steps died with their worker, or with their learner: who asks next
            if isinstance(error, RayTaskError) and not isinstance(error.cause, RayError):  # finds out
                raise InputError(f"learner {rank} cannot go on: {cause(error)}", field="learners") from error

    def cut(self, number: int) -> None:
        """What this worker sends next does not follow what it sent."""
        if rank := number % self.size:
            self._peers[rank].cut.remote(number)
        else:
            self.mine.buffers[number].cut()

    def fill(self, rows: Tensor, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in experience of elsewhere before the first step, as ReplayBuffer.fill: this learner's."""
        columns = (column.chunk(len(self.mine.buffers)) for column in (rows, reward, terminated, ended))
        for buffer, part in zip(self.mine.buffers.values(), zip(*columns, strict=True), strict=False):
            buffer.fill(*part)

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """This learner's part of a batch."""
        return self.mine.sample(batch, mean, scale)

    def join(self, state: Mapping[str, Any]) -> None:
        """Let all learners go on from these networks, in step.

        Raises:
            InputError: There is no room for a learner, or it cannot begin.
            RayError: A learner died meanwhile; RuntimeError: the same, seen from here.
        """
        if not self._peers:
            return
        seats = [gradients.seat(self._device)]
        seats += self._begun([peer.seat.remote() for peer in self._peers.values()])
        kind = gradients.backend(seats)
        store = gradients.meeting(seats[0].host)
        everybody = ray.put({name: tensor.cpu() for name, tensor in state.items()})
        joining = [
            peer.join.remote(seats[0].host, store.port, self.size, kind, everybody)
            for peer in self._peers.values()
        ]
        gradients.join(store, 0, self.size, kind)
        ray.get(joining, timeout=CALL_PATIENCE)

    def learn(self, updates: int, mean: Tensor, scale: Tensor) -> list[Any]:
        """Ask the others for so many updates; this learner's own must follow at once."""
        normaliser = mean.cpu().numpy(), scale.cpu().numpy()
        return [peer.learn.remote(updates, *normaliser) for peer in self._peers.values()]

    def mend(self, reason: Exception) -> None:
        """Put others in the places of learners that died; `join` must follow.

        Raises:
            InputError: Nobody died.
        """
        gradients.leave()  # those that wait for this learner's gradient wait no longer
        dead = [rank for rank, peer in self._peers.items() if not _answers(peer)]
        if not dead:
            said = cause(reason) if isinstance(reason, RayTaskError) else reason
            raise InputError(f"the learners cannot go on: {said}", field="learners") from reason
        for rank in dead:
            log.warning("Learner %d died, another one takes its place.", rank)
            ray.kill(self._peers[rank])
            self._pending.pop(rank, None)
            self._peers[rank] = self._begin(rank)
            self.replaced += 1
            its = {number: self._theirs[number] for number in self._held(rank)}
            if not self._begun(self._peers[rank].load.remote(its, lenient=True)):
                log.warning("The experience of learner %d was lost with its machine.", rank)
                for number in its:
                    del self._theirs[number]
        self._full = True  # so that a checkpoint follows

    def save(self) -> dict[str, Any]:
        """Bring the files up to date, and say what they hold."""
        shards = self.mine.save()
        for rank, peer in self._peers.items():
            try:
                self._collect(rank)
                shards |= ray.get(peer.save.remote(), timeout=CALL_PATIENCE)
            except RayError:  # it died: its files hold what it told last
                shards |= {number: self._theirs[number] for number in self._held(rank)}
        self._full = False
        return {"shards": shards}

    def forget_older(self) -> None:
        """Delete the files of former shards, once a checkpoint on disk names these."""
        self.mine.forget_older()
        for peer in self._peers.values():
            peer.forget_older.remote()

    def kept(self, saved: Mapping[str, Any]) -> bool:
        """Are the files still there that `save` told of?

        Raises:
            KeyError: It is of a training in one process.
        """
        files = (shard_folder(self._folder, n) / state["file"] for n, state in saved["shards"].items())
        return all(file.exists() for file in files)

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `save` wrote, also with another number of learners.

        Raises:
            InputError: A file is gone or damaged.
            KeyError: It is of a training in one process.
            ValueError: Its steps are of another number of worlds or of other spaces.
        """
        shards = saved["shards"]
        self.mine.load(shards)
        for rank, peer in self._peers.items():
            its = {number: shards[number] for number in self._numbers[rank] if number in shards}
            self._begun(peer.load.remote(its))
            self._theirs |= its

    def processes(self) -> list[int]:
        """Process ids of the other learners."""
        ids: list[int] = ray.get([peer.process.remote() for peer in self._peers.values()])
        return ids

    def close(self) -> None:
        """End the other learners."""
        gradients.leave()
        for peer in self._peers.values():
            ray.kill(peer)
        if self._place is not None:
            remove_placement_group(self._place)
        self._peers, self._place = {}, None

    def _reserve(self) -> Any:
        """A place for each further learner, close together: they exchange the most."""
        gpus = {"GPU": 1} if self._device.type == "cuda" else {}
        return placement_group([{"CPU": 1, **gpus}] * (self.size - 1), strategy="PACK")

    def _begin(self, rank: int) -> Any:
        strategy = PlacementGroupSchedulingStrategy(self._place, placement_group_bundle_index=rank - 1)
        gpus = 1 if self._device.type == "cuda" else 0
        actor: Any = ray.remote(Peer)
        return actor.options(num_cpus=1, num_gpus=gpus, scheduling_strategy=strategy).remote(
            dataclasses.asdict(self._config), rank, self._numbers[rank], self._folder, self._shard, self.batch
        )

    def _begun(self, answer: Any) -> Any:
        """The first answer of a learner that may have to wait for its place.

        Raises:
            InputError: There is no room for it, or it cannot begin.
        """
        try:
            return ray.get(answer, timeout=ROOM_PATIENCE)
        except GetTimeoutError as error:
            raise InputError(
                f"the cluster has no room for {self.size - 1} learners besides this one; each needs a "
                "processor, and a GPU where device is cuda",
                field="learners",
            ) from error
        except RayTaskError as error:
            raise InputError(f"a learner cannot begin: {cause(error)}", field="learners") from error

    def _held(self, rank: int) -> list[int]:
        """Workers whose experience a learner has told of."""
        return [number for number in self._numbers[rank] if number in self._theirs]

    def _collect(self, rank: int) -> None:
        """What a learner said of the newest fragment that it was given."""
        if (pending := self._pending.pop(rank, None)) is not None:
            number, self._theirs[number], full = ray.get(pending, timeout=CALL_PATIENCE)
            self._full |= full


def cause(error: RayTaskError) -> str:
    """What went wrong in an actor, in a line."""
    lines = str(error.cause if getattr(error, "cause", None) is not None else error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__


def _answers(peer: Any) -> bool:
    try:
        ray.get(peer.process.remote(), timeout=CALL_PATIENCE)
    except (RayError, GetTimeoutError):
        return False
    return True
