"""A copy of the data volume in an object store: complete files go there, and come back to an empty volume.

fsspec speaks to the store, so that any address which it knows will do: s3://bucket/prefix, gs://...,
file:///folder.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import data_folder

log = logging.getLogger(__name__)

PERIOD = 5.0
"""Time between looks for new files; what did not change in between is complete [s] (guess)."""
DATABASE_PERIOD = 60.0
"""Time between copies of a database that is being written [s] (guess)."""
CLOSING = 15.0
"""Longest wait for the last copies when a service stops [s] (guess)."""
LEFT_OUT = (".part", ".packing", ".ring", "-wal", "-shm", "shipped")
"""Endings of what is incomplete, large and made anew by itself, or of this machine alone."""
DATABASE = ".sqlite"
RESTORING = ".restoring"
"""In a folder that is being restored."""

State = tuple[int, int]
"""Size [B] and time of change [ns] of a file."""


def restored(url: str | None, *folders: Path) -> contextlib.AbstractContextManager[object]:
    """Fill folders of the volume that are empty from a store; while the context lasts they are copied there.

    Args:
        url: The store's address; without one nothing happens.
        folders: Folders of the volume.

    Raises:
        InputError: It is no address of a store, or what is to be restored cannot be read.
    """
    if not url:
        return contextlib.nullcontext()
    mirror = Mirror(url, folders)
    mirror.restore()
    return mirror


class Mirror:
    """Copies complete files of some folders of the volume to a store, in a thread of its own.

    It never holds up its service: while the store is away files wait where they are, which is warned of once.
    What a run drops (old ages of a policy, an agent that was taken out) is dropped there too; deleted runs
    and replays stay there.

    Args:
        url: Where to, e.g. s3://bucket/prefix; who we are is said by the store's own variables (AWS_...).
        folders: Folders of the volume.

    Raises:
        InputError: There is no such kind of store, or its library is not installed.
    """

    def __init__(self, url: str, folders: Sequence[Path]) -> None:
        self.url = url
        self._store, root = _store(url)
        self._root = str(root).rstrip("/")
        self._folders = list(folders)
        self._seen: dict[str, State] = {}  # at the look before
        self._copied: dict[str, State] | None = None  # None until the store has been asked
        self._databases: dict[str, float] = {}  # when each was copied
        self._absent = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def restore(self) -> int:
        """Fill the folders that are empty, or were being filled, from the store; return the number of files.

        Raises:
            InputError: The store does not answer: to begin with nothing would overwrite what is there.
        """
        empty = [folder for folder in self._folders if not _inside(folder) or (folder / RESTORING).exists()]
        try:
            return sum(self._fill(folder) for folder in empty)
        except Exception as error:  # of whatever kind the store's library has
            raise InputError(
                f"--mirror {self.url} cannot be read, and {empty[0]} is to be restored from there: {error}; "
                "start without --mirror to begin with nothing",
                field="mirror",
            ) from error

    def __enter__(self) -> Mirror:
        """Begin to copy."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Copy what is left, if the store is there, and end."""
        self._stopping.set()
        self._thread.join(CLOSING)

    def copy(self, *, ending: bool = False) -> int:
        """Copy what is complete and not there yet; return the number of files.

        Args:
            ending: Nobody writes any more: all is complete.

        Raises:
            Exception: The store is away or refuses, in its library's own words; the next call goes on.
        """
        present = {self._name(path): path for folder in self._folders for path in _files(folder)}
        states = {name: state for name, path in present.items() if (state := _state(path)) is not None}
        if self._copied is None:
            self._copied = self._known(states)
        count = 0
        for name, state in states.items():
            if self._copied.get(name) != state and (ending or self._complete(name, state)):
                self._put(present[name], name)
                self._copied[name] = state
                count += 1
        for name in self._copied.keys() - present.keys():
            if data_folder().joinpath(*Path(name).parts[:2]).is_dir():  # its run is still there
                self._store.rm_file(self._there(name))
            del self._copied[name]
        self._seen = states
        return count

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(PERIOD)
            try:
                self.copy(ending=stopping)
            except Exception as error:  # of whatever kind the store's library has: it must go on
                if not self._absent:
                    log.warning("files wait on the volume: %s takes none (%s)", self.url, error)
                self._absent = True
            else:
                if self._absent:
                    log.info("files go to %s again", self.url)
                self._absent = False

    def _complete(self, name: str, state: State) -> bool:
        """Has nobody written it since the look before? A database is always whole: it has its turn."""
        if name.endswith(DATABASE):
            return time.monotonic() - self._databases.get(name, -DATABASE_PERIOD) >= DATABASE_PERIOD
        return self._seen.get(name) == state

    def _put(self, path: Path, name: str) -> None:
        """Copy a file, of a database its newest commit; one that is gone meanwhile is left."""
        with contextlib.ExitStack() as stack:
            if path.suffix == DATABASE:
                path = _snapshot(path, Path(stack.enter_context(tempfile.TemporaryDirectory())))
                self._databases[name] = time.monotonic()
            try:
                self._store.makedirs(os.path.dirname(self._there(name)), exist_ok=True)
                self._store.put_file(str(path), self._there(name))
            except FileNotFoundError:
                if path.exists():
                    raise

    def _known(self, states: dict[str, State]) -> dict[str, State]:
        """What the store has as it is here: of the same size, and not older."""
        known = {}
        for there, about in self._store.find(self._root, detail=True).items():
            name = there.removeprefix(f"{self._root}/")
            state = states.get(name)
            if state is not None and about["size"] == state[0] and self._modified(there) >= state[1] / 1e9:
                known[name] = state
        return known

    def _fill(self, folder: Path) -> int:
        """Copy what the store has of a folder; each file appears when it is whole, with its time."""
        files = self._store.find(self._there(folder.relative_to(data_folder()).as_posix()))
        if not files:
            return 0
        log.info("%d files of %s come from %s", len(files), folder, self.url)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESTORING).touch()
        for there in files:
            path = data_folder() / there.removeprefix(f"{self._root}/")
            if ".." in path.parts or not path.is_relative_to(folder):
                raise InputError(f"{there} would lie outside of {folder}")
            part = path.with_name(f"{path.name}.part")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._store.get_file(there, str(part))
            os.utime(part, (self._modified(there),) * 2)
            part.replace(path)
        (folder / RESTORING).unlink()
        return len(files)

    def _modified(self, there: str) -> float:
        """When a file of the store was written [s since 1970]."""
        moment: float = self._store.modified(there).timestamp()
        return moment

    @staticmethod
    def _name(path: Path) -> str:
        return path.relative_to(data_folder()).as_posix()

    def _there(self, name: str) -> str:
        return f"{self._root}/{name}"


