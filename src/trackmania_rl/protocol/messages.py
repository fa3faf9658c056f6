"""Every message of the REST routes and of the text frames on the streams, in one place.

OpenAPI and the viewer's TypeScript are generated from these structs. Units are SI and radians, the
world is the game's own: metres, y up, right-handed; times are seconds of race clock unless the name
says otherwise. A field that is not set is left out of the JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
"""Name of an agent, track, race, run or replay: it may appear in an address and as a file's name."""
Colour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Signed = Annotated[float, Meta(ge=-1.0, le=1.0)]


class Message(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A message that came from outside: unknown fields are refused."""


class Answer(Struct, kw_only=True, omit_defaults=True):
    """A message that we send: a newer peer may add fields that an older one ignores."""


def timestamp() -> str:
    """Now, in ISO 8601 as the messages have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- one agent drives one car ---------------------------------------------------------------------


class Action(Message):
    """Pedals and steering wheel: gas and brake 0..1, steering -1 (left) to 1 (right)."""

    gas: Unit
    brake: Unit
    steering: Signed


class ActionRequest(Message):
    """An agent's action for the coming step; it is held until the next one arrives.

    `seq` makes a repeated request safe: the same number is answered again, not driven twice.
    """

    agent_id: Identifier
    action: Action
    timestamp: str
    seq: int | None = None
    respawn: bool = False
    """Put the car back to its last checkpoint first; the clock goes on."""
    raw: Annotated[list[Signed], Meta(min_length=3, max_length=3)] | None = None
    """The policy's own gas, brake and steering, -1..1 each, which the observation vector repeats to it;
    a pedal's negative part, which `action` cannot say, releases it."""


class Position(Answer):
    """World position of the car's origin [m]."""

    x: float
    y: float
    z: float


class Rotation(Answer):
    """Attitude [rad]: yaw = atan2(forward x, forward z), pitch nose up, roll right side down."""

    yaw: float
    pitch: float
    roll: float


class Observation(Answer):
    """What an agent senses: forward speed [m/s], LIDAR distances right to left [m], pose.

    `vector` is the flat observation of the environment that the agent asked for when it joined.
    """

    speed: float
    lidar: list[float]
    position: Position
    rotation: Rotation
    vector: list[float] | None = None


class Info(Answer):
    """Share of the track driven (0..1) and time on the race clock since the start [s]."""

    track_completion: float
    lap_time: float
    finished: bool | None = None
    cause: str | None = None


class ActionAnswer(Answer):
    """The environment's answer to an action, and the message pushed at each step on a stream."""

    agent_id: str
    observation: Observation
    reward: float
    done: bool
    info: Info
    timestamp: str
    seq: int | None = None


# --- races ----------------------------------------------------------------------------------------


class AgentAdd(Message):
    """Bring an agent into a race. `observation` names the environment whose flat vector it wants."""

    agent_id: Identifier
    name: str | None = None
    colour: Colour | None = None
    observation: str | None = None
    policy: str | None = None
    """What drives, for the record: a checkpoint's name, a version, "human"."""
    race: Identifier | None = None
    """Which race; the service's first one without it."""


class ResetRequest(Message):
    """Start the race anew, on another track if one is named; with `agent_id` only that car."""

    agent_id: Identifier | None = None
    checkpoint: bool = False
    """With `agent_id`: back to its last checkpoint while the clock goes on, instead of to the start."""
    track: Identifier | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None
    """Of the noise that weather makes in the race's LIDAR from now on."""
    race: Identifier | None = None
    """Which race; the service's first one without it."""


class Car(Answer):
    """A car in a race and who drives it."""

    agent_id: str
    name: str
    colour: str
    policy: str = ""
    ghost: bool = False
    """True for a recorded drive that nobody drives now."""


class Weather(Answer):
    """The weather at a moment, as cars feel it and viewers draw it."""

    rain: float = 0.0
    """How hard it rains, 0 not at all .. 1 a downpour."""
    wetness: float = 0.0
    """Of the road, 0 dry .. 1 standing water; it follows the rain slowly."""
    fog: float = 0.0
    """0 clear .. 1 dense: one sees 1000 m * 0.03 ** fog."""
    night: float = 0.0
    """0 day .. 1 night."""
    wind_x: float = 0.0
    """Velocity of the air along the world's x [m/s]."""
    wind_z: float = 0.0
    """Velocity of the air along the world's z [m/s]."""


RaceState = Literal["waiting", "countdown", "racing", "finished"]


class Race(Answer):
    """A race as it stands. Cars are in the order of the rows of the pose frames."""

    id: str
    track: str
    track_name: str
    track_hash: str
    state: RaceState
    heat: int
    """Counts the starts of this race."""
    time: float
    """Race clock [s]; negative while the countdown runs."""
    cars: list[Car]
    pose_fields: list[str]
    """Names of the columns of a pose frame."""
    rate_hz: float
    control_hz: float
    time_limit: float
    contact: bool = False
    """Whether cars hit and see one another; otherwise they pass through."""
    late_actions: int = 0
    """Steps at which an agent's action had not arrived and the previous one was held."""
    weather: Weather | None = None
    """The weather now; nothing where the race is driven without any."""


class Standing(Answer):
    """One line of the leaderboard, best first."""

    agent_id: str
    place: int
    progress: float
    """Distance along the track from the start [m]."""
    lap_time: float
    finished: bool
    running: bool
    gap: float | None = None
    """Time behind the leader at the same place of the track [s]."""
    best_time: float | None = None
    """Best finish in this race's heats so far [s]."""
    contacts: int = 0
    """Contacts with other cars in this heat."""


class EnvironmentState(Answer):
    """Answer of GET /api/state."""

    race: Race
    standings: list[Standing]
    agents: list[ActionAnswer]


# --- text frames of WS /api/watch on the environment ----------------------------------------------


class RaceMessage(Answer, tag_field="type", tag="race"):
    """Sent first, and again whenever anything in it but the clock changes."""

    protocol: int
    race: Race


class StandingsMessage(Answer, tag_field="type", tag="standings"):
    """The leaderboard, a few times a second."""

    time: float
    standings: list[Standing]


EventKind = Literal[
    "start", "checkpoint", "finish", "wall", "off_road", "stuck", "contact", "respawn", "heat_end"
]


class EventMessage(Answer, tag_field="type", tag="event"):
    """Something happened to a car (or, without agent_id, to the race) at a race time."""

    kind: EventKind
    time: float
    agent_id: str | None = None
    value: float | None = None
    """Checkpoint's number (with respawn: the one at which the car goes on; none: it starts anew), finish time
    [s], speed of an impact with a wall [m/s], or the impulse of a contact per mass [m/s]."""
    other: str | None = None
    """With contact: the agent whose car it was with."""
    replay: str | None = None
    """With heat_end: the id of the recording."""


class WeatherMessage(Answer, tag_field="type", tag="weather"):
    """The weather has changed; at most once a second."""

    time: float
    """Race clock [s]."""
    weather: Weather


class ShowMessage(Answer, tag_field="type", tag="show"):
    """A hosted environment that is not ours, in place of races: how its first world goes.

    Between these messages its pictures come as binary frames.
    """

    protocol: int
    env: str
    worlds: int
    """Worlds of the batch that is shown; 0 while nobody learns."""
    episode: int
    step: int
    episode_return: float
    action: list[float]
    trouble: str | None = None
    """Why there are no pictures."""


WatchMessage = RaceMessage | StandingsMessage | EventMessage | WeatherMessage | ShowMessage

# --- text frames of WS /api/stream on the environment ---------------------------------------------


class DriveHello(Message, tag_field="type", tag="drive"):
    """First frame of a client that drives one car of a race: the agent must have been added.

    With `push` the environment sends an ActionAnswer at each step of the race without being asked.
    """

    protocol: int
    agent_id: Identifier
    push: bool = False
    token: str | None = None


class BatchHello(Message, tag_field="type", tag="batch"):
    """First frame of a client that steps a batch of worlds in lockstep."""

    protocol: int
    env: str
    worlds: Annotated[int, Meta(ge=1, le=65536)]
    track: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the environment."""
    token: str | None = None


class BatchReset(Message, tag_field="type", tag="reset"):
    """Reset all worlds of the batch; answered with a binary observation frame."""

    seed: int | None = None


class BatchRecord(Message, tag_field="type", tag="record"):
    """Keep an episode of a world as a replay; answered with `recorded`."""

    world: Annotated[int, Meta(ge=0)]
    actions: list[list[Signed]]
    """What was sent at each step of the episode, from the start line on."""
    name: Identifier
    """Who drove."""
    replay: Identifier
    """What the replay is called, behind "episode-"; a former one of this name is replaced."""


class BatchRecorded(Answer, tag_field="type", tag="recorded"):
    """The replay of an episode; without one where the worlds are such that a tape does not tell a drive."""

    replay: str | None = None


class Welcome(Answer, tag_field="type", tag="welcome"):
    """The environment's answer to a hello that it accepts."""

    protocol: int
    session: str
    spec: EnvironmentSpec | None = None


class StreamError(Answer, tag_field="type", tag="error"):
    """Why a frame was refused: the value, what was expected, the cure."""

    detail: str


class Goodbye(Answer, tag_field="type", tag="goodbye"):
    """The service is stopping; reconnect after a while."""

    detail: str


BatchRequest = BatchReset | BatchRecord
RecordAnswer = BatchRecorded | StreamError | Goodbye
StreamHello = DriveHello | BatchHello
StreamMessage = Welcome | StreamError | Goodbye

# --- what there is --------------------------------------------------------------------------------


class Space(Answer):
    """A Box or Discrete space of Gymnasium. Bounds of 3.4e38 and beyond mean infinity, which JSON has not."""

    kind: Literal["box", "discrete"]
    shape: list[int]
    dtype: str
    low: list[float] | float = 0.0
    high: list[float] | float = 0.0
    n: int = 0
    start: int = 0
    """Of a discrete space: the number of its first choice."""


class EnvironmentSpec(Answer):
    """One world's spaces, and the clock."""

    env: str
    track: str
    track_hash: str
    observation: Space
    action: Space
    control_hz: float
    worlds: int = 1
    version: str = ""
    """What the environment says of its version, e.g. of its physics; a word to compare, no more."""


class Version(Answer):
    """Answer of GET /api/version."""

    service: str
    version: str
    protocol: int


class TrackSummary(Answer):
    """A track in the list."""

    id: str
    name: str
    length: float
    closed: bool
    hash: str
    climb: float
    """Difference between highest and lowest point [m]."""
    author: str = ""
    author_time: float | None = None


class BoosterGeometry(Answer):
    """A turbo pad, as arc lengths [m]."""

    begin: float
    end: float
    factor: float


class TrackGeometry(Answer):
    """A track's nodes as flat lists of numbers, n nodes of 3 or 1; see environment.tracks.track.Track."""

    id: str
    name: str
    hash: str
    closed: bool
    length: float
    start: float
    finish: float
    arc: list[float]
    position: list[float]
    tangent: list[float]
    left: list[float]
    up: list[float]
    half_width_left: list[float]
    half_width_right: list[float]
    surface: list[int]
    """0 asphalt, 1 dirt, 2 grass, 3 ice, 4 plastic."""
    border_left: list[int]
    """0 wall, 1 open, 2 grass verge."""
    border_right: list[int]
    checkpoints: list[float]
    boosters: list[BoosterGeometry]
    author: str = ""
    author_time: float | None = None


class ReplayEvent(Answer):
    """An event in a replay; see EventMessage."""

    kind: str
    time: float
    agent_id: str | None = None
    value: float | None = None
    other: str | None = None


class ReplayCar(Answer):
    """One car's drive. `samples` holds len(pose_fields) numbers per sample, one sample per 1/rate_hz."""

    agent_id: str
    name: str
    colour: str
    policy: str
    finished: bool
    time: float
    """Finish time, or the time at which the drive ended [s]."""
    samples: list[float]
    ghost: bool = False


class ReplaySummary(Answer):
    """A recorded race in the list."""

    id: str
    track: str
    track_name: str
    track_hash: str
    recorded: str
    duration: float
    cars: list[ReplayResult]
    size_bytes: int
    complete: bool = True
    """False when the recording was cut off."""


class ReplayResult(Answer):
    """Who drove in a recorded race, and how it ended."""

    agent_id: str
    name: str
    colour: str
    finished: bool
    time: float
    policy: str = ""


class Replay(Answer):
    """Answer of GET /api/replay/{id} as JSON."""

    id: str
    track: str
    track_name: str
    track_hash: str
    recorded: str
    duration: float
    rate_hz: float
    pose_fields: list[str]
    cars: list[ReplayCar]
    events: list[ReplayEvent]
    physics: str
    seed: int
    complete: bool = True
    weather: list[Weather] | None = None
    """At each second from the start; nothing where it was driven without any."""


class VideoRequest(Message):
    """What a video of a replay shows, and how."""

    camera: Literal["director", "chase", "overhead", "cockpit", "trackside"] = "director"
    focus: str | None = None
    """Agent in view, by id or name; the best one without it. The director chooses by itself."""
    quality: Literal["light", "standard", "show"] = "light"
    weather: Literal["clear", "sunset", "rain", "fog", "night"] = "clear"
    overlays: bool = True
    """Title, order of the cars, time and speed over the picture."""
    width: Annotated[int, Meta(ge=64, le=3840)] = 1280
    height: Annotated[int, Meta(ge=64, le=2160)] = 720
    fps: Annotated[int, Meta(ge=1, le=120)] = 30
    speed: Annotated[float, Meta(gt=0.0, le=100.0)] = 1.0
    """Seconds of the race in a second of the video."""
    begin: Annotated[float, Meta(ge=0.0)] = 0.0
    """Part of the race that is shown [s]."""
    end: Annotated[float, Meta(gt=0.0)] | None = None
    """The replay's end without it."""
    format: Literal["mp4", "webm", "gif", "png"] = "mp4"
    """png: one picture, of `begin`."""
    others: Annotated[list[Identifier], Meta(max_length=15)] = field(default_factory=list)
    """Replays of the same track that are shown together with it."""


VideoState = Literal["waiting", "running", "done", "failed", "cancelled"]


class Video(Answer):
    """A video that is made, or was."""

    id: str
    replay: str
    request: VideoRequest
    state: VideoState
    frames: int = 0
    """Pictures drawn so far, of `frames_total`."""
    frames_total: int = 0
    seconds_left: float | None = None
    """Estimate, when it runs."""
    size_bytes: int = 0
    error: str | None = None


# --- the model service ----------------------------------------------------------------------------

AgentState = Literal["training", "paused", "stopped", "failed"]


class AgentCreate(Message):
    """A new learning agent. `settings` overrides fields of the learner's configuration."""

    agent_id: Identifier
    env: str = "TrackMania/Horizon-v0"
    track: str | None = None
    name: str | None = None
    colour: Colour | None = None
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    checkpoint: str | None = None
    """Start from this checkpoint instead of from scratch."""
    race: bool = True
    """Drive in the environment service's race with the newest policy."""
    learn: bool = True
    """False: the checkpoint's policy stays as it is and only drives."""


class CheckpointLoad(Message):
    """Let an agent go on from a checkpoint: the id of one in the list."""

    checkpoint: str


class AgentStatus(Answer):
    """An agent, how far it has learned, and what ails it in plain words."""

    agent_id: str
    name: str
    colour: str
    run: str
    env: str
    track: str
    state: AgentState
    seed: int
    steps: int
    """Environment steps experienced, over all worlds."""
    updates: int
    episodes: int
    seconds: float
    """Wall-clock spent training [s]."""
    finish_rate: float | None = None
    """Of the last frozen evaluation, 0..1."""
    lap_time_best: float | None = None
    """Best finish of any frozen evaluation [s]."""
    lap_time_median: float | None = None
    """Median finish of the last frozen evaluation [s]."""
    steps_per_second: float | None = None
    updates_per_second: float | None = None
    health: list[str] = field(default_factory=list)
    """Sentences for people, worst first."""
    racing: bool = False


class PredictRequest(Message):
    """Observations, one row per car, in the layout of the agent's environment."""

    agent_id: Identifier
    observation: Annotated[list[list[float]], Meta(min_length=1)]
    deterministic: bool = True


class Prediction(Answer):
    """Actions, one row per car, in the environment's action space."""

    agent_id: str
    action: list[list[float]]
    policy: str
    """Version of the policy that answered."""


class TournamentRequest(Message):
    """Races of policies against one another."""

    track: str
    checkpoints: list[str] = field(default_factory=list)
    """Ids of the list; those of all agents that observe the same as the first if empty."""
    races: Annotated[int, Meta(ge=1)] = 3
    contact: bool = True


class AgesRequest(Message):
    """A race of one run's policies of increasing age, in the environment service."""

    cars: Annotated[int, Meta(ge=2, le=12)] = 6
    """How many of them, spread over the training; fewer where fewer are kept."""


class Rating(Answer):
    """A policy in the table of a tournament: Plackett-Luce, 25 ± 8.3 before the first race."""

    name: str
    rating: float
    uncertainty: float
    proven: float
    """The rating less three times the uncertainty: what the table is sorted by."""
    races: int
    wins: int
    finishes: int
    lap_time_best: float | None = None
    lap_time_median: float | None = None


class Ratings(Answer):
    """The newest tournament's table, the best first."""

    track: str
    races: int
    contact: bool
    standings: list[Rating]


class RunSummary(Answer):
    """One training run in the list."""

    id: str
    agent_id: str
    env: str
    track: str
    seed: int
    started: str
    steps: int
    setting: str
    """The same for runs that differ by nothing but their seed (and their length)."""
    keys: list[str]
    """Names of the curves that it has."""


class Curve(Answer):
    """A learning curve, down-sampled: at each point the step, the run's wall-clock [s] and the value."""

    key: str
    step: list[float]
    seconds: list[float]
    value: list[float]
    low: list[float]
    """Least value in each point's bucket."""
    high: list[float]


class RunMetrics(Answer):
    """Answer of GET /api/runs/{id}/metrics."""

    run: str
    curves: list[Curve]


EndCause = Literal["finish", "stuck", "off_road", "time_limit", "fault"]
"""Why an episode of training ended."""


class Ending(Answer):
    """How and where one episode of training ended."""

    episode: int
    """Its number in the run, from 1."""
    step: int
    """Environment steps of the run by then, over all worlds."""
    seconds: float
    """Wall-clock of the run by then [s]."""
    track: str
    cause: EndCause
    start_distance: float
    """Where it began, along the track past the start line [m]."""
    distance: float
    """Where it ended, along the track past the start line [m]."""
    time: float
    """How long it was driven [s]: the lap time of those that finish from the start line."""
    reward: float
    """Return of the episode."""


class RunEndings(Answer):
    """Answer of GET /api/runs/{id}/endings."""

    run: str
    episodes: int
    """Number of the newest that is kept."""
    every: int
    """One in so many episodes is kept, evenly over the run."""
    endings: list[Ending]
    """Oldest first."""


HighlightKind = Literal[
    "first_finish", "best_lap", "lap_gain", "furthest", "biggest_improvement", "worst_crash", "best_return"
]


class Highlight(Answer):
    """A moment of a training worth seeing again, of its frozen evaluations."""

    kind: HighlightKind
    step: int
    """Environment steps of the run by then, over all worlds."""
    seconds: float
    """Wall-clock of the run by then [s]."""
    track: str
    value: float
    """first_finish, best_lap: lap time [s]; lap_gain: by how much the best lap became faster at once [s];
    furthest, biggest_improvement: share of the track driven, and by how much its mean rose at once;
    worst_crash: mean speed of the drive [m/s]; best_return: return."""
    sentence: str
    """The same for people."""
    replay: str | None = None
    """Id of the episode's replay in the environment service; None where it could not be kept, and of all but
    the newest of its kind."""


class RunHighlights(Answer):
    """Answer of GET /api/runs/{id}/highlights."""

    run: str
    highlights: list[Highlight]
    """The newest of each kind, in the order of HighlightKind; with all=true every one, oldest first."""


class CheckpointSummary(Answer):
    """A saved policy with its result."""

    id: str
    agent_id: str
    env: str
    track: str
    steps: int
    saved: str
    best: bool
    finish_rate: float | None = None
    lap_time: float | None = None


class MetricsMessage(Answer, tag_field="type", tag="metrics"):
    """On the model's WS /api/watch: new values of a run at a step."""

    run: str
    agent_id: str
    step: int
    seconds: float
    values: dict[str, float]


class AgentsMessage(Answer, tag_field="type", tag="agents"):
    """On the model's WS /api/watch: all agents, on connection and about once a second."""

    protocol: int
    agents: list[AgentStatus]


ModelWatchMessage = MetricsMessage | AgentsMessage

# --- both services --------------------------------------------------------------------------------


class Problem(Answer):
    """Body of every refusal: what was wrong, what was expected, the cure. RFC 9457."""

    status: int
    title: str
    detail: str
    field: str | None = None


class Health(Answer):
    """Answer of /healthz and /readyz."""

    ok: bool
    detail: str = ""
