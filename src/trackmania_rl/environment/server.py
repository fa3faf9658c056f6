"""The environment service: races in real time, batches of worlds in lockstep, tracks and replays."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

from litestar import Litestar, get
from litestar.params import FromQuery

from trackmania_rl.environment import openplanet
from trackmania_rl.environment.batch import check_remote, specification
from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.race.races import Races
from trackmania_rl.environment.race.routes import race_metrics, race_routes
from trackmania_rl.environment.render.routes import video_routes
from trackmania_rl.environment.render.videos import VideoLimits, Videos
from trackmania_rl.environment.replay import archive
from trackmania_rl.environment.replay.routes import replay_routes
from trackmania_rl.environment.show import Show
from trackmania_rl.environment.streams import Limits, Streams
from trackmania_rl.environment.tracks.routes import track_routes
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.service import service_app

HORIZON = "TrackMania/Horizon-v0"


def environment_app(
    races: Sequence[Race],
    *,
    access: Access | None = None,
    limits: Limits | None = None,
    keep: archive.Retention | None = None,
    videos: VideoLimits | None = None,
    show: Show | None = None,
    tmrl_port: int | None = None,
) -> Litestar:
    """The service.

    Args:
        races: What is driven in real time; the first one is meant where a request names none.
        access: Who may change something.
        limits: How much it takes on.
        keep: How many replays are kept; None: all.
        videos: How many videos are made and kept.
        show: An environment that is not ours, hosted in place of races.
        tmrl_port: Port of the first race's OpenPlanet socket, as TMRL's plugin has it; None: none.
    """
    access = access or Access()
    driven = Races(races, keep)
    streams = Streams(driven, access, limits or Limits(), show)
    films = Videos(videos or VideoLimits())

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with driven.running():
            with films.running():
                if tmrl_port is None or not races:
                    yield
                else:
                    async with openplanet.serving(races[0], tmrl_port):
                        yield

    return service_app(
        "environment",
        [
            *race_routes(driven),
            *spec_routes(driven, show),
            *track_routes(),
            *replay_routes(),
            *video_routes(films),
            *streams.routes(),
        ],
        access=access,
        ready=lambda: driven.trouble,
        metrics=lambda: [*race_metrics(driven), *films.metrics(), *streams.metrics()],
        lifespan=lifespan,
        stopping=streams.goodbye,
    )


def spec_routes(races: Races, show: Show | None) -> list[Any]:
    """What can be learned here."""

    @get("/api/spec", tags=["environments"])
    async def spec(
        env: FromQuery[str | None] = None,
        track: FromQuery[str | None] = None,
        race: FromQuery[str | None] = None,
    ) -> messages.EnvironmentSpec:
        """Spaces of an environment: by default of the one that is hosted, on the race's track."""
        if show is not None and env in (None, show.env):
            return await asyncio.to_thread(_specification, show.env, show.fewest)
        chosen = env or HORIZON
        check_remote(chosen, track, {})
        if track is None and chosen.startswith("TrackMania/") and races.live:
            track = races.named(race).race.track.id
        make = partial(make_vector_env, chosen, 1, track=track)
        return await asyncio.to_thread(_specification, chosen, make)

    return [spec]


def _specification(env: str, make: Callable[[], Any]) -> messages.EnvironmentSpec:
    with contextlib.closing(make()) as envs:
        return specification(env, envs)
