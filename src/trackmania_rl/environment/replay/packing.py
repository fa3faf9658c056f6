"""Pack a finished recording: long pieces take less room than pieces of a second.

Text comes first, all of it in one piece, because it repeats itself: a packed file that is cut off still says
what happened. Then come the drives, and the scans, in pieces of SECONDS.
"""

from __future__ import annotations

import os
from pathlib import Path

from trackmania_rl.environment.replay import samples
from trackmania_rl.environment.replay.reading import opened
from trackmania_rl.environment.replay.samples import Block
from trackmania_rl.environment.replay.script import Script

SECONDS = 15
"""Seconds in a piece."""


def pack(part: Path, packed: Path) -> None:
    """Copy a recording, text first; blocks of a second are joined, all else stays as it is.

    Raises:
        OSError: The copy cannot be written.
        InputError: The recording cannot be read.
    """
    head, entries = opened(part)
    with packed.open("wb") as file:
        script = Script(file, head.about, head.start)
        for entry in entries:
            if not _is_measured(entry.topic) and entry.topic != "result":
                script.add(entry.topic, entry.tick, entry.data)
        script.flush()
        complete = _pack_measured(script, part)
        script.finish(complete=complete)
        file.flush()
        os.fsync(file.fileno())  # before the recording that it replaces is deleted


def _is_measured(topic: str) -> bool:
    """Whether a topic is one of those that grow with every row: they stay in the order of time."""
    return topic.startswith(("drive/", "lidar/"))


def _pack_measured(script: Script, part: Path) -> bool:
    """Copy drives and scans; blocks of a second are joined. True if the recording is whole."""
    head, entries = opened(part)
    waiting: dict[str, list[Block]] = {}
    complete = False
    for entry in entries:
        if entry.topic.startswith("drive/"):
            blocks = waiting.setdefault(entry.topic, [])
            if len(blocks) == SECONDS:
                _write(script, waiting)
                blocks = waiting.setdefault(entry.topic, [])
            blocks.append(samples.decode(entry.data, head.format))
        elif _is_measured(entry.topic):
            script.add(entry.topic, entry.tick, entry.data)
        elif entry.topic == "result":
            complete = True
    _write(script, waiting)
    return complete


def _write(script: Script, waiting: dict[str, list[Block]]) -> None:
    """What was gathered of every car, as a chunk of its own: text and numbers compress badly together."""
    script.flush()
    for topic, blocks in waiting.items():
        block = samples.joined(blocks)
        script.add(topic, block.first_tick, samples.encode(block))
    waiting.clear()
    script.flush()
