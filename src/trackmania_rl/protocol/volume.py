"""Layout of the shared data volume: who writes what where.

data/tracks/<id>.npz, .track    imported, generated tracks     environment
data/replays/<id>.mcap          recorded races                 environment
data/episodes/<...>.mcap        episodes of other environments environment
data/videos/<id>.json, .mp4     videos of races, and jobs      environment
data/faults/<track>-<n>.npz     cars whose simulation broke    environment
data/pools/<pool>/<run>.ring    shared experience              model
data/runs/<run>/metrics.sqlite  learning curves                model
data/runs/<run>/run.json        configuration and state        model
data/runs/<run>/checkpoints/    policies and learner state     model
data/logs/<service>.log         what the demo's services print demo

What is complete of it may be copied to an object store (mirror.py).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

DATA_VARIABLE = "TRACKMANIA_RL_DATA"
"""Environment variable that names the volume's folder; "data" in the working folder without it."""


def data_folder() -> Path:
    """The shared volume."""
    return Path(os.environ.get(DATA_VARIABLE, "data"))


@contextlib.contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """While this lasts, the shared volume is that folder."""
    before = os.environ.get(DATA_VARIABLE)
    os.environ[DATA_VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[DATA_VARIABLE]
        if before is not None:
            os.environ[DATA_VARIABLE] = before


def tracks_folder() -> Path:
    """Imported tracks."""
    return data_folder() / "tracks"


def replays_folder() -> Path:
    """Recorded races."""
    return data_folder() / "replays"


def videos_folder() -> Path:
    """Videos of recorded races."""
    return data_folder() / "videos"


def episodes_folder() -> Path:
    """Recorded episodes of hosted environments that are not ours."""
    return data_folder() / "episodes"


def faults_folder() -> Path:
    """Cars whose simulation broke."""
    return data_folder() / "faults"


def runs_folder() -> Path:
    """Training runs."""
    return data_folder() / "runs"


def pools_folder() -> Path:
    """Experience that agents share."""
    return data_folder() / "pools"


@contextlib.contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is complete, and not at all if writing fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)  # it may be what fills the volume
        raise
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a new name is on disk when its folder is
    finally:
        os.close(folder)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with whole(path) as file:
        file.write(content)
