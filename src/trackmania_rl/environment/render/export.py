"""A film into a file: parts of it are drawn side by side, each by a browser, and then joined."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from trackmania_rl.environment.processors import processors
from trackmania_rl.environment.render.browser import browser, chromium, tidy_end
from trackmania_rl.environment.render.encoder import PART_ENDING, Encoder, ffmpeg, join
from trackmania_rl.environment.render.film import Film
from trackmania_rl.environment.render.studio import Said, studio
from trackmania_rl.protocol.errors import InputError

PART_FRAMES_MIN = 45
"""A part shorter than this is not worth a browser's start, which takes as long as some 30 pictures."""
PATIENCE = 240.0
"""Longest wait for a picture [s]: the first one compiles every shader, which a processor does slowly."""
HEARTBEAT = 0.5
"""Time between two looks at the browsers [s]."""


@dataclass(frozen=True)
class Exported:
    """A finished video.

    Attributes:
        frames: Number of pictures.
        parts: Browsers that drew side by side.
        seconds: How long it took.
        processor: Name of the graphics processor.
    """

    frames: int
    parts: int
    seconds: float
    processor: str


def export(
    film: Film,
    out: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda frames: None,
) -> Exported:
    """Draw a film and write it to a file; on any error, Ctrl-C or SIGTERM, no file and no process is left.

    Args:
        film: What is drawn.
        out: The file; it appears when it is whole.
        workers: Browsers side by side; None: as many as processors, fewer for a short film.
        progress: Called with the number of pictures drawn so far.

    Raises:
        InputError: A program is missing, the page is not built, or a browser or ffmpeg gave up.
    """
    began = time.monotonic()
    chromium()
    if film.request.format != "png":
        ffmpeg()
    if not out.absolute().parent.is_dir():
        raise InputError(f"there is no folder {out.absolute().parent}: create it first", field="out")
    count = min(workers or processors(), math.ceil(film.frames / PART_FRAMES_MIN))
    with tidy_end(), tempfile.TemporaryDirectory(prefix="trackmania-rl-video-") as folder:
        work = _Work(film, Path(folder), count)
        processor = work.draw(progress)
        whole = Path(folder) / f"whole.{film.request.format}"
        if film.request.format == "png":
            whole = work.files[0]
        else:
            join(work.files, film.request.format, whole)
        _publish(whole, out)
    return Exported(film.frames, count, time.monotonic() - began, processor)


def _publish(whole: Path, out: Path) -> None:
    """Put a finished file in its place in one step."""
    near = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        shutil.copyfile(whole, near)
        near.replace(out)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}", field="out") from error
    finally:
        near.unlink(missing_ok=True)


class _Work:
    """The parts of a film, while they are drawn.

    Attributes:
        files: Where they are put.
    """

    def __init__(self, film: Film, folder: Path, count: int) -> None:
        ending = PART_ENDING[film.request.format]
        self.film = film
        self.count = count
        self.files = [folder / f"part{number}.{ending}" for number in range(count)]
        self._sinks: list[Callable[[bytes], object]] = []
        self._events: queue.SimpleQueue[Said | InputError | None] = queue.SimpleQueue()  # None: a picture

    def draw(self, progress: Callable[[int], None]) -> str:
        """Draw all parts; returns the name of the graphics processor."""
        edges = [self.film.frames * number // self.count for number in range(self.count + 1)]
        # Mesa's llvmpipe would start a thread for each processor in every browser.
        threads = {"LP_NUM_THREADS": str(max(1, processors() // self.count))}
        with contextlib.ExitStack() as stack:
            self._sinks = [stack.enter_context(self._sink(file)) for file in self.files]
            address = stack.enter_context(studio(self.film.encode(), self._take))
            browsers = [
                stack.enter_context(
                    browser(f"{address}?part={part}&first={first}&last={last}", environment=threads)
                )
                for part, (first, last) in enumerate(itertools.pairwise(edges))
            ]
            return self._listen(browsers, progress)

    @contextlib.contextmanager
    def _sink(self, file: Path) -> Iterator[Callable[[bytes], object]]:
        request = self.film.request
        if request.format == "png":
            yield file.write_bytes
            return
        encoder = Encoder(file, request.format, request.fps)
        try:
            yield encoder.add
            encoder.close()
        finally:
            encoder.kill()

    def _take(self, part: int, heard: bytes | Said) -> None:
        """Called by the studio's threads, one for each part: a slow encoder slows its own part down."""
        if isinstance(heard, Said):
            self._events.put(heard)
            return
        try:
            self._sinks[part](heard)
            self._events.put(None)
        except InputError as error:
            self._events.put(error)

    def _listen(self, browsers: Sequence[Popen[bytes]], progress: Callable[[int], None]) -> str:
        drawn, done, processor = 0, 0, ""
        heard_at = time.monotonic()
        while done < self.count:
            try:
                heard = self._events.get(timeout=HEARTBEAT)
            except queue.Empty:
                if any(each.poll() is not None for each in browsers):
                    raise InputError("the browser stopped while it drew: is there enough memory?") from None
                if time.monotonic() - heard_at > PATIENCE:
                    raise InputError(f"the browser drew nothing for {PATIENCE:.0f} s") from None
                continue
            heard_at = time.monotonic()
            if heard is None:
                drawn += 1
                progress(drawn)
            elif isinstance(heard, InputError):
                raise heard
            elif heard.error:
                raise InputError(f"the film could not be drawn: {heard.error}")
            else:
                processor = heard.processor or processor
                done += heard.done
        return processor
