"""The routes of the tracks: list, show and import them."""

from __future__ import annotations

import asyncio
import gzip
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, RawBody

from trackmania_rl.environment.files import AnyRequest, gzipped
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.errors import InputError

TRACK_LIMIT = 16 << 20
"""Largest file of a track that may be uploaded [bytes]."""


def track_routes() -> list[Any]:
    """List, show and import tracks."""

    @get("/api/tracks", sync_to_thread=True, tags=["tracks"])
    def listing() -> list[messages.TrackSummary]:
        """All tracks."""
        return [library.summary(track) for track in library.tracks()]

    @get("/api/tracks/{track_id:str}", tags=["tracks"])
    async def show(request: AnyRequest, track_id: FromPath[str]) -> Response[messages.TrackGeometry]:
        """A track's geometry, gzipped for those who take it."""
        # Not sync_to_thread: Litestar 2.25 wraps the first of two such handlers of one address twice.
        library.known(track_id)
        track = await asyncio.to_thread(library.load, track_id)
        return gzipped(request, await asyncio.to_thread(geometry, track_id, track.hash))

    @put(
        "/api/tracks/{track_id:str}", request_max_body_size=TRACK_LIMIT, sync_to_thread=True, tags=["tracks"]
    )
    def import_(request: AnyRequest, track_id: FromPath[str], body: RawBody) -> messages.TrackSummary:
        """Import a track: a .Map.Gbx, a centre-line (Content-Type: text/csv) or a .track file as the body."""
        if not library.ID.fullmatch(track_id):
            raise InputError(
                f"id «{track_id}» is not allowed, expected letters, digits, _ . : -, at most 64", field="id"
            )
        if not body:
            raise InputError("the body is empty, expected the file of a track", field="body")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / (track_id + _ending(body, request.headers.get("content-type", "")))
            file.write_bytes(body)
            return library.summary(library.load(library.import_file(file, track_id).track))

    return [listing, show, import_]


@lru_cache(maxsize=32)
def geometry(track_id: str, hash: str) -> tuple[bytes, bytes]:
    """A track's geometry as JSON, plain and gzipped; the hash tells versions of a track apart."""
    plain = msgspec.json.encode(library.geometry(library.load(track_id)))
    return plain, gzip.compress(plain, 6)


def _ending(body: bytes, content_type: str) -> str:
    """What kind of file an upload is."""
    if body.startswith(b"GBX"):
        return ".Map.Gbx"
    return ".csv" if content_type.startswith("text/csv") else ".track"
