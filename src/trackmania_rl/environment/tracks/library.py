"""The tracks that there are: bundled, imported and generated ones, and files."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from trackmania_rl.environment.tracks import blocks, centreline, chain, generator
from trackmania_rl.environment.tracks.archive import load_track, save_track
from trackmania_rl.environment.tracks.columns import read_text
from trackmania_rl.environment.tracks.gbx import FILE_BYTES_MAX
from trackmania_rl.environment.tracks.map import MAP, read_map
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import BoosterGeometry, TrackGeometry, TrackSummary
from trackmania_rl.protocol.volume import tracks_folder, write_whole

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).parent / "bundled"
"""Folder of the tracks that come with the package, as block files."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
"""What a track may be called; the same as trackmania_rl.protocol.messages.Identifier."""


def bundled_ids() -> list[str]:
    """Ids of the tracks that come with the package."""
    return sorted(path.stem for path in BUNDLED.glob("*.track"))


def imported_ids() -> list[str]:
    """Ids of the tracks in the data volume: imported as .npz, generated as texts of the block language."""
    kept = (*tracks_folder().glob("*.npz"), *tracks_folder().glob("*.track"))
    return sorted({path.stem for path in kept if ID.fullmatch(path.stem)})


def _kept(id: str) -> Path:
    """Where the data volume keeps a track."""
    text = tracks_folder() / f"{id}.track"
    return text if text.is_file() else text.with_name(f"{id}.npz")


def tracks() -> list[Track]:
    """All tracks that have an id: the bundled ones, then the imported ones.

    A damaged import is left out, with a warning in the log; `load` says what is wrong with it.
    """
    found = []
    for id in dict.fromkeys((*bundled_ids(), *imported_ids())):
        try:
            found.append(load(id))
        except InputError as error:
            log.warning("%s", error)
    return found


def load(name: str | Path, *, files: bool = True) -> Track:
    """The track with this id, or in this file.

    Args:
        name: Id of a bundled or imported track, generated:SEED[:DIFFICULTY[:LENGTH[:KIND]]] for one by
            chance, or the path of a .track, .Map.Gbx or .csv file.
        files: False to take ids only, as a service does with what comes over the network.

    Raises:
        InputError: No such track or file, or the file cannot be read as a track.
    """
    id = str(name)
    if id in bundled_ids():
        path = BUNDLED / f"{id}.track"
    elif id in imported_ids():
        path = _kept(id)
    elif id.startswith(generator.PREFIX):
        return _generated(id)
    elif files and _is_file(Path(name)):
        path = Path(name)
    else:
        known = ", ".join((*bundled_ids(), *imported_ids()))
        raise InputError(
            f"no track «{id[:64]}»; known are {known}, or give the path of a .Map.Gbx, .csv or .track file",
            status=404,
            field="track",
        )
    return _load(path.resolve(), path.stat().st_mtime_ns)


def resident(name: str) -> Track:
    """The track with this id; one in a file is imported first, so that others find it by its id.

    Raises:
        InputError: As for `load`.
    """
    if name in (*bundled_ids(), *imported_ids()) or not _is_file(Path(name)):
        return load(name)
    return load(import_file(Path(name)).track)


