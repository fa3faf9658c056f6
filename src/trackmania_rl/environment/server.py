"""The environment service: races in real time, batches of worlds in lockstep, tracks and replays."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, RawBody

from trackmania_rl.environment import files, openplanet
from trackmania_rl.environment.batch import check_remote, known_track, specification
from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.race.races import Races
from trackmania_rl.environment.replay import archive, export, importing, reading, road
from trackmania_rl.environment.show import Show
from trackmania_rl.environment.streams import Limits, Streams
from trackmania_rl.environment.tracks import library
from trackmania_rl.environment.videos import VideoLimits, Videos, video_routes
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.metrics import HOT, Metric
from trackmania_rl.protocol.service import service_app
from trackmania_rl.protocol.volume import replays_folder

TRACK_LIMIT = 16 << 20
"""Largest file of a track that may be uploaded [bytes]."""
REPLAY_LIMIT = 64 << 20
"""Largest recording or drive that may be uploaded [bytes]; an hour of four cars takes six."""
MCAP = "application/mcap"
HORIZON = "TrackMania/Horizon-v0"
PLAIN_MCAP = (MCAP, "application/x-mcap", "application/octet-stream")
"""Media types whose asker gets a replay's file as it is."""

AnyRequest = Request[Any, Any, State]


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


def race_routes(races: Races) -> list[Any]:
    """Drive and see the races."""

    @post("/api/action", status_code=200, sync_to_thread=False, opt={HOT: True}, tags=["races"])
    def act(data: JSONBody[messages.ActionRequest]) -> messages.ActionAnswer:
        """Take an agent's action for the coming step of 50 ms; answer with what its car senses now."""
        return races.of(data.agent_id).race.act(data)

    @get("/api/state", sync_to_thread=False, tags=["races"])
    def state(race: FromQuery[str | None] = None) -> messages.EnvironmentState:
        """A race as it stands: clock, leaderboard, and what every agent senses."""
        return _state(races.named(race).race)

    @post("/api/reset", status_code=200, tags=["races"])
    async def reset(data: JSONBody[messages.ResetRequest]) -> messages.EnvironmentState:
        """Start a race anew, on another track if one is named; with `agent_id` only that car."""
        live = races.of(data.agent_id) if data.agent_id else races.named(data.race)
        track = None
        if data.track is not None:
            known_track(data.track)
            track = await asyncio.to_thread(library.load, data.track)
        live.race.reset(track=track, agent_id=data.agent_id, checkpoint=data.checkpoint, seed=data.seed)
        return _state(live.race)

    @post("/api/agents/add", status_code=200, sync_to_thread=False, tags=["races"])
    def add(data: JSONBody[messages.AgentAdd]) -> messages.Race:
        """Bring an agent into a race: at once when nobody races, else from the next heat on."""
        race = (races.joined(data.agent_id) or races.named(data.race)).race
        race.add(data)
        return race.describe()

    @delete("/api/agents/{agent_id:str}", sync_to_thread=False, tags=["races"])
    def remove(agent_id: FromPath[str]) -> None:
        """Take an agent and its car out of its race."""
        races.of(agent_id).race.remove(agent_id)

    @get("/api/races", sync_to_thread=False, tags=["races"])
    def listing() -> list[messages.Race]:
        """All races as they stand."""
        return [live.race.describe() for live in races.live.values()]

    return [act, state, reset, add, remove, listing]


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


def _state(race: Race) -> messages.EnvironmentState:
    return messages.EnvironmentState(
        race=race.describe(),
        standings=race.standings(),
        agents=[race.sensed(entrant) for entrant in race.entrants.values()],
    )


def _specification(env: str, make: Callable[[], Any]) -> messages.EnvironmentSpec:
    with contextlib.closing(make()) as envs:
        return specification(env, envs)


