"""Videos that the service makes: a queue, drawn one after the other, each by a process of its own."""

from __future__ import annotations

import contextlib
import queue
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from trackmania_rl.environment.render.browser import chromium, tied
from trackmania_rl.environment.render.encoder import ffmpeg
from trackmania_rl.environment.render.film import film
from trackmania_rl.environment.render.job import Job, Progress
from trackmania_rl.environment.render.studio import page
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.reading import read
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Video, VideoRequest, VideoState
from trackmania_rl.protocol.metrics import Metric
from trackmania_rl.protocol.volume import videos_folder, write_whole

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,95}")
RESTARTED = "the service was stopped while it was made: ask for it again"
DISK_LEAST = 500_000_000
"""Free room on the disk without which no video is begun [bytes] (guess)."""


@dataclass(frozen=True)
class VideoLimits:
    """How much is made and kept.

    Attributes:
        waiting: Most videos in the queue, with the one that is drawn.
        frames: Most pictures of a video.
        count: So many of the newest are kept.
        size_bytes: And no more than take this room together.
    """

    waiting: int = 8
    frames: int = 36_000
    count: int = 100
    size_bytes: int = 5_000_000_000


class Videos:
    """The videos and their queue; all is kept in the data volume and found again after a restart."""

    def __init__(self, limits: VideoLimits) -> None:
        self.limits = limits
        self._videos: dict[str, Video] = {}
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: stop
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Make what is asked for, as long as this lasts."""
        self._restore()
        worker = threading.Thread(target=self._work, name="videos", daemon=True)
        worker.start()
        try:
            yield
        finally:
            self._queue.put(None)
            for video in self.all():
                self._end(video.id, "failed", RESTARTED)
            worker.join()

    def all(self) -> list[Video]:
        """All videos, newest first."""
        with self._lock:
            return sorted(self._videos.values(), key=lambda video: video.id, reverse=True)

    def get(self, id: str) -> Video:
        """One of them.

        Raises:
            InputError: There is none of this id; status 404.
        """
        with self._lock:
            if id not in self._videos:
                raise InputError(f"no video {id}: GET /api/videos names all", status=404, field="video")
            return self._videos[id]

    def file(self, id: str) -> Path:
        """A finished video's file.

        Raises:
            InputError: It is not finished; status 409.
        """
        video = self.get(id)
        path = _path(video)
        if video.state != "done" or not path.is_file():
            raise InputError(f"the video {id} has no file: it is {video.state}", status=409, field="video")
        return path

    def add(self, replay: str, request: VideoRequest) -> Video:
        """Put a video into the queue.

        Raises:
            InputError: It cannot be made here, does not fit its replays, or there is no room for it.
        """
        _check_machine()
        paths = [archive.stored(each) for each in (replay, *request.others)]
        frames = film([read(path) for path in paths], request).frames
        if frames > self.limits.frames:
            raise InputError(
                f"the video has {frames} pictures, at most {self.limits.frames} are made: "
                "choose a shorter part or fewer fps",
                field="fps",
            )
        now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]
        video = Video(f"{now}-{secrets.token_hex(2)}", replay, request, "waiting", frames_total=frames)
        with self._lock:
            if (
                sum(each.state in ("waiting", "running") for each in self._videos.values())
                >= self.limits.waiting
            ):
                raise InputError(
                    f"{self.limits.waiting} videos are waiting already: come again later", status=429
                )
            self._keep(video)
        self._queue.put(video.id)
        return video

    def remove(self, id: str) -> None:
        """Cancel a video that is waiting or drawn; forget one that is not, with its file."""
        video = self.get(id)
        if self._end(id, "cancelled"):
            return
        with self._lock:
            self._videos.pop(id, None)
        for path in (_path(video), _path(video).with_suffix(".json")):
            path.unlink(missing_ok=True)

    def metrics(self) -> list[Metric]:
        """How many there are."""
        count = Counter(video.state for video in self.all())
        values: dict[str, float] = {f'state="{state}"': number for state, number in count.items()}
        return [Metric("trackmania_videos", "gauge", "Videos of races.", values)]

    def _keep(self, video: Video) -> None:
        """Write down what is known of a video; the lock is held."""
        self._videos[video.id] = video
        write_whole(_path(video).with_suffix(".json"), msgspec.json.encode(video))

    def _change(self, id: str, **fields: Any) -> bool:
        """Change a video that is waiting or drawn; False when it has ended meanwhile."""
        with self._lock:
            video = self._videos.get(id)
            if video is None or video.state not in ("waiting", "running"):
                return False
            changed = msgspec.structs.replace(video, **fields)
            if changed.state == video.state:
                self._videos[id] = changed  # progress is not worth the disk's while
            else:
                self._keep(changed)
            return True

    def _end(self, id: str, state: VideoState, error: str | None = None) -> bool:
        """End a video that is waiting or drawn, and what draws it."""
        drawn = self.get(id).state == "running"
        ended = self._change(id, state=state, error=error, seconds_left=None)
        if ended and drawn and self._process is not None:
            self._process.terminate()
        return ended

    def _restore(self) -> None:
        """Find the videos of earlier; what was unfinished then has failed."""
        for path in videos_folder().glob("*.json"):
            with contextlib.suppress(msgspec.DecodeError, OSError):
                video = msgspec.json.decode(path.read_bytes(), type=Video)
                if ID.fullmatch(video.id) and path.stem == video.id:
                    self._videos[video.id] = video
        for video in self.all():
            self._change(video.id, state="failed", error=RESTARTED, seconds_left=None)

    def _work(self) -> None:
        while (id := self._queue.get()) is not None:
            if self._change(id, state="running"):
                try:
                    self._make(self.get(id))
                except (InputError, OSError) as error:
                    self._change(id, state="failed", error=str(error), seconds_left=None)
                self._prune()

    def _make(self, video: Video) -> None:
        """Draw a video to its end, or until it was cancelled."""
        free = shutil.disk_usage(videos_folder()).free
        if free < DISK_LEAST:
            raise InputError(
                f"the disk has {free / 1e6:.0f} MB left, expected {DISK_LEAST / 1e6:.0f} MB: make room"
            )
        replays = [str(archive.stored(each)) for each in (video.replay, *video.request.others)]
        job = Job(replays, video.request, str(_path(video)))
        command = [*tied(), sys.executable, "-m", "trackmania_rl.environment.render.job"]
        # A session of its own: Ctrl-C reaches us alone. What it says beside the progress is in our log.
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            self._process = process
            try:
                if self.get(video.id).state != "running":
                    process.terminate()  # cancelled just now
                cast(IO[bytes], process.stdin).write(msgspec.json.encode(job))
                cast(IO[bytes], process.stdin).close()
                error = self._follow(video, cast(IO[bytes], process.stdout))
            finally:
                self._process = None
        if process.returncode:
            raise InputError(error or "the process that drew it ended: is there enough memory?")
        size = _path(video).stat().st_size
        total = video.frames_total
        if not self._change(video.id, state="done", frames=total, size_bytes=size, seconds_left=None):
            _path(video).unlink(missing_ok=True)  # cancelled with the last picture

    def _follow(self, video: Video, said: IO[bytes]) -> str | None:
        """Note the progress; returns what went wrong."""
        first: tuple[float, int] | None = None
        for line in said:
            progress = msgspec.json.decode(line, type=Progress)
            if progress.error:
                return progress.error
            now = time.monotonic()
            first = first or (now, progress.frames)
            left = None
            if progress.frames > first[1]:
                pace = (now - first[0]) / (progress.frames - first[1])
                left = round(pace * (video.frames_total - progress.frames), 1)
            self._change(video.id, frames=progress.frames, seconds_left=left)
        return None

    def _prune(self) -> None:
        """Forget the oldest that are more than may be kept; never the newest."""
        room = self.limits.size_bytes
        ended = [video for video in self.all() if video.state not in ("waiting", "running")]
        for number, video in enumerate(ended):
            room -= video.size_bytes
            if number >= self.limits.count or (number > 0 and room < 0):
                self.remove(video.id)


def _path(video: Video) -> Path:
    """Where a video's file is, or will be."""
    return videos_folder().absolute() / f"{video.id}.{video.request.format}"


def _check_machine() -> None:
    """Is everything here that draws and encodes?"""
    try:
        chromium()
        ffmpeg()
        page()
    except InputError as error:
        raise InputError(f"no videos can be made here: {error}", status=501) from error
