"""A track as an .npz file: arrays and plain numbers, nothing pickled."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from trackmania_rl.environment.tracks.track import Booster, Track
from trackmania_rl.protocol.errors import InputError

FORMAT = 1
"""Version of the file's layout."""
ARRAYS = (
    "position", "tangent", "left", "up", "half_width_left", "half_width_right",
    "surface", "border_left", "border_right",
)  # fmt: skip
BYTES_MAX = 256 * 1024 * 1024
"""Most bytes an archive may unpack to; a road of a million nodes needs 63 MB."""


def save_track(track: Track, path: Path) -> None:
    """Write a track; a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {name: getattr(track, name) for name in ARRAYS}
    values |= {
        "format": np.array(FORMAT),
        "id": np.array(track.id),
        "name": np.array(track.name),
        "author": np.array(track.author),
        "closed": np.array(track.closed),
        "start": np.array(track.start),
        "finish": np.array(track.finish),
        "author_time": np.array(np.nan if track.author_time is None else track.author_time),
        "checkpoints": np.array(track.checkpoints, dtype=np.float64),
        "boosters": np.array(
            [(pad.begin, pad.end, pad.factor) for pad in track.boosters], dtype=np.float64
        ).reshape(-1, 3),
    }
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            np.savez_compressed(file, **values)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def load_track(path: Path) -> Track:
    """Read a track that `save_track` wrote.

    Raises:
        InputError: The file is damaged or no track.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > BYTES_MAX:
            raise ValueError(f"it unpacks to {unpacked} bytes, more than {BYTES_MAX}")
        with np.load(path, allow_pickle=False) as file:
            if int(file["format"]) != FORMAT:
                raise ValueError(f"its format is {int(file['format'])}, this program reads {FORMAT}")
            arrays = {name: file[name] for name in ARRAYS}
            author_time = float(file["author_time"])
            return Track(
                id=str(file["id"]),
                name=str(file["name"]),
                author=str(file["author"]),
                closed=bool(file["closed"]),
                start=float(file["start"]),
                finish=float(file["finish"]),
                author_time=None if np.isnan(author_time) else author_time,
                checkpoints=tuple(float(arc) for arc in file["checkpoints"]),
                boosters=tuple(Booster(*(float(value) for value in row)) for row in file["boosters"]),
                **arrays,
            )
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(
            f"{path.name} is no track of this program ({error}); import the track's source again"
        ) from error
