"""The replay buffer: a ring on the learner's device or in a file, sampled with n-step returns."""

from __future__ import annotations

import errno
import math
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from trackmania_rl.model.experience.ring import Ring, RingFile, Rows
from trackmania_rl.model.sac.sac import Batch
from trackmania_rl.protocol.errors import InputError

PATTERN = "buffer-*.ring"
"""In a run's folder: the buffer's file; its checkpoint says which one, should there be more."""
SPARE = 0.25
"""A buffer in a file has room for so much more than it draws from: the steps since the last checkpoint, which
must not overwrite what that checkpoint holds (guess)."""


class Replay(Protocol):
    """What learning draws from: one buffer, or several as one."""

    def __len__(self) -> int:
        """Transitions that it holds."""

    @property
    def full(self) -> bool:
        """Must it be saved before the next step?"""

    def fill(self, rows: Tensor, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in experience of elsewhere."""

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """Draw transitions uniformly, normalised."""

    def save(self) -> dict[str, Any]:
        """Bring its files up to date, and say what they hold."""

    def forget_older(self) -> None:
        """Delete the files of former buffers."""

    def kept(self, saved: Mapping[str, Any]) -> bool:
        """Are the files still there that `save` told of?"""

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `save` wrote."""


class ReplayBuffer:
    """A ring of the last steps of all worlds.

    In memory it lies on the learner's device, and `save` appends what is new to a file. In a file it may be
    larger than memory: the file is mapped, the system keeps the pages that are in use.

    Args:
        capacity: Transitions that it holds, over all worlds; rounded down to whole steps.
        worlds: Transitions that come in at once.
        observations: Length of an observation.
        actions: Length of an action.
        n_step: Rewards summed before the bootstrap.
        gamma: Discount per step.
        seed: Of the sampling.
        device: Where batches are wanted, and where the ring lies if it lies in memory.
        folder: Where its file lies; None: nowhere, it cannot be saved.
        place: "memory" or "file".
        spare: Room in a mapped file besides, as a share of `capacity`.
        numbers: Of the observations' numbers: float32, or uint8 of images.

    Attributes:
        written: Steps taken in since it began.
        filled: Steps that it holds, the newest.
    """

    def __init__(
        self,
        capacity: int,
        worlds: int,
        observations: int,
        actions: int,
        *,
        n_step: int,
        gamma: float,
        seed: int = 0,
        device: torch.device | str = "cpu",
        folder: Path | None = None,
        place: Literal["memory", "file"] = "memory",
        spare: float = SPARE,
        numbers: torch.dtype = torch.float32,
    ) -> None:
        self.worlds = worlds
        self.length = max(capacity // worlds, n_step + 1)
        self.numbers = numbers
        self.widths = [observations, actions * torch.float32.itemsize // numbers.itemsize, observations]
        self.device = torch.device(device)
        self.folder = folder
        self.mapped = place == "file"
        self.written = self.filled = 0
        self.windows = Windows(
            n_step, gamma, self.widths, torch.device("cpu") if self.mapped else self.device
        )
        self.generator = torch.Generator(self.windows.device).manual_seed(seed)
        self._file: RingFile | None = None
        self._logged = 0  # steps in the file, and ...
        self._saved = 0  # ... steps taken in when it was written
        self._shortened = False  # were there older steps, before it was loaded?
        if self.mapped:
            self._file = self._new_file(self.length + math.ceil(spare * self.length))
            self.ring = self._file.ring
        else:
            self.ring = Ring.empty(self.length, worlds, sum(self.widths), self.device, numbers)

    def __len__(self) -> int:
        return self.filled * self.worlds

    @property
    def full(self) -> bool:
        """Must it be saved before the next step, lest that overwrites what the last checkpoint holds?"""
        return self.mapped and self.written - self._saved >= self.ring.places - self.length

    def add(self, rows: Rows, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in one step of all worlds.

        Args:
            rows: Observation (w, o), action (w, a) in -1..1, and the observation that followed (w, o): where
                an episode ended, its last one, not the first of the next.
            reward: (w,).
            terminated: (w,), and `ended` where it was terminated or truncated.
        """
        self.ring.put(self.written, rows, reward, terminated, ended)
        self.written += 1
        self.filled = min(self.filled + 1, self.length)

    def extend(self, steps: Ring) -> None:
        """Take in several steps of all worlds, in memory."""
        steps.copy(0, steps.places, self.ring, self.written)
        self.written += steps.places
        self.filled = min(self.filled + steps.places, self.length)

    def cut(self) -> None:
        """Mark the newest step as the last of its episodes: what comes next does not follow it."""
        if self.filled:
            self.ring.ended[(self.written - 1) % self.ring.places] = True
            if not self.mapped and self._file is not None and self.written == self._saved:
                self._file.ring.ended[(self._logged - 1) % self._file.ring.places] = True

    def fill(self, rows: Tensor, reward: Tensor, terminated: Tensor, ended: Tensor) -> None:
        """Take in experience of elsewhere before the first step: n rows, episodes one after the other.

        Each world takes a run of neighbours, so that windows stay whole; the last one is filled up from the
        beginning. What is more than the ring can hold is left out, the first of it.
        """
        steps = min(-(-len(reward) // self.worlds), self.length)
        first = max(len(reward) - steps * self.worlds, 0)
        source = first + torch.arange(steps * self.worlds).view(self.worlds, steps).T % (len(reward) - first)
        for column, given in zip(self.ring.columns, (rows, reward, terminated, ended), strict=True):
            column[:steps] = given[source].to(column.device)
        self.filled = self.written = steps
        self.cut()

    def sample(self, batch: int, mean: Tensor, scale: Tensor) -> Batch:
        """Draw transitions uniformly, normalised to (observation - mean) / scale, in O(batch * n)."""
        oldest = self.written - self.filled
        drawn = self.windows.draw(self.ring, oldest, self.written, batch, self.generator)
        return normalised(Batch(*(column.to(self.device) for column in drawn)), mean, scale)

    def save(self) -> dict[str, Any]:
        """Bring the file up to date, in time proportional to what is new, and say what it holds.

        Nothing is overwritten that the state before this one holds: whoever is killed here goes on from that.
        """
        new = 0 if self.mapped else min(self.written - self._saved, self.filled)
        row = self.numbers.itemsize * sum(self.widths) + 6  # and its reward and two marks [bytes]
        if self._file is None:
            self._file = self._new_file(2 * self.length)
        if shutil.disk_usage(self._file.path.parent).free < new * self.worlds * row:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # writing a mapped file would end us
        if not self.mapped:
            self.ring.copy(self.written - new, self.written, self._file.ring, self._logged)
            self._logged += new
        else:
            self._logged = self.written
        self._file.flush()
        self._saved = self.written
        return self.state()

    def state(self) -> dict[str, Any]:
        """What its file holds; a mapped one's is in the system's memory, but perhaps not on disk yet."""
        assert self._file is not None
        return {
            "file": self._file.path.name,
            "last": self.written if self.mapped else self._logged,
            "filled": self.filled,
            "wrapped": self._shortened or self.written > self.filled,
            "generator": self.generator.get_state(),
        }

    def forget_older(self) -> None:
        """Delete the files of former buffers, once a checkpoint on disk names this one's."""
        if self._file is not None:
            for path in self._file.path.parent.glob(PATTERN):
                if path != self._file.path:
                    path.unlink(missing_ok=True)

    def kept(self, saved: Mapping[str, Any]) -> bool:
        """Is the file still there that `save` told of?

        Raises:
            KeyError: It kept its experience in another way.
        """
        return (self._folder / str(saved["file"])).exists()

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `save` wrote, in another process, in memory or in a file.

        Raises:
            InputError: The file is gone or damaged.
            ValueError: Its steps are of another number of worlds or of other spaces.
        """
        file = saved_file(self._folder, saved, write=True)
        ring, last = file.ring, saved["last"]
        if ring.rows.shape[1:] != self.ring.rows.shape[1:]:
            raise ValueError(
                f"the saved buffer has steps of shape {tuple(ring.rows.shape[1:])}, "
                f"the settings ask for {tuple(self.ring.rows.shape[1:])}"
            )
        self.filled = min(saved["filled"], self.length)
        self._shortened = saved["wrapped"] or self.filled < saved["filled"]
        if ring.places == (self.ring.places if self.mapped else 2 * self.length):
            if self.mapped:
                assert self._file is not None
                self._file.path.unlink()  # the one made at the beginning
                self.ring = ring
            self._file, self._logged = file, last
        if self.ring is ring:
            self.written = self._saved = last
        else:
            ring.copy(last - self.filled, last, self.ring, 0)
            self.written = self.filled
            self._saved = self.filled if self._file is file else 0
        self.generator.set_state(saved["generator"].cpu())
        self.cut()

    @property
    def _folder(self) -> Path:
        if self.folder is None:
            raise ValueError("a buffer without a folder is kept nowhere")
        return self.folder

    def _new_file(self, places: int) -> RingFile:
        path = self._folder / PATTERN.replace("*", secrets.token_hex(4))
        return RingFile.create(path, places, self.worlds, sum(self.widths), self.numbers)


def saved_file(folder: Path, saved: Mapping[str, Any], *, write: bool = False) -> RingFile:
    """The file that a buffer's saved state speaks of.

    Raises:
        InputError: It is gone or damaged.
    """
    file = RingFile(folder / str(saved["file"]), write=write)
    if saved["filled"] > file.ring.places:
        raise InputError(f"{file.path} does not hold what its checkpoint says", field="buffer")
    return file


class Windows:
    """Draws windows of n steps from a ring.

    Args:
        n_step: Rewards summed before the bootstrap.
        gamma: Discount per step.
        widths: Of observation, action and observation in a row, in its numbers.
        device: Where the ring lies.
    """

    def __init__(self, n_step: int, gamma: float, widths: list[int], device: torch.device) -> None:
        self.n_step = n_step
        self.widths = widths
        self.device = device
        self._window = torch.arange(n_step, device=device)
        self._powers = gamma ** torch.arange(n_step + 1, dtype=torch.float32, device=device)

    def draw(self, ring: Ring, oldest: int, newest: int, batch: int, generator: torch.Generator) -> Batch:
        """Draw transitions uniformly from the steps oldest .. newest - 1, in O(batch * n).

        A window of n steps ends early at an episode's end and at the newest step; it then bootstraps
        from the state reached there, unless the episode terminated:

            R = sum_{k < m} gamma^k r_{t+k},   discount = gamma^m (1 - terminated),   m <= n

        Returns:
            The transitions, observations as they are in the ring.
        """
        age = torch.randint(newest - oldest, (batch,), generator=generator, device=self.device)
        world = torch.randint(ring.worlds, (batch,), generator=generator, device=self.device)
        offset = (age[:, None] + self._window).clamp_(max=newest - oldest - 1)
        window = ((oldest + offset) % ring.places) * ring.worlds + world[:, None]  # (B, n) flat rows

        stops = ring.ended.view(-1)[window]
        stops[:, -1] = True
        stops |= (age[:, None] + self._window) >= newest - oldest - 1
        last = stops.int().argmax(dim=1)  # first place where the window stops
        inside = self._window <= last[:, None]
        reward = (ring.reward.view(-1)[window] * inside * self._powers[:-1]).sum(dim=1)

        end = window.gather(1, last[:, None]).squeeze(1)
        rows = ring.rows.view(-1, ring.rows.shape[-1])
        first = rows.index_select(0, window[:, 0])
        observation, action, next_observation = torch.split(first, self.widths, dim=1)
        if self.n_step > 1:
            next_observation = rows.index_select(0, end)[:, -self.widths[-1] :]
        alive = ~ring.terminated.view(-1)[end]
        return Batch(
            observation=observation,
            action=action.contiguous().view(torch.float32),
            reward=reward,
            next_observation=next_observation,
            discount=self._powers[last + 1] * alive,
        )


def normalised(batch: Batch, mean: Tensor, scale: Tensor) -> Batch:
    """The batch with its observations as the networks take them: (observation - mean) / scale."""
    return batch._replace(
        observation=(batch.observation - mean) / scale,
        next_observation=(batch.next_observation - mean) / scale,
    )
