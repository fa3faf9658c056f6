"""The routes of the replays: list, fetch, upload and delete recorded races."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, RawBody

from trackmania_rl.environment import files
from trackmania_rl.environment.files import AnyRequest, gzipped
from trackmania_rl.environment.replay import archive, export, importing, reading, road
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.tracks.routes import geometry
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.volume import replays_folder

REPLAY_LIMIT = 64 << 20
"""Largest recording or drive that may be uploaded [bytes]; an hour of four cars takes six."""
MCAP = "application/mcap"
PLAIN_MCAP = (MCAP, "application/x-mcap", "application/octet-stream")
"""Media types whose asker gets a replay's file as it is."""


def replay_routes() -> list[Any]:
    """List and fetch recorded races."""

    @get("/api/replays", sync_to_thread=True, tags=["replays"])
    def listing(
        track: FromQuery[str | None] = None,
        agent: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        before: FromQuery[str | None] = None,
        result: FromQuery[str | None] = None,
        limit: FromQuery[int] = 200,
    ) -> list[messages.ReplaySummary]:
        """The newest recorded races, newest first.

        If asked only those of one track, with one agent, recorded from `after` or up to `before` (ISO 8601),
        or with the result "finished" (somebody did) or "unfinished" (nobody).
        """
        return archive.summaries(
            track=track, agent=agent, after=after, before=before, result=result, limit=limit
        )

    @get("/api/replay/{replay_id:str}", tags=["replays"])
    async def show(
        request: AnyRequest, replay_id: FromPath[str], format: FromQuery[str | None] = None
    ) -> Response[messages.Replay]:
        """A recorded race: JSON, or its MCAP file with `Accept: application/mcap` (ranges are served).

        With `format=mcap`, `csv` or `json` as a file to keep.
        """
        # Not sync_to_thread: see the tracks.
        path = await asyncio.to_thread(archive.stored, replay_id)
        if format == "mcap":
            return files.sent(request, path, MCAP)
        if format is not None:
            return await asyncio.to_thread(_download, path, format)
        if request.headers.get("accept", "").split(",")[0].split(";")[0].strip() in PLAIN_MCAP:
            return files.sent(request, path, MCAP)
        return gzipped(request, await asyncio.to_thread(_replay, path, path.stat().st_mtime_ns))

    @delete("/api/replay/{replay_id:str}", sync_to_thread=True, tags=["replays"])
    def remove(replay_id: FromPath[str]) -> None:
        """Delete a recorded race."""
        archive.delete(replay_id)

    @get("/api/replay/{replay_id:str}/track", tags=["replays"])
    async def track(request: AnyRequest, replay_id: FromPath[str]) -> Response[messages.TrackGeometry]:
        """The road that a race was driven on; rebuilt from the recording where the track is not known."""
        path = await asyncio.to_thread(archive.stored, replay_id)
        return gzipped(request, await asyncio.to_thread(_driven_track, path, path.stat().st_mtime_ns))

    @post("/api/replays", request_max_body_size=REPLAY_LIMIT, sync_to_thread=True, tags=["replays"])
    def upload(
        body: RawBody, track: FromQuery[str | None] = None, name: FromQuery[str | None] = None
    ) -> messages.ReplaySummary:
        """Keep a recording (.mcap), or a human drive (.Ghost.Gbx, .Replay.Gbx, .csv) on `track` by `name`."""
        if track is not None:
            library.known(track)
        driven = None if track is None else library.load(track)
        path = importing.import_upload(body, driven, replays_folder(), name)
        return reading.read(path).summary()

    return [listing, show, remove, track, upload]


def _download(path: Path, format: str) -> Response[Any]:
    """A replay as a file of another kind."""
    recorded = reading.read(path)
    if format == "csv":
        content, kind = export.as_csv(recorded).encode(), "text/csv"
    elif format == "json":
        content, kind = msgspec.json.encode(recorded.replay()), "application/json"
    else:
        raise InputError(f"format is {format[:20]!r}, expected mcap, csv or json", field="format")
    named = {"Content-Disposition": f'attachment; filename="{path.name.split(".mcap")[0]}.{format}"'}
    return Response(content, media_type=kind, headers=named)


@lru_cache(maxsize=32)
def _driven_track(path: Path, changed: int) -> tuple[bytes, bytes]:
    """The track of a replay as JSON, plain and gzipped: the library's where it is the same one."""
    about = reading.opened(path)[0].about
    with contextlib.suppress(InputError):
        library.known(about.track)
        if library.load(about.track).hash == about.track_hash:
            return geometry(about.track, about.track_hash)
    plain = msgspec.json.encode(road.rebuilt(path))
    return plain, gzip.compress(plain, 6)


@lru_cache(maxsize=8)
def _replay(path: Path, changed: int) -> tuple[bytes, bytes]:
    """A replay as JSON, plain and gzipped."""
    plain = msgspec.json.encode(reading.read(path).replay())
    return plain, gzip.compress(plain, 4)