def race_metrics(races: Races) -> list[Metric]:
    """How the races go."""
    live = list(races.live.values())
    return [
        Metric("trackmania_agents", "gauge", "Agents in races.", sum(len(one.race.entrants) for one in live)),
        Metric("trackmania_races", "gauge", "Races in real time.", len(live)),
        Metric("trackmania_heats_total", "counter", "Heats begun.", sum(one.race.heat for one in live)),
        Metric("trackmania_ticks_total", "counter", "Ticks of 10 ms driven.", sum(one.ticks for one in live)),
        Metric(
            "trackmania_tick_late_seconds_total",
            "counter",
            "How late the ticks of races came, added up.",
            sum(one.late for one in live),
        ),
        Metric("trackmania_replays_total", "counter", "Heats recorded.", sum(one.replays for one in live)),
        Metric(
            "trackmania_late_actions_total",
            "counter",
            "Steps whose action was late: the one before was held.",
            sum(one.race.late_actions for one in live),
        ),
        Metric(
            "trackmania_clock_lost_seconds_total",
            "counter",
            "Time that a race's clock gave up because the machine was too busy.",
            sum(one.lost for one in live),
        ),
    ]


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
        known_track(track_id)
        track = await asyncio.to_thread(library.load, track_id)
        return _gzipped(request, await asyncio.to_thread(_geometry, track_id, track.hash))

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


def _ending(body: bytes, content_type: str) -> str:
    """What kind of file an upload is."""
    if body.startswith(b"GBX"):
        return ".Map.Gbx"
    return ".csv" if content_type.startswith("text/csv") else ".track"


@lru_cache(maxsize=32)
def _geometry(track_id: str, hash: str) -> tuple[bytes, bytes]:
    """A track's geometry as JSON, plain and gzipped; the hash tells versions of a track apart."""
    plain = msgspec.json.encode(library.geometry(library.load(track_id)))
    return plain, gzip.compress(plain, 6)


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
        return _gzipped(request, await asyncio.to_thread(_replay, path, path.stat().st_mtime_ns))

    @delete("/api/replay/{replay_id:str}", sync_to_thread=True, tags=["replays"])
    def remove(replay_id: FromPath[str]) -> None:
        """Delete a recorded race."""
        archive.delete(replay_id)

    @get("/api/replay/{replay_id:str}/track", tags=["replays"])
    async def track(request: AnyRequest, replay_id: FromPath[str]) -> Response[messages.TrackGeometry]:
        """The road that a race was driven on; rebuilt from the recording where the track is not known."""
        path = await asyncio.to_thread(archive.stored, replay_id)
        return _gzipped(request, await asyncio.to_thread(_driven_track, path, path.stat().st_mtime_ns))

    @post("/api/replays", request_max_body_size=REPLAY_LIMIT, sync_to_thread=True, tags=["replays"])
    def upload(
        body: RawBody, track: FromQuery[str | None] = None, name: FromQuery[str | None] = None
    ) -> messages.ReplaySummary:
        """Keep a recording (.mcap), or a human drive (.Ghost.Gbx, .Replay.Gbx, .csv) on `track` by `name`."""
        if track is not None:
            known_track(track)
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
        known_track(about.track)
        if library.load(about.track).hash == about.track_hash:
            return _geometry(about.track, about.track_hash)
    plain = msgspec.json.encode(road.rebuilt(path))
    return plain, gzip.compress(plain, 6)


@lru_cache(maxsize=8)
def _replay(path: Path, changed: int) -> tuple[bytes, bytes]:
    """A replay as JSON, plain and gzipped."""
    plain = msgspec.json.encode(reading.read(path).replay())
    return plain, gzip.compress(plain, 4)


def _gzipped(request: AnyRequest, body: tuple[bytes, bytes]) -> Response[Any]:
    """JSON that was compressed before."""
    plain, small = body
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain, media_type="application/json", headers={"Vary": "Accept-Encoding"})
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(small, media_type="application/json", headers=headers)
