"""A learner in a process of its own, and what it says to the service and back.

The messages go through a pipe as msgpack. The process ends, saved, when the pipe closes: a service that
was killed leaves no learner behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trackmania_rl.model.runs.checkpoint import load
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import Progress, train
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import runs_folder

NICENESS = 5
"""Learning yields the processor to races, which are in real time (guess)."""

LOCK = "lock"
"""In a run's folder: held by the learner that writes there."""
LOCK_TIMEOUT = 180.0
"""Longest wait for another learner of the run; one that compiles does not notice its service's end [s]."""

Command = Literal["start", "pause", "save", "stop"]


class Report(Struct, tag="report"):
    """How far the training is, and its newest policy (Policy.pack)."""

    progress: Progress
    policy: bytes


class Saved(Struct, tag="saved"):
    """The learner's state was written."""


class Failed(Struct, tag="failed"):
    """The training cannot begin or go on; why, for people."""

    detail: str


Message = Report | Saved | Failed
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Report | Saved | Failed] = msgspec.msgpack.Decoder(Message)


class LearnerProcess:
    """The service's end of a learner.

    Args:
        config: Settings of the training.
        checkpoint: File to begin with, where the run has no state of its own yet.
        resume: Go on with the run of that name; otherwise replace it.
    """

    def __init__(self, config: LearnerConfig, *, checkpoint: str | None = None, resume: bool = True) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_learn,
            args=(other, msgspec.to_builtins(config), checkpoint, resume),
            name=f"learner {config.run}",
            daemon=True,
        )
        self._process.start()
        other.close()

    def receive(self) -> Message | None:
        """Wait for the next message; None when the process has ended."""
        try:
            return _DECODER.decode(self._connection.recv_bytes())
        except (EOFError, OSError):
            return None

    def send(self, command: Command) -> None:
        """Tell it what to do; nothing happens if it has ended."""
        try:
            self._connection.send_bytes(command.encode())
        except OSError:
            return

    def join(self, timeout: float) -> int | None:
        """Wait for its end and return its exit code; it is killed when it takes too long."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        return self._process.exitcode


def _learn(connection: Connection, settings: dict[str, Any], checkpoint: str | None, resume: bool) -> None:
    """What runs in the process."""
    os.nice(NICENESS)
    end = _LearnersEnd(connection)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to handle
    signal.signal(signal.SIGTERM, end.ask_to_stop)  # may reach the whole group: save, then end
    try:
        begin = load(Path(checkpoint)) if checkpoint else None
        config = LearnerConfig.of(settings)
        with alone(runs_folder() / config.run):
            train(config, end.report, should_stop=lambda: end.stop, resume=resume, checkpoint=begin)
        end.say(Saved())
    except InputError as error:
        end.say(Failed(str(error)))
    connection.close()


@contextlib.contextmanager
def alone(folder: Path, patience: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold a run for as long as this lasts.

    The learner of a service that was killed may still save itself when that is there again: what it writes
    must not come in the way of its successor, nor after what that has acknowledged.

    Args:
        folder: The run's.
        patience: Longest wait for who holds it [s].

    Raises:
        InputError: Another learner holds it for longer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with (folder / LOCK).open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InputError(
                        f"another learner holds run {folder.name!r}: stop it first", field="run"
                    ) from None
                time.sleep(0.1)
                continue
            except OSError:
                pass  # a volume without locks
            break
        yield


class _LearnersEnd:
    """The learner's end of the pipe: reports go out, commands come in between two reports."""

    def __init__(self, connection: Connection) -> None:
        self.stop = False
        self._connection = connection

    def ask_to_stop(self, *_: object) -> None:
        """Save and end at the next occasion."""
        self.stop = True

    def say(self, message: Message) -> None:
        """Tell the service; if it is gone the training ends."""
        try:
            self._connection.send_bytes(_ENCODER.encode(message))
        except OSError:
            self.stop = True

    def report(self, progress: Progress, learner: Learner) -> None:
        """Say how far it is, then do what the service has asked for; a pause is waited for here."""
        self.say(Report(progress, learner.policy().pack()))
        paused = False
        while not self.stop and (paused or self._connection.poll()):
            command = self._command()
            self.stop = command == "stop"
            paused = command == "pause" or (paused and command == "save")
            if command in ("save", "pause"):
                learner.save()
                self.say(Saved())

    def _command(self) -> str:
        try:
            return self._connection.recv_bytes().decode()
        except (EOFError, OSError):
            return "stop"
