"""Episodes of hosted environments that are not ours, as MCAP files: observations, actions and rewards.

Topic `/step` holds one JSON message for each observation: `episode`, `step` (0 is the reset) and
`observation`, flat; from step 1 on also `action`, `reward`, `terminated` and `truncated` of the step that led
to it. Times are those of the clock on the wall; Foxglove plots them.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from mcap.reader import NonSeekingReader
from mcap.writer import CompressionType, Writer

from trackmania_rl.environment.replay.reading import CUT_OFF
from trackmania_rl.protocol.errors import InputError

TOPIC = "/step"
EVERY = 10.0
"""An episode is recorded when the last recorded one began at least this long ago [s] (guess)."""
CHUNK = 1 << 18
"""Uncompressed bytes after which a chunk goes to the disk."""
SIZE_MAX = 1 << 28
"""A file that has become this large takes no further episode [bytes]."""


class Sample(msgspec.Struct, omit_defaults=True):
    """One observation, and the step that led to it."""

    episode: int
    step: int
    observation: list[float]
    action: list[float] | None = None
    reward: float | None = None
    terminated: bool = False
    truncated: bool = False


class EpisodeRecording:
    """Episodes of one world, written as they happen: whole ones, one every ten seconds at most.

    A disk that is full ends the recording, and nothing else; `failure` says so. A crash costs at most
    the episode that was recorded then.

    Args:
        folder: Where the file appears.
        env: The environment's name.

    Attributes:
        path: The file.
        failure: Why nothing is written any more, or None.
    """

    def __init__(self, folder: Path, env: str) -> None:
        self.failure: str | None = None
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
        self.path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '.', env)[:64]}-{stamp}.mcap"
        self._episode = 0
        self._step: int | None = None  # of the episode that is recorded; None between two of them
        self._began = -EVERY
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            self._writer = Writer(self._file, chunk_size=CHUNK, compression=CompressionType.ZSTD)
            self._writer.start()
            self._writer.add_metadata("trackmania-rl", {"env": env})
            schema = self._writer.register_schema(
                "Sample", "jsonschema", msgspec.json.encode(msgspec.json.schema(Sample))
            )
            self._channel = self._writer.register_channel(TOPIC, "json", schema)
        except OSError as error:
            self.failure = f"{self.path} cannot be written: {error}"

    def begin(self, observation: Any) -> None:
        """An episode begins."""
        now = time.monotonic()
        self._step = None
        if now - self._began < EVERY or self.failure is not None or self._file.tell() > SIZE_MAX:
            return
        self._began, self._step = now, 0
        self._episode += 1
        self._save()
        if self.failure is None:
            self._write(Sample(self._episode, 0, _flat(observation)))

    def step(self, action: Any, reward: float, terminated: bool, truncated: bool, observation: Any) -> None:
        """A step was taken; `observation` is what came of it."""
        if self._step is None:
            return
        self._step += 1
        self._write(
            Sample(
                self._episode, self._step, _flat(observation), _flat(action), reward, terminated, truncated
            )
        )

    def close(self) -> None:
        """Finish the file; one without an episode is removed."""
        if self.failure is not None:
            return
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.close()
        except OSError as error:
            self._give_up(error)
        if self._episode == 0:
            self.path.unlink(missing_ok=True)

    def _write(self, sample: Sample) -> None:
        now = time.time_ns()
        try:
            self._writer.add_message(self._channel, now, msgspec.json.encode(sample), now)
        except OSError as error:
            self._give_up(error)

    def _save(self) -> None:
        """Everything so far to the disk: a crash leaves what came before."""
        try:
            self._writer.flush()  # type: ignore[no-untyped-call]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure, self._step = f"{self.path} cannot be written: {error}", None
        with contextlib.suppress(OSError):  # what is left does not fit either
            self._file.close()


def read(path: Path) -> Iterator[list[Sample]]:
    """The episodes of a file, one after the other; the last one may be unfinished.

    A file that was cut off is read up to the cut.

    Raises:
        InputError: The file is missing, or is none of ours.
    """
    episode: list[Sample] = []
    for sample in _samples(path):
        if sample.step == 0 and episode:
            yield episode
            episode = []
        episode.append(sample)
    if not episode:
        raise InputError(f"{path} holds no episode, expected those of a hosted environment")
    yield episode


def _samples(path: Path) -> Iterator[Sample]:
    """The samples of a file, up to where it is cut off."""
    try:
        with path.open("rb") as file:
            for _, channel, message in NonSeekingReader(file).iter_messages(log_time_order=False):
                if channel.topic == TOPIC:
                    yield msgspec.json.decode(message.data, type=Sample)
    except CUT_OFF:
        return
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}, expected episodes of a hosted environment"
        ) from error


def _flat(values: Any) -> list[float]:
    flat: list[float] = np.asarray(values).ravel().tolist()
    return flat