def _store(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    if "://" not in url:
        raise InputError(f"--mirror is «{url}», expected an address as s3://bucket/prefix", field="mirror")
    try:
        found: tuple[Any, str] = importlib.import_module("fsspec").url_to_fs(url)
    except ImportError as error:
        raise InputError(
            f"--mirror {url}: {error}; for S3 pip install trackmania-rl[storage]", field="mirror"
        ) from error
    except ValueError as error:
        raise InputError(
            f"--mirror {url}: {error}; expected an address as s3://bucket/prefix", field="mirror"
        ) from error
    return found


def _inside(folder: Path) -> bool:
    """Is there a file in the folder?"""
    return any(path.is_file() for path in folder.rglob("*"))


def _files(folder: Path) -> list[Path]:
    """What is copied of a folder."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(LEFT_OUT)
    )


def _state(path: Path) -> State | None:
    """Size and time of change of a file, of a database with its log's; None if it is gone."""
    try:
        about = path.stat()
        log_file = path.with_name(f"{path.name}-wal")
        if path.suffix == DATABASE and log_file.exists():
            return about.st_size, max(about.st_mtime_ns, log_file.stat().st_mtime_ns)
        return about.st_size, about.st_mtime_ns
    except FileNotFoundError:
        return None


def _snapshot(path: Path, folder: Path) -> Path:
    """A database as it is now, whole, though others write it."""
    copied = folder / path.name
    with (
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(copied)) as target,
    ):
        source.backup(target)
    return copied
