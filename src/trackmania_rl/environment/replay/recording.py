"""Record a race to an MCAP file (script.py) while it is driven.

Everything slow (compressing, writing) happens in a thread of its own, a second of the race at a time, so
the race is never held up and a crash or a full disk loses at most the last second. When the heat has ended
the file is packed: longer pieces compress better.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import TICK, TICKS_PER_STEP
from trackmania_rl.environment.replay import foxglove, samples
from trackmania_rl.environment.replay.packing import pack
from trackmania_rl.environment.replay.script import About, Script
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import EventMessage

Floats = NDArray[np.float32]

PART, PACKING = ".part", ".packing"
"""Endings of a file that is still being written, or packed."""
PLACES_ROWS = 10
"""Every so many rows other tools are told where the cars are."""
NO_TAPE = np.zeros((0, 3), np.float32)

logger = logging.getLogger(__name__)


def new_id(track: str, heat: int) -> str:
    """An id for a recording: track, time and heat."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
    return f"{track[:32].rstrip('.:')}-{now}-{heat}"


class Second(msgspec.Struct):
    """What is handed to the thread at once: a second of every car, from one tick on.

    Attributes:
        first_tick: Tick of each car's first row, by agent; so are the rest.
        poses: Rows of poses.
        inputs: The actions driven from each of these moments on.
        lidar: LIDAR scans.
        rewards: Rewards of the steps that ended at these moments.
    """

    first_tick: dict[str, int] = {}
    poses: dict[str, list[Floats]] = {}
    inputs: dict[str, list[Floats]] = {}
    lidar: dict[str, list[Floats]] = {}
    rewards: dict[str, list[float]] = {}


class Recording:
    """A recording in progress.

    Args:
        folder: Where its file `<id>.mcap` appears when it is whole; until then it is `<id>.mcap.part`.
        about: What it is of.
        track: Where it is driven, for other tools to draw.

    Attributes:
        id: Its name.
        closing: No more samples are taken.
        closed: Set when the file is whole, or was given up.
        failure: Why it was given up, or None.
    """

    def __init__(self, folder: Path, about: About, track: Track) -> None:
        self.id = about.id
        self.path = folder / f"{about.id}.mcap"
        self.closing = False
        self.closed = threading.Event()
        self.failure: str | None = None
        self._kept = True
        self._about = about
        self._track = track
        self._second = Second()
        self._work: queue.SimpleQueue[Second | EventMessage | bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"recording {about.id}", daemon=True)
        self._thread.start()

    def sample(
        self,
        tick: int,
        poses: dict[str, Floats],
        inputs: dict[str, Floats],
        *,
        lidar: dict[str, Floats] | None = None,
        rewards: dict[str, float] | None = None,
    ) -> None:
        """Take what is known at a tick, by agent.

        Args:
            tick: Tick of the heat.
            poses: Poses of all cars.
            inputs: The actions that are driven from then on; none of ghosts.
            lidar: LIDAR scans, if they are to be recorded.
            rewards: Rewards of the step that ends now, if they are to be recorded.
        """
        second = self._second
        for agent_id, pose in poses.items():
            second.first_tick.setdefault(agent_id, tick)
            second.poses.setdefault(agent_id, []).append(pose)
        for agent_id, action in inputs.items():
            second.inputs.setdefault(agent_id, []).append(action)
        for agent_id, scan in (lidar or {}).items():
            second.lidar.setdefault(agent_id, []).append(scan)
        for agent_id, reward in (rewards or {}).items():
            second.rewards.setdefault(agent_id, []).append(reward)
        if any(len(rows) >= samples.SECOND for rows in second.poses.values()):
            self._hand_over()

    def event(self, event: EventMessage) -> None:
        """Take an event."""
        self._put(event)

    def close(self, *, complete: bool = True, keep: bool = True) -> None:
        """Take no more; the thread writes what is left and closes the file.

        Args:
            complete: The heat was recorded to its end.
            keep: False deletes the file: nobody drove.
        """
        if not self.closing:
            self.closing = True
            self._hand_over()
            self._kept = keep
            self._put(complete)

    @property
    def replay(self) -> str | None:
        """Id under which the recording is kept, or None if it is not."""
        return self.id if self._kept and self.failure is None else None

    def wait(self) -> None:
        """Wait until the file is closed."""
        self._thread.join()

    def _hand_over(self) -> None:
        """Give the rows so far to the thread."""
        if self._second.poses:
            self._put(self._second)
            self._second = Second()

    def _put(self, work: Second | EventMessage | bool) -> None:
        """Hand work to the thread; once it gave up nobody would take it."""
        if not self.closed.is_set():
            self._work.put(work)

    # --- in the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._write()
        except OSError as error:
            self._give_up(error.strerror or str(error))
        except Exception as error:  # the race goes on, and must not be told of a file that is not there
            self._give_up(f"{type(error).__name__}, a fault of ours")
            logger.exception("recording failed")
        finally:
            self.closed.set()

    def _give_up(self, reason: str) -> None:
        self.failure = f"the recording {self.id} was given up: {reason}"
        logger.error(self.failure)

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + PART)
        with part.open("wb") as file:
            script = Script(file, self._about, time.time_ns())
            self._open(script)
            while not isinstance(work := self._work.get(), bool):
                if isinstance(work, EventMessage):
                    script.add("events", round(work.time / TICK), msgspec.json.encode(work))
                else:
                    _write_second(script, work)
            script.finish(complete=work)
            file.flush()
            os.fsync(file.fileno())
        if self._kept:
            self._pack(part)
        else:
            part.unlink()

    def _open(self, script: Script) -> None:
        """What stays as it is: the track, the cars, the frames."""
        scene = foxglove.scene(self._track, self._about.cars, script.start)
        script.add("scene", 0, msgspec.json.encode(scene))
        script.add("transforms", 0, msgspec.json.encode(foxglove.world(script.start)))

    def _pack(self, part: Path) -> None:
        """The finished file, packed; as it is where there is no room for another one."""
        packed = self.path.with_name(self.path.name + PACKING)
        try:
            pack(part, packed)
        except (OSError, InputError) as error:
            logger.warning("the recording %s stays unpacked: %s", self.id, error)
            with contextlib.suppress(OSError):
                packed.unlink()
            part.rename(self.path)
        else:
            packed.rename(self.path)
            part.unlink()


def _write_second(script: Script, second: Second) -> None:
    """A second of every car."""
    first = min(second.first_tick.values())
    for agent_id, rows in second.poses.items():
        tape = second.inputs.get(agent_id)
        block = samples.exact_block(
            second.first_tick[agent_id], np.stack(rows), NO_TAPE if tape is None else np.stack(tape)
        )
        script.add(f"drive/{agent_id}", block.first_tick, samples.encode(block))
    for k in range(0, max(map(len, second.poses.values())), PLACES_ROWS):
        tick = first + TICKS_PER_STEP * k
        known = {agent_id: rows[k] for agent_id, rows in second.poses.items() if k < len(rows)}
        script.add("transforms", tick, msgspec.json.encode(foxglove.places(known, script.moment(tick))))
    for agent_id, scans in second.lidar.items():
        for k, ranges in enumerate(scans):
            tick = second.first_tick[agent_id] + TICKS_PER_STEP * k
            scan = foxglove.scan(agent_id, ranges, script.moment(tick))
            script.add(f"lidar/{agent_id}", tick, msgspec.json.encode(scan))
    if second.rewards:
        rewards = {agent_id: [round(one, 4) for one in row] for agent_id, row in second.rewards.items()}
        script.add("rewards", first, msgspec.json.encode(rewards))
    script.flush()
