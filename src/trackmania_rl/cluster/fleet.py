"""The workers of a training: begun, kept busy, replaced when they die."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from trackmania_rl.cluster.team import cause
from trackmania_rl.cluster.worker import Summary, Version, Worker
from trackmania_rl.model.training.learner import TOKEN_VARIABLE
from trackmania_rl.protocol.errors import InputError

log = logging.getLogger(__name__)

IN_FLIGHT = 2
"""Fragments that a worker may have been asked for: one that it drives while the other travels. More would
only pile up older experience when the learner is the slower one."""
SEED_STRIDE = 1_000_003
"""Between the seeds of two workers, a prime, so that those of neighbouring trainings differ."""
DEATHS_MAX = 3
"""A worker that died so often in a row without sending anything is not replaced any more."""


class Sent(NamedTuple):
    """A fragment that a worker has driven; its transitions lie where they were made until fetched."""

    worker: int
    summary: Summary
    columns: Any
    """Reference of the transitions, worker.Columns."""


@dataclass
class _Member:
    """A worker: its actor, the place reserved for it, and what it was asked for, the oldest first."""

    number: int
    actor: Any
    place: Any
    asked: deque[Any] = field(default_factory=deque)
    begun: bool = False


class Fleet:
    """All workers.

    Args:
        count: How many.
        settings: The training's, as plain values.
        seed: That theirs are made of.
        version: That they must be of.
        lost: Told the number of each worker that died or was ended, before another one takes its place.

    Attributes:
        replaced: Workers that took a dead one's place.
        waited: Time that `next` has waited [s].
    """

    def __init__(
        self,
        count: int,
        settings: dict[str, Any],
        *,
        seed: int,
        version: Version,
        lost: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._version = version
        self._lost = lost
        self._policy: list[Any] = []  # the newest publication's reference
        self._number = 0
        self._deaths: dict[int, int] = {}
        self._begun = 0
        self.replaced = 0
        self.waited = 0.0
        self._members = [self._begin(number) for number in range(count)]

    def __len__(self) -> int:
        return len(self._members)

    @property
    def busy(self) -> int:
        """Workers that have begun."""
        return sum(member.begun for member in self._members)

    def publish(self, policy: bytes) -> None:
        """A newer policy (Policy.pack) for all: stored once, fetched once by each machine."""
        self._policy = [ray.put(policy)]
        self._number += 1

    def next(self, timeout: float) -> Sent | None:
        """The next fragment of any worker, who is then asked for another; None if there is none in time.

        Raises:
            InputError: A worker cannot go on, or is of another version.
        """
        deadline = time.perf_counter() + timeout
        while (left := deadline - time.perf_counter()) > 0.0:
            heads = {_first(member.asked[0]): member for member in self._members}
            began = time.perf_counter()
            ready, _ = ray.wait(list(heads), timeout=left, fetch_local=False)
            self.waited += time.perf_counter() - began
            for reference in ready:
                if (sent := self._received(heads[reference])) is not None:
                    return sent
        return None

    def resize(self, count: int) -> None:
        """Have so many workers: begin some, or end those with the greatest numbers."""
        for member in [member for member in self._members if member.number >= count]:
            self._end(member)
            self._members.remove(member)
            self._lost(member.number)
        there = {member.number for member in self._members}
        self._members += [self._begin(number) for number in range(count) if number not in there]

    def processes(self) -> dict[int, int]:
        """Process ids of the workers, by their numbers."""
        ids = ray.get([member.actor.process.remote() for member in self._members])
        return dict(zip((member.number for member in self._members), ids, strict=True))

    def close(self) -> None:
        """End all workers, and give their places back."""
        for member in self._members:
            self._end(member)
        self._members = []

    def _begin(self, number: int) -> _Member:
        """A worker in a place of its own; Ray's autoscaler makes room where there is none."""
        place = placement_group([{"CPU": 1}], strategy="PACK")
        strategy = PlacementGroupSchedulingStrategy(place)
        seed = self._seed + SEED_STRIDE * (self._begun + 1)
        self._begun += 1
        remote: Any = ray.remote(Worker)
        actor = remote.options(num_cpus=1, scheduling_strategy=strategy).remote(
            self._settings, seed, os.environ.get(TOKEN_VARIABLE)
        )
        return _Member(number, actor, place, deque([actor.begin.remote()]))

    def _end(self, member: _Member) -> None:
        ray.kill(member.actor)
        remove_placement_group(member.place)

    def _received(self, member: _Member) -> Sent | None:
        """What a worker has done: a fragment, or something else that is dealt with here."""
        done = member.asked.popleft()
        try:
            said = ray.get(_first(done))
        except RayTaskError as error:
            raise InputError(f"worker {member.number} cannot go on: {cause(error)}") from error
        except RayError:
            self._replace(member)
            return None
        if not member.begun:
            check(member.number, said, self._version)
            member.begun = True
            for _ in range(IN_FLIGHT):
                self._ask(member)
            return None
        self._deaths.pop(member.number, None)
        self._ask(member)
        self._members.remove(member)  # to the end of the line, so that each has its turn
        self._members.append(member)
        return Sent(member.number, said, done[1])

    def _ask(self, member: _Member) -> None:
        summary_and_columns = member.actor.rollout.options(num_returns=2)
        member.asked.append(summary_and_columns.remote(self._number, self._policy))

    def _replace(self, member: _Member) -> None:
        """Another worker for one that died: only its running episodes are lost."""
        number = member.number
        self._deaths[number] = self._deaths.get(number, 0) + 1
        if self._deaths[number] > DEATHS_MAX:
            raise InputError(
                f"worker {number} died {DEATHS_MAX + 1} times before it sent anything: its machine may lack "
                "memory; use fewer worlds",
                field="workers",
            )
        log.warning("Worker %d died, another one takes its place.", number)
        self._end(member)
        self._lost(number)
        self.replaced += 1
        self._members[self._members.index(member)] = self._begin(number)


def _first(asked: Any) -> Any:
    """The reference that tells when something that was asked for is done."""
    return asked[0] if isinstance(asked, list) else asked


def check(number: int, its: Version, ours: Version) -> None:
    """Refuse a worker of another version.

    Raises:
        InputError: It is.
    """
    for name in Version.__annotations__:
        has, expected = getattr(its, name), getattr(ours, name)
        if has != expected:
            raise InputError(
                f"worker {number} is of another version: its {name} is {has or 'unnamed'}, the learner's "
                f"{expected or 'unnamed'}; install the same trackmania-rl on all machines",
                field="cluster",
            )
