"""A ring of steps: in memory, or in a memory-mapped file that one process writes and many read."""

from __future__ import annotations

import json
import mmap
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import whole

Rows = tuple[Tensor, Tensor, Tensor]
"""Of one step: observation (w, o), action (w, a), and the observation that followed (w, o)."""

MAGIC = b"TMRLRING"
HEADER = mmap.PAGESIZE
"""Bytes before the columns: the magic, the steps written so far, the length of the description, itself."""
NUMBERS = {"float32": np.float32, "uint8": np.uint8}
"""What the rows in a file may be of."""
WRITTEN = slice(len(MAGIC), len(MAGIC) + 8)


@dataclass(frozen=True)
class Ring:
    """The columns of a ring. Step t of the run lies at place t modulo `places`.

    Attributes:
        rows: (places, worlds, o + a + o) observation, action, observation that followed (the final one
            where the episode ended), packed so that a transition is one read from memory. Where observations
            are images it is of bytes, and an action takes four for each of its numbers.
        reward: (places, worlds).
        terminated: (places, worlds), and `ended` where it was terminated or truncated.
    """

    rows: Tensor
    reward: Tensor
    terminated: Tensor
    ended: Tensor

    @staticmethod
    def empty(
        places: int, worlds: int, width: int, device: torch.device, numbers: torch.dtype = torch.float32
    ) -> Ring:
        """A ring in memory."""
        return Ring(
            torch.empty(places, worlds, width, dtype=numbers, device=device),
            torch.zeros(places, worlds, device=device),
            torch.zeros(places, worlds, dtype=torch.bool, device=device),
            torch.zeros(places, worlds, dtype=torch.bool, device=device),
        )

    @property
    def places(self) -> int:
        """Steps that it has room for."""
        return len(self.reward)

    @property
    def worlds(self) -> int:
        """Transitions of a step."""
        return self.reward.shape[1]

    @property
    def columns(self) -> tuple[Tensor, ...]:
        """All four."""
        return self.rows, self.reward, self.terminated, self.ended

    def put(self, step: int, rows: Rows, *rest: Tensor) -> None:
        """Write a step: its observation, action and next observation; reward, terminated, ended."""
        place = step % self.places
        torch.cat([part.view(self.rows.dtype) for part in rows], dim=1, out=self.rows[place])
        for column, value in zip(self.columns[1:], rest, strict=True):
            column[place] = value

    def copy(self, first: int, last: int, to: Ring, at: int) -> None:
        """Write the steps first .. last - 1 to another ring, where they are the steps from `at` on."""
        while first < last:
            source, target = first % self.places, at % to.places
            run = min(last - first, self.places - source, to.places - target)
            for mine, its in zip(self.columns, to.columns, strict=True):
                its[target : target + run].copy_(mine[source : source + run])
            first, at = first + run, at + run


class RingFile:
    """A ring in a memory-mapped file.

    One process writes: first a step's columns, then the number of steps, so that whoever reads that
    number finds all steps before it. (Stores become visible in their order on x86; elsewhere the newest step
    could be seen half-written.) What is not written yet takes no room on disk.

    Args:
        path: An existing file of this kind.
        write: Map it to write.

    Raises:
        InputError: It is no such file, or it is cut short.

    Attributes:
        about: What its writer says of it.
        ring: The columns.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        foreign = InputError(f"{path} is no ring of experience, or it is cut short", field="path")
        try:
            with path.open("r+b" if write else "rb") as file:
                self._map = mmap.mmap(
                    file.fileno(), 0, prot=mmap.PROT_READ | (mmap.PROT_WRITE if write else 0)
                )
        except (OSError, ValueError) as error:
            raise foreign from error
        try:
            if self._map[: len(MAGIC)] != MAGIC:
                raise foreign
            length = int.from_bytes(self._map[24:32], "little")
            self.about: dict[str, Any] = json.loads(self._map[32 : 32 + length])
            places, worlds, width = (int(self.about[name]) for name in ("places", "worlds", "width"))
            self.ring = self._columns(places, worlds, width, NUMBERS[self.about.get("numbers", "float32")])
        except (ValueError, KeyError, TypeError) as error:
            raise foreign from error
        self._written = np.frombuffer(self._map, np.int64, 1, WRITTEN.start)

    @staticmethod
    def create(
        path: Path, places: int, worlds: int, width: int, numbers: torch.dtype = torch.float32, **about: Any
    ) -> RingFile:
        """A new, empty file; one of that name is replaced, and those that read it keep the old one."""
        about |= {"places": places, "worlds": worlds, "width": width, "id": secrets.token_hex(8)}
        about["numbers"] = str(numbers).removeprefix("torch.")
        described = json.dumps(about).encode()
        if len(described) > HEADER - 32:
            raise InputError("the options of the environment are too long to be kept with its experience")
        with whole(path) as file:
            file.write(MAGIC + bytes(16) + len(described).to_bytes(8, "little") + described)
            file.truncate(HEADER + places * worlds * (numbers.itemsize * width + 4 + 1 + 1))
        return RingFile(path, write=True)

    @property
    def written(self) -> int:
        """Steps written so far; only the newest of them are still there."""
        return int(self._written[0])

    @written.setter
    def written(self, steps: int) -> None:
        self._written[0] = steps

    def flush(self) -> None:
        """Return when all is on disk: the pages changed since the last call are written."""
        self._map.flush()

    def _columns(self, places: int, worlds: int, width: int, numbers: Any) -> Ring:
        at, columns = HEADER, []
        for kind, shape in (
            (numbers, (places, worlds, width)),
            (np.float32, (places, worlds)),
            (np.bool_, (places, worlds)),
            (np.bool_, (places, worlds)),
        ):
            column = np.frombuffer(self._map, kind, int(np.prod(shape)), at).reshape(shape)
            at += column.nbytes
            columns.append(_tensor(column))
        if at != len(self._map):
            raise ValueError("cut short")
        return Ring(*columns)


def _tensor(column: np.ndarray[Any, Any]) -> Tensor:
    """A view of the same memory; of a file that is only read it must not be written to."""
    if column.flags.writeable:
        return torch.from_numpy(column)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that PyTorch knows no tensors that are only read
        return torch.from_numpy(column)
