"""What a video shows, worked out and checked: the film that every browser draws its part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from trackmania_rl.environment.replay.reading import Recorded
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Replay, TrackGeometry, VideoRequest

JPEG_QUALITY = 0.95
"""Of pictures on their way to ffmpeg: the loss cannot be seen, a PNG takes four times as long to make."""
GIF_FPS_MAX = 50
"""Players show a GIF's pictures for 20 ms at least."""


@dataclass(frozen=True)
class Film:
    """Replays to be drawn.

    Attributes:
        replays: Recorded races of one track, shown together.
        track: The track's geometry.
        request: How they are drawn.
        end: Last time that is shown [s].
    """

    replays: Sequence[Replay]
    track: TrackGeometry
    request: VideoRequest
    end: float

    @property
    def frames(self) -> int:
        """Number of pictures."""
        request = self.request
        if request.format == "png":
            return 1
        return max(1, round((self.end - request.begin) / request.speed * request.fps))

    def encode(self) -> bytes:
        """The film as the page takes it (viewer/src/render/main.ts): JSON."""
        request = self.request
        lossless = request.format in ("gif", "png")
        options = {
            "camera": request.camera,
            "focus": request.focus,
            "quality": request.quality,
            "weather": request.weather,
            "overlays": request.overlays,
            "width": request.width,
            "height": request.height,
            "fps": request.fps,
            "speed": request.speed,
            "begin": request.begin,
            "frames": self.frames,
        }
        return msgspec.json.encode(
            {
                "replays": self.replays,
                "track": self.track,
                "options": options,
                "jpeg": None if lossless else JPEG_QUALITY,
            }
        )


def film(recorded: Sequence[Recorded], request: VideoRequest) -> Film:
    """The film of some recordings.

    Raises:
        InputError: They are of different tracks, or the request does not fit them.
    """
    replays = [each.replay() for each in recorded]
    first = replays[0]
    for other in replays[1:]:
        if other.track_hash != first.track_hash:
            raise InputError(
                f"{first.id} is on {first.track}, {other.id} on {other.track}: choose replays of one track",
                field="others",
            )
    duration = max(replay.duration for replay in replays)
    end = min(duration, request.end if request.end is not None else duration)
    if request.begin > duration or (request.end is not None and request.end <= request.begin):
        raise InputError(
            f"nothing lies between {request.begin:g} s and {end:g} s: "
            f"the replay goes from 0 to {duration:.2f} s",
            field="begin",
        )
    if request.format in ("mp4", "webm") and (request.width % 2 or request.height % 2):
        raise InputError(
            f"the size is {request.width}x{request.height}: "
            f"{request.format} takes even numbers of pixels only",
            field="width",
        )
    if request.format == "gif" and request.fps > GIF_FPS_MAX:
        raise InputError(f"fps is {request.fps}: a GIF shows {GIF_FPS_MAX} at most", field="fps")
    agents = {car.agent_id: car.name for replay in replays for car in replay.cars}
    if len(replays) == 1 and request.focus not in (None, *agents, *agents.values()):
        raise InputError(f"no agent {request.focus} in {first.id}: it has {', '.join(agents)}", field="focus")
    return Film(replays, library.geometry(library.load(first.track)), request, end)
