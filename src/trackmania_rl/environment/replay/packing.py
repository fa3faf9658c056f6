"""Pack a finished recording: pieces of ten seconds take less room than pieces of one."""

from __future__ import annotations

from pathlib import Path

from trackmania_rl.environment.replay import samples
from trackmania_rl.environment.replay.reading import opened
from trackmania_rl.environment.replay.samples import Block
from trackmania_rl.environment.replay.script import Script

SECONDS = 10
"""Seconds in a piece."""


def pack(part: Path, packed: Path) -> None:
    """Copy a recording; blocks of a second are joined, all else stays as it is.

    Raises:
        OSError: The copy cannot be written.
        InputError: The recording cannot be read.
    """
    head, entries = opened(part)
    waiting: dict[str, list[Block]] = {}
    complete = False
    with packed.open("wb") as file:
        script = Script(file, head.about, head.start)
        for entry in entries:
            if entry.topic.startswith("drive/"):
                blocks = waiting.setdefault(entry.topic, [])
                if len(blocks) == SECONDS:
                    _write(script, waiting)
                    blocks = waiting.setdefault(entry.topic, [])
                blocks.append(samples.decode(entry.data))
            elif entry.topic == "result":
                complete = True
            else:
                script.add(entry.topic, entry.tick, entry.data)
        _write(script, waiting)
        script.finish(complete=complete)


def _write(script: Script, waiting: dict[str, list[Block]]) -> None:
    """What was gathered of every car, as a chunk of its own: text and numbers compress badly together."""
    script.flush()
    for topic, blocks in waiting.items():
        block = samples.joined(blocks)
        script.add(topic, block.first_tick, samples.encode(block))
    waiting.clear()
    script.flush()