def _is_file(path: Path) -> bool:
    """Whether there is such a file; no for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@cache
def _load(path: Path, changed: int) -> Track:
    """Read a file; `changed` is its time of change, so that a new version is read anew."""
    if path.suffix == ".npz":
        return load_track(path)
    return _read(path, identifier(path)).track


@lru_cache(maxsize=256)
def _generated(name: str) -> Track:
    """The track by chance that a name describes."""
    return blocks.read(generator.from_name(name), id=name)


@dataclass(frozen=True)
class _Reading:
    """What a file gave."""

    track: Track
    blocks: int = 0
    chained: int = 0


def _read(path: Path, id: str, drive: bool = False) -> _Reading:
    """Read a track's source by its kind; of a map its author's drive if that is wanted."""
    from trackmania_rl.environment.replay.ghost import read_ghost  # which builds on this package

    kind = path.name.lower()
    if kind.endswith(".track"):
        return _Reading(blocks.read(read_text(path), id=id, source=path.name))
    if kind.endswith(".csv"):
        return _Reading(centreline.read(read_text(path), id=id, source=path.name))
    if kind.endswith(".gbx"):
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise InputError(f"{path.name} has {size} bytes, expected a map of at most {FILE_BYTES_MAX}")
        data = path.read_bytes()
        if not drive and int.from_bytes(data[9:13], "little") == MAP:
            return _Reading(*chain.build(read_map(data, path.name), id, path.name))
        return _Reading(centreline.along(read_ghost(data, path.name), id=id, source=path.name))
    raise InputError(f"{path.name} is of no known kind, expected a .Map.Gbx, .csv or .track file")


@dataclass(frozen=True)
class ImportReport:
    """What an import gave.

    Attributes:
        blocks: Blocks of the map that carry road; 0 for a file without blocks.
        chained: How many of them the track uses.
        length_m: Length of the whole centre-line [m].
        track: Id of the track.
        name: Title of the track.
    """

    blocks: int
    chained: int
    length_m: float
    track: str
    name: str


def import_file(path: Path, id: str | None = None, *, drive: bool = False) -> ImportReport:
    """Read a track from a file and keep it in the data volume.

    Args:
        path: A .Map.Gbx of TrackMania 2020, a .Replay.Gbx or .Ghost.Gbx of a drive, a .csv of a circuit's
            centre-line or of a recorded drive, or a .track in our block language.
        id: Id to keep it under; from the file's name without it. An imported track of that id is replaced.
        drive: Lay the road of a map along its author's drive instead of its blocks.

    Raises:
        InputError: The file cannot be read as a track, or the id is not allowed; nothing is kept then.
    """
    id = identifier(path) if id is None else id
    _check_id(id)
    if not path.is_file():
        raise InputError(f"no file {path}; expected a .Map.Gbx, .csv or .track file", field="file")
    reading = _read(path, id, drive)
    save_track(reading.track, tracks_folder() / f"{id}.npz")
    (tracks_folder() / f"{id}.track").unlink(missing_ok=True)
    return ImportReport(
        blocks=reading.blocks,
        chained=reading.chained,
        length_m=round(reading.track.centreline_length, 3),
        track=id,
        name=reading.track.name,
    )


def _check_id(id: str) -> None:
    """Refuse an id that no track in the data volume may have."""
    if not ID.fullmatch(id) or id.startswith(generator.PREFIX):
        raise InputError(
            f"id «{id}» is not allowed, expected letters, digits, _ . : -, at most 64", field="id"
        )
    if id in bundled_ids():
        raise InputError(f"id «{id}» belongs to a bundled track, expected another one", field="id")


def known(id: str) -> None:
    """Refuse everything but the id of a track that the service has.

    Raises:
        InputError: Status 404; names the tracks that there are.
    """
    ids = (*bundled_ids(), *imported_ids())
    if id not in ids:
        raise InputError(f"no track «{id}»; known are {', '.join(ids)}", status=404, field="track")


def keep_text(text: str, id: str) -> tuple[Track, Path]:
    """Keep a text of the block language in the data volume, where it can be read and edited.

    Returns:
        The track and the file. A track of that id is replaced.

    Raises:
        InputError: The text is no track, or the id is not allowed; nothing is kept then.
    """
    _check_id(id)
    track = blocks.read(text, id=id)
    path = tracks_folder() / f"{id}.track"
    write_whole(path, text.encode())
    path.with_suffix(".npz").unlink(missing_ok=True)
    return track, path


def identifier(path: Path) -> str:
    """An id for the track in a file, from its name."""
    stem = path.name.split(".", 1)[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:64] or "track"


def summary(track: Track) -> TrackSummary:
    """A track's line in the list."""
    heights = track.position[:, 1]
    return TrackSummary(
        id=track.id,
        name=track.name,
        length=round(track.length, 3),
        closed=track.closed,
        hash=track.hash,
        climb=round(float(heights.max() - heights.min()), 3),
        author=track.author,
        author_time=track.author_time,
    )


def geometry(track: Track) -> TrackGeometry:
    """A track as the viewer draws it: lengths rounded to millimetres, unit vectors to five digits."""

    def flat(values: np.ndarray, digits: int = 3) -> list[float]:
        return [float(value) for value in np.round(values.astype(np.float64).ravel(), digits)]

    return TrackGeometry(
        id=track.id,
        name=track.name,
        hash=track.hash,
        closed=track.closed,
        length=round(track.length, 3),
        start=round(track.start, 3),
        finish=round(track.finish, 3),
        arc=flat(track.arc),
        position=flat(track.position),
        tangent=flat(track.tangent, 5),
        left=flat(track.left, 5),
        up=flat(track.up, 5),
        half_width_left=flat(track.half_width_left),
        half_width_right=flat(track.half_width_right),
        surface=track.surface.tolist(),
        border_left=track.border_left.tolist(),
        border_right=track.border_right.tolist(),
        checkpoints=[round(arc, 3) for arc in track.checkpoints],
        boosters=[
            BoosterGeometry(begin=round(pad.begin, 3), end=round(pad.end, 3), factor=pad.factor)
            for pad in track.boosters
        ],
        author=track.author,
        author_time=track.author_time,
    )
