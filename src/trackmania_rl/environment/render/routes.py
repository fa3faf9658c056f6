"""The routes of the videos: make, follow, fetch and remove them."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from trackmania_rl.environment import files
from trackmania_rl.environment.files import AnyRequest
from trackmania_rl.environment.render.videos import Videos
from trackmania_rl.protocol.messages import Video, VideoRequest

MEDIA = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "png": "image/png"}


def video_routes(videos: Videos) -> list[Any]:
    """Make, follow, fetch and remove videos."""

    @post("/api/replay/{replay_id:str}/video", status_code=202, sync_to_thread=True, tags=["videos"])
    def make(replay_id: FromPath[str], data: JSONBody[VideoRequest]) -> Video:
        """Make a video of a recorded race; it is drawn when those asked for before are done."""
        return videos.add(replay_id, data)

    @get("/api/videos", sync_to_thread=False, tags=["videos"])
    def listing() -> list[Video]:
        """All videos, newest first: how far they are, and how long they will take."""
        return videos.all()

    @get("/api/videos/{video_id:str}", tags=["videos"])
    async def show(video_id: FromPath[str]) -> Video:
        """One video."""
        # Not sync_to_thread: see the tracks.
        return videos.get(video_id)

    @delete("/api/videos/{video_id:str}", tags=["videos"])
    async def remove(video_id: FromPath[str]) -> None:
        """Cancel a video that is waiting or being made; remove one that is not."""
        await asyncio.to_thread(videos.remove, video_id)

    @get("/api/videos/{video_id:str}/file", sync_to_thread=False, tags=["videos"])
    def file(request: AnyRequest, video_id: FromPath[str]) -> Response[bytes]:
        """A finished video (ranges are served)."""
        path = videos.file(video_id)
        return files.sent(request, path, MEDIA[videos.get(video_id).request.format])

    return [make, listing, show, remove, file]
