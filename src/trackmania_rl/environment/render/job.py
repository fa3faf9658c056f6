"""A video made by a process of its own, at the lowest priority: races beside it are not slowed down.

`python -m trackmania_rl.environment.render.job` takes a Job as JSON on its standard input, and writes a line
of JSON, a Progress, after each picture. Its exit status is 0 when the file is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from trackmania_rl.environment.render.export import export
from trackmania_rl.environment.render.film import film
from trackmania_rl.environment.replay.reading import read
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import VideoRequest

NICENESS = 19
"""The least urgent: the kernel gives a race's process 68 times the share of such a one (1024 to 15)."""


class Job(msgspec.Struct):
    """What is to be made."""

    replays: list[str]
    """Their files."""
    request: VideoRequest
    out: str


class Progress(msgspec.Struct):
    """How far it is, or why it goes no further."""

    frames: int = 0
    error: str | None = None


def main() -> None:
    """Make the video that the standard input names."""
    os.nice(NICENESS)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        shown = film([read(Path(path)) for path in job.replays], job.request)
        export(shown, Path(job.out), progress=lambda frames: _say(Progress(frames)))
    except InputError as error:
        _say(Progress(error=str(error)))
        sys.exit(2)


def _say(progress: Progress) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(progress) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
