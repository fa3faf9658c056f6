"""A track as an .npz file: arrays and plain numbers, nothing pickled."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.tracks.ribbon import LENGTH_MAX
from trackmania_rl.environment.tracks.track import NODE_SPACING, Booster, Border, Surface, Track
from trackmania_rl.protocol.errors import InputError

FORMAT = 1
"""Version of the file's layout."""
VECTORS = ("position", "tangent", "left", "up")
BYTES = ("surface", "border_left", "border_right")
ARRAYS = (*VECTORS, "half_width_left", "half_width_right", *BYTES)
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
            return _track({name: file[name] for name in file.files})
    except (
        ValueError,
        KeyError,
        TypeError,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        MemoryError,
    ) as error:
        raise InputError(
            f"{path.name} is no track of this program ({str(error)[:200]}); import the track's source again"
        ) from error


def _track(values: dict[str, NDArray[Any]]) -> Track:
    """The track of an archive's content.

    Raises:
        ValueError: An array has another shape or type, or holds what is no number.
    """
    if int(values["format"]) != FORMAT:
        raise ValueError(f"its format is {int(values['format'])}, this program reads {FORMAT}")
    count = len(values["position"])
    for name in ARRAYS:
        array = values[name]
        dtype = np.uint8 if name in BYTES else np.float32
        shape = (count, 3) if name in VECTORS else (count,)
        if array.dtype != dtype or array.shape != shape or count < 2 or not np.isfinite(array).all():
            raise ValueError(f"its {name} is {array.dtype} {array.shape}, expected finite {shape}")
    author_time = float(values["author_time"])
    track = Track(
        id=str(values["id"]),
        name=str(values["name"]),
        author=str(values["author"]),
        closed=bool(values["closed"]),
        start=float(values["start"]),
        finish=float(values["finish"]),
        author_time=None if np.isnan(author_time) else author_time,
        checkpoints=tuple(float(arc) for arc in values["checkpoints"]),
        boosters=tuple(Booster(*(float(value) for value in row)) for row in values["boosters"]),
        **{name: values[name] for name in ARRAYS},
    )
    _check_road(track)
    return track


def _check_road(track: Track) -> None:
    """Refuse what no road can be, before the simulator meets it.

    Raises:
        ValueError: Naming what is wrong.
    """
    steps = np.diff(track.arc)
    frame = np.stack([track.tangent, track.left, track.up]).astype(np.float64)
    products = np.einsum("ani,bni->nab", frame, frame)
    widths = np.concatenate([track.half_width_left, track.half_width_right])
    length = track.centreline_length + (track.start if track.closed else 0.0) + 1.0
    marks = [track.start, *track.checkpoints, track.finish]
    for good, wrong in (
        (len(track.arc) <= 2 * LENGTH_MAX, f"it has {len(track.arc)} nodes"),
        (steps.min() > 0.0 and steps.max() < 1.01 * NODE_SPACING, "its nodes are not up to 1 m apart"),
        (np.abs(products - np.eye(3)).max() < 1e-3, "its frames are not orthonormal"),
        (widths.min() > 0.0, "it is nowhere wide"),
        (track.surface.max() <= max(Surface), "it has an unknown surface"),
        (max(track.border_left.max(), track.border_right.max()) <= max(Border), "it has an unknown border"),
        (marks[0] >= 0.0 and marks[-1] <= length, "its start or finish is off the road"),
        (bool((np.diff(marks) > 0).all()), "its checkpoints are not in order between start and finish"),
        (np.isfinite([list(vars(pad).values()) for pad in track.boosters]).all(), "a pad is nowhere"),
    ):
        if not good:
            raise ValueError(wrong)
