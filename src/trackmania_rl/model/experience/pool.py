"""Experience that several agents share: a folder with one ring for each agent that writes.

Every ring has one writer, so that nobody waits for anybody; whoever reads draws again where a step was
overwritten meanwhile. Agents may be of several services on one volume.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trackmania_rl.model.experience.buffer import Windows
from trackmania_rl.model.experience.ring import RingFile, Rows
from trackmania_rl.model.sac.sac import Batch
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import pools_folder

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
ENDING = ".ring"
SPARE = 4
"""A ring has room for 1/SPARE more steps than are drawn from it, those written during a draw (guess)."""
LOOK_PERIOD = 2.0
"""Time between looks for new writers [s] (guess)."""


@dataclass(frozen=True)
class PoolConfig:
    """An agent's part in a pool."""

    name: str
    write: bool = True
    """Do the others learn from its experience?"""
    share: float = 0.5
    """Part of each batch that is drawn from the others' experience, 0 to 1."""

    def check(self) -> None:
        """Refuse values that cannot work.

        Raises:
            InputError: Names the setting, its value and what was expected.
        """
        if not NAME.fullmatch(self.name):
            raise InputError(f"pool.name is {self.name!r}, expected letters, digits, _ . -", field="pool")
        if not 0.0 <= self.share < 1.0:
            raise InputError(f"pool.share is {self.share}, expected 0 or more and below 1", field="pool")


class Pool:
    """One agent's end of a pool.

    Args:
        config: Its part.
        run: The agent's run, which names its ring.
        widths: Lengths of observation, action and observation in a row, and `numbers` what it is of.
        worlds: Transitions that it writes at once.
        length: Steps that the others draw from.
        kind: What the experience is of, as plain values: another kind does not mix with it.
        version: Of the environment.
        n_step: Rewards summed before the bootstrap, and `gamma` the discount per step, when it reads.
        seed: Of the sampling.
        note: Told in a sentence when a later writer's experience is left out.

    Raises:
        InputError: The pool holds experience of another shape or kind.
    """

    def __init__(
        self,
        config: PoolConfig,
        run: str,
        *,
        widths: list[int],
        numbers: torch.dtype = torch.float32,
        worlds: int,
        length: int,
        kind: dict[str, Any],
        version: str,
        n_step: int,
        gamma: float,
        seed: int,
        note: Callable[[str], None] = log.warning,
    ) -> None:
        self.config = config
        self.folder = pools_folder() / config.name
        self._run = run
        self._about = {**kind, "widths": widths}
        self._version = version
        self._windows = Windows(n_step, gamma, widths, torch.device("cpu"))
        self._generator = torch.Generator().manual_seed(seed)
        self._note = note
        self._looked = 0.0
        self._known: dict[Path, tuple[int, RingFile | None]] = {}  # by path: inode, and the ring if it fits
        for path in self._paths():
            self._fitting(path)
        self._look()
        self.own = self._own_ring(worlds, length, numbers) if config.write else None
        self.cut()

    def add(self, rows: Rows, *rest: Tensor) -> None:
        """Write a step for the others: observation, action, next observation; reward, terminated, ended."""
        if self.own is not None:
            self.own.ring.put(self.own.written, rows, *rest)
            self.own.written += 1

    def cut(self) -> None:
        """Mark the newest step as the last of its episodes: what comes next does not follow it."""
        if self.own is not None and self.own.written:
            self.own.ring.ended[(self.own.written - 1) % self.own.ring.places] = True

    def sample(self, batch: int) -> Batch | None:
        """Draw uniformly from what all the others have written, not normalised; None if there is nothing."""
        if time.monotonic() - self._looked > LOOK_PERIOD:
            self._look()
        files = [file for _, file in self._known.values() if file is not None]
        held = [min(file.written, file.about["length"]) * file.ring.worlds for file in files]
        if not sum(held):
            return None
        chosen = torch.multinomial(torch.tensor(held).double(), batch, True, generator=self._generator)
        counts = chosen.bincount(minlength=len(files)).tolist()
        parts = [self._draw(file, count) for file, count in zip(files, counts, strict=True) if count]
        return Batch(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _draw(self, file: RingFile, batch: int) -> Batch:
        """Transitions of one ring, whole although its writer goes on meanwhile."""
        while True:
            newest = file.written
            oldest = max(0, newest - file.about["length"])
            drawn = self._windows.draw(file.ring, oldest, newest, batch, self._generator)
            if file.written < oldest + file.ring.places:  # the step being written overwrites an older one
                return drawn

    def _paths(self) -> list[Path]:
        """The others' rings."""
        return [path for path in sorted(self.folder.glob(f"*{ENDING}")) if path.stem != self._run]

    def _look(self) -> None:
        """Find the others' rings, also those that were made anew."""
        self._looked = time.monotonic()
        found = {}
        for path in self._paths():
            inode = path.stat().st_ino
            known = self._known.get(path)
            found[path] = known if known and known[0] == inode else (inode, self._opened(path))
        self._known = found

    def _opened(self, path: Path) -> RingFile | None:
        """A ring to draw from; None, and a word about it, where it does not fit."""
        try:
            file = self._fitting(path)
        except InputError as error:
            self._note(f"Experience is left out: {error}.")
            return None
        if file.about["version"] != self._version:
            self._note(
                f"The experience of {path.stem!r} in pool {self.config.name!r} is of version "
                f"{file.about['version']} of the environment, not {self._version}: it is left out."
            )
            return None
        return file

    def _fitting(self, path: Path) -> RingFile:
        """A ring of the same kind.

        Raises:
            InputError: It is of another, or damaged.
        """
        file = RingFile(path)
        for name, value in self._about.items():
            if file.about.get(name) != value:
                raise InputError(
                    f"pool {self.config.name!r} holds experience of {path.stem!r} with {name} "
                    f"{file.about.get(name)}, expected {value}: name another pool, or delete {path}",
                    field="pool",
                )
        return file

    def _own_ring(self, worlds: int, length: int, numbers: torch.dtype) -> RingFile:
        """The ring of this run, as it was left if it still fits."""
        path = self.folder / f"{self._run}{ENDING}"
        about = {**self._about, "version": self._version, "length": length}
        if path.exists():
            file = RingFile(path, write=True)
            same = {**about, "worlds": worlds}
            if {name: file.about.get(name) for name in same} == same:
                return file
        places, width = length + -(-length // SPARE) + 1, sum(self._about["widths"])
        return RingFile.create(path, places, worlds, width, numbers, **about)
