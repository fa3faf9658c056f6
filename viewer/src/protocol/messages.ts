// Written by `python -m trackmania_rl.protocol.typescript`: change protocol/messages.py, not this.

/** Version of the protocol; in the header of every frame. */
export const PROTOCOL_VERSION = 1;

/** First two bytes of a binary frame. */
export const FRAME_MAGIC = 0x4d54;

/** Length of a binary frame's header [bytes]. */
export const FRAME_HEADER_SIZE = 16;

/** Kinds of binary frames. */
export const FrameKind = { POSES: 1, ACTIONS: 2, OBSERVATIONS: 3, STEP: 4, PICTURE: 5 } as const;

/** Columns of a pose, in order; LIDAR columns may follow. */
export const POSE_FIELDS = [
  "x",
  "y",
  "z",
  "qx",
  "qy",
  "qz",
  "qw",
  "vx",
  "vy",
  "vz",
  "steer",
  "gas",
  "brake",
  "gear",
  "rpm",
  "progress",
  "lap_time",
  "state",
  "suspension_fl",
  "suspension_fr",
  "suspension_rl",
  "suspension_rr",
  "wheel_angle",
] as const;

export type PoseField = (typeof POSE_FIELDS)[number];

/** Bits of the pose's `state`. */
export const StateBit = { GROUNDED: 1, SLIDING: 2, WALL: 4, TURBO: 8, FINISHED: 16, OUT: 32 } as const;

/** Why an episode ended; the index is the cause code of the final info. */
export const CAUSES = ["", "finish", "stuck", "off_road", "time_limit", "fault"] as const;

/** Name of an agent, track, race, run or replay: it may appear in an address and as a file's name. */
export type Identifier = string;

export type Colour = string;

export type Unit = number;

export type Signed = number;

/** Pedals and steering wheel: gas and brake 0..1, steering -1 (left) to 1 (right). */
export interface Action {
  gas: Unit;
  brake: Unit;
  steering: Signed;
}

/**
 * An agent's action for the coming step; it is held until the next one arrives.
 *
 * `seq` makes a repeated request safe: the same number is answered again, not driven twice.
 */
export interface ActionRequest {
  agent_id: Identifier;
  action: Action;
  timestamp: string;
  seq?: number;
  /** Put the car back to its last checkpoint first; the clock goes on. */
  respawn?: boolean;
  /**
   * The policy's own gas, brake and steering, -1..1 each, which the observation vector repeats to it;
   * a pedal's negative part, which `action` cannot say, releases it.
   */
  raw?: Signed[];
}

/** World position of the car's origin [m]. */
export interface Position {
  x: number;
  y: number;
  z: number;
}

/** Attitude [rad]: yaw = atan2(forward x, forward z), pitch nose up, roll right side down. */
export interface Rotation {
  yaw: number;
  pitch: number;
  roll: number;
}

/**
 * What an agent senses: forward speed [m/s], LIDAR distances right to left [m], pose.
 *
 * `vector` is the flat observation of the environment that the agent asked for when it joined.
 */
export interface Observation {
  speed: number;
  lidar: number[];
  position: Position;
  rotation: Rotation;
  vector?: number[];
}

/** Share of the track driven (0..1) and time on the race clock since the start [s]. */
export interface Info {
  track_completion: number;
  lap_time: number;
  finished?: boolean;
  cause?: string;
}

/** The environment's answer to an action, and the message pushed at each step on a stream. */
export interface ActionAnswer {
  agent_id: string;
  observation: Observation;
  reward: number;
  done: boolean;
  info: Info;
  timestamp: string;
  seq?: number;
}

/** Bring an agent into a race. `observation` names the environment whose flat vector it wants. */
export interface AgentAdd {
  agent_id: Identifier;
  name?: string;
  colour?: Colour;
  observation?: string;
  /** What drives, for the record: a checkpoint's name, a version, "human". */
  policy?: string;
  /** Which race; the service's first one without it. */
  race?: Identifier;
}

/** Start the race anew, on another track if one is named; with `agent_id` only that car. */
export interface ResetRequest {
  agent_id?: Identifier;
  /** With `agent_id`: back to its last checkpoint while the clock goes on, instead of to the start. */
  checkpoint?: boolean;
  track?: Identifier;
  /** Of the noise that weather makes in the race's LIDAR from now on. */
  seed?: number;
  /** Which race; the service's first one without it. */
  race?: Identifier;
}

/** A car in a race and who drives it. */
export interface Car {
  agent_id: string;
  name: string;
  colour: string;
  policy?: string;
  /** True for a recorded drive that nobody drives now. */
  ghost?: boolean;
}

/** The weather at a moment, as cars feel it and viewers draw it. */
export interface Weather {
  /** How hard it rains, 0 not at all .. 1 a downpour. */
  rain?: number;
  /** Of the road, 0 dry .. 1 standing water; it follows the rain slowly. */
  wetness?: number;
  /** 0 clear .. 1 dense: one sees 1000 m * 0.03 ** fog. */
  fog?: number;
  /** 0 day .. 1 night. */
  night?: number;
  /** Velocity of the air along the world's x [m/s]. */
  wind_x?: number;
  /** Velocity of the air along the world's z [m/s]. */
  wind_z?: number;
}

export type RaceState = "waiting" | "countdown" | "racing" | "finished";

/** A race as it stands. Cars are in the order of the rows of the pose frames. */
export interface Race {
  id: string;
  track: string;
  track_name: string;
  track_hash: string;
  state: RaceState;
  /** Counts the starts of this race. */
  heat: number;
  /** Race clock [s]; negative while the countdown runs. */
  time: number;
  cars: Car[];
  /** Names of the columns of a pose frame. */
  pose_fields: string[];
  rate_hz: number;
  control_hz: number;
  time_limit: number;
  /** Whether cars hit and see one another; otherwise they pass through. */
  contact?: boolean;
  /** Steps at which an agent's action had not arrived and the previous one was held. */
  late_actions?: number;
  /** The weather now; nothing where the race is driven without any. */
  weather?: Weather;
}

/** One line of the leaderboard, best first. */
export interface Standing {
  agent_id: string;
  place: number;
  /** Distance along the track from the start [m]. */
  progress: number;
  lap_time: number;
  finished: boolean;
  running: boolean;
  /** Time behind the leader at the same place of the track [s]. */
  gap?: number;
  /** Best finish in this race's heats so far [s]. */
  best_time?: number;
  /** Contacts with other cars in this heat. */
  contacts?: number;
}

/** Answer of GET /api/state. */
export interface EnvironmentState {
  race: Race;
  standings: Standing[];
  agents: ActionAnswer[];
}

/** Sent first, and again whenever anything in it but the clock changes. */
export interface RaceMessage {
  type: "race";
  protocol: number;
  race: Race;
}

/** The leaderboard, a few times a second. */
export interface StandingsMessage {
  type: "standings";
  time: number;
  standings: Standing[];
}

export type EventKind = "start" | "checkpoint" | "finish" | "wall" | "off_road" | "stuck" | "contact" | "respawn" | "heat_end";

/** Something happened to a car (or, without agent_id, to the race) at a race time. */
export interface EventMessage {
  type: "event";
  kind: EventKind;
  time: number;
  agent_id?: string;
  /**
   * Checkpoint's number (with respawn: the one at which the car goes on; none: it starts anew), finish time
   * [s], speed of an impact with a wall [m/s], or the impulse of a contact per mass [m/s].
   */
  value?: number;
  /** With contact: the agent whose car it was with. */
  other?: string;
  /** With heat_end: the id of the recording. */
  replay?: string;
}

/** The weather has changed; at most once a second. */
export interface WeatherMessage {
  type: "weather";
  /** Race clock [s]. */
  time: number;
  weather: Weather;
}

/**
 * A hosted environment that is not ours, in place of races: how its first world goes.
 *
 * Between these messages its pictures come as binary frames.
 */
export interface ShowMessage {
  type: "show";
  protocol: number;
  env: string;
  /** Worlds of the batch that is shown; 0 while nobody learns. */
  worlds: number;
  episode: number;
  step: number;
  episode_return: number;
  action: number[];
  /** Why there are no pictures. */
  trouble?: string;
}

export type WatchMessage = RaceMessage | StandingsMessage | EventMessage | WeatherMessage | ShowMessage;

/**
 * First frame of a client that drives one car of a race: the agent must have been added.
 *
 * With `push` the environment sends an ActionAnswer at each step of the race without being asked.
 */
export interface DriveHello {
  type: "drive";
  protocol: number;
  agent_id: Identifier;
  push?: boolean;
  token?: string;
}

/** First frame of a client that steps a batch of worlds in lockstep. */
export interface BatchHello {
  type: "batch";
  protocol: number;
  env: string;
  worlds: number;
  track?: string;
  /** Keyword arguments of the environment. */
  options?: Record<string, unknown>;
  token?: string;
}

/** Reset all worlds of the batch; answered with a binary observation frame. */
export interface BatchReset {
  type: "reset";
  seed?: number;
}

/** Keep an episode of a world as a replay; answered with `recorded`. */
export interface BatchRecord {
  type: "record";
  world: number;
  /** What was sent at each step of the episode, from the start line on. */
  actions: Signed[][];
  /** Who drove. */
  name: Identifier;
  /** What the replay is called, behind "episode-"; a former one of this name is replaced. */
  replay: Identifier;
}

/** The replay of an episode; without one where the worlds are such that a tape does not tell a drive. */
export interface BatchRecorded {
  type: "recorded";
  replay?: string;
}

/** The environment's answer to a hello that it accepts. */
export interface Welcome {
  type: "welcome";
  protocol: number;
  session: string;
  spec?: EnvironmentSpec;
}

/** Why a frame was refused: the value, what was expected, the cure. */
export interface StreamError {
  type: "error";
  detail: string;
}

/** The service is stopping; reconnect after a while. */
export interface Goodbye {
  type: "goodbye";
  detail: string;
}

export type BatchRequest = BatchReset | BatchRecord;

export type RecordAnswer = BatchRecorded | StreamError | Goodbye;

export type StreamHello = DriveHello | BatchHello;

export type StreamMessage = Welcome | StreamError | Goodbye;

/** A Box or Discrete space of Gymnasium. Bounds of 3.4e38 and beyond mean infinity, which JSON has not. */
export interface Space {
  kind: "box" | "discrete";
  shape: number[];
  dtype: string;
  low?: number[] | number;
  high?: number[] | number;
  n?: number;
  /** Of a discrete space: the number of its first choice. */
  start?: number;
}

/** One world's spaces, and the clock. */
export interface EnvironmentSpec {
  env: string;
  track: string;
  track_hash: string;
  observation: Space;
  action: Space;
  control_hz: number;
  worlds?: number;
  /** What the environment says of its version, e.g. of its physics; a word to compare, no more. */
  version?: string;
}

/** Answer of GET /api/version. */
export interface Version {
  service: string;
  version: string;
  protocol: number;
}

/** A track in the list. */
export interface TrackSummary {
  id: string;
  name: string;
  length: number;
  closed: boolean;
  hash: string;
  /** Difference between highest and lowest point [m]. */
  climb: number;
  author?: string;
  author_time?: number;
}

/** A turbo pad, as arc lengths [m]. */
export interface BoosterGeometry {
  begin: number;
  end: number;
  factor: number;
}

/** A track's nodes as flat lists of numbers, n nodes of 3 or 1; see environment.tracks.track.Track. */
export interface TrackGeometry {
  id: string;
  name: string;
  hash: string;
  closed: boolean;
  length: number;
  start: number;
  finish: number;
  arc: number[];
  position: number[];
  tangent: number[];
  left: number[];
  up: number[];
  half_width_left: number[];
  half_width_right: number[];
  /** 0 asphalt, 1 dirt, 2 grass, 3 ice, 4 plastic. */
  surface: number[];
  /** 0 wall, 1 open, 2 grass verge. */
  border_left: number[];
  border_right: number[];
  checkpoints: number[];
  boosters: BoosterGeometry[];
  author?: string;
  author_time?: number;
}

/** An event in a replay; see EventMessage. */
export interface ReplayEvent {
  kind: string;
  time: number;
  agent_id?: string;
  value?: number;
  other?: string;
}

/** One car's drive. `samples` holds len(pose_fields) numbers per sample, one sample per 1/rate_hz. */
export interface ReplayCar {
  agent_id: string;
  name: string;
  colour: string;
  policy: string;
  finished: boolean;
  /** Finish time, or the time at which the drive ended [s]. */
  time: number;
  samples: number[];
  ghost?: boolean;
}

/** A recorded race in the list. */
export interface ReplaySummary {
  id: string;
  track: string;
  track_name: string;
  track_hash: string;
  recorded: string;
  duration: number;
  cars: ReplayResult[];
  size_bytes: number;
  /** False when the recording was cut off. */
  complete?: boolean;
}

/** Who drove in a recorded race, and how it ended. */
export interface ReplayResult {
  agent_id: string;
  name: string;
  colour: string;
  finished: boolean;
  time: number;
  policy?: string;
}

/** Answer of GET /api/replay/{id} as JSON. */
export interface Replay {
  id: string;
  track: string;
  track_name: string;
  track_hash: string;
  recorded: string;
  duration: number;
  rate_hz: number;
  pose_fields: string[];
  cars: ReplayCar[];
  events: ReplayEvent[];
  physics: string;
  seed: number;
  complete?: boolean;
  /** At each second from the start; nothing where it was driven without any. */
  weather?: Weather[];
}

/** What a video of a replay shows, and how. */
export interface VideoRequest {
  camera?: "director" | "chase" | "overhead" | "cockpit" | "trackside";
  /** Agent in view, by id or name; the best one without it. The director chooses by itself. */
  focus?: string;
  quality?: "light" | "standard" | "show";
  weather?: "clear" | "sunset" | "rain" | "fog" | "night";
  /** Title, order of the cars, time and speed over the picture. */
  overlays?: boolean;
  width?: number;
  height?: number;
  fps?: number;
  /** Seconds of the race in a second of the video. */
  speed?: number;
  /** Part of the race that is shown [s]. */
  begin?: number;
  /** The replay's end without it. */
  end?: number;
  /** png: one picture, of `begin`. */
  format?: "mp4" | "webm" | "gif" | "png";
  /** Replays of the same track that are shown together with it. */
  others?: Identifier[];
}

export type VideoState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** A video that is made, or was. */
export interface Video {
  id: string;
  replay: string;
  request: VideoRequest;
  state: VideoState;
  /** Pictures drawn so far, of `frames_total`. */
  frames?: number;
  frames_total?: number;
  /** Estimate, when it runs. */
  seconds_left?: number;
  size_bytes?: number;
  error?: string;
}

export type AgentState = "training" | "paused" | "stopped" | "failed";

/** A new learning agent. `settings` overrides fields of the learner's configuration. */
export interface AgentCreate {
  agent_id: Identifier;
  env?: string;
  track?: string;
  name?: string;
  colour?: Colour;
  seed?: number;
  settings?: Record<string, unknown>;
  /** Start from this checkpoint instead of from scratch. */
  checkpoint?: string;
  /** Drive in the environment service's race with the newest policy. */
  race?: boolean;
  /** False: the checkpoint's policy stays as it is and only drives. */
  learn?: boolean;
}

/** Let an agent go on from a checkpoint: the id of one in the list. */
export interface CheckpointLoad {
  checkpoint: string;
}

/** An agent, how far it has learned, and what ails it in plain words. */
export interface AgentStatus {
  agent_id: string;
  name: string;
  colour: string;
  run: string;
  env: string;
  track: string;
  state: AgentState;
  seed: number;
  /** Environment steps experienced, over all worlds. */
  steps: number;
  updates: number;
  episodes: number;
  /** Wall-clock spent training [s]. */
  seconds: number;
  /** Of the last frozen evaluation, 0..1. */
  finish_rate?: number;
  /** Best finish of any frozen evaluation [s]. */
  lap_time_best?: number;
  /** Median finish of the last frozen evaluation [s]. */
  lap_time_median?: number;
  steps_per_second?: number;
  updates_per_second?: number;
  /** Sentences for people, worst first. */
  health?: string[];
  racing?: boolean;
}

/** Observations, one row per car, in the layout of the agent's environment. */
export interface PredictRequest {
  agent_id: Identifier;
  observation: number[][];
  deterministic?: boolean;
}

/** Actions, one row per car, in the environment's action space. */
export interface Prediction {
  agent_id: string;
  action: number[][];
  /** Version of the policy that answered. */
  policy: string;
}

/** Races of policies against one another. */
export interface TournamentRequest {
  track: string;
  /** Ids of the list; those of all agents that observe the same as the first if empty. */
  checkpoints?: string[];
  races?: number;
  contact?: boolean;
}

/** A race of one run's policies of increasing age, in the environment service. */
export interface AgesRequest {
  /** How many of them, spread over the training; fewer where fewer are kept. */
  cars?: number;
}

/** A policy in the table of a tournament: Plackett-Luce, 25 ± 8.3 before the first race. */
export interface Rating {
  name: string;
  rating: number;
  uncertainty: number;
  /** The rating less three times the uncertainty: what the table is sorted by. */
  proven: number;
  races: number;
  wins: number;
  finishes: number;
  lap_time_best?: number;
  lap_time_median?: number;
}

/** The newest tournament's table, the best first. */
export interface Ratings {
  track: string;
  races: number;
  contact: boolean;
  standings: Rating[];
}

/** One training run in the list. */
export interface RunSummary {
  id: string;
  agent_id: string;
  env: string;
  track: string;
  seed: number;
  started: string;
  steps: number;
  /** The same for runs that differ by nothing but their seed (and their length). */
  setting: string;
  /** Names of the curves that it has. */
  keys: string[];
}

/** A learning curve, down-sampled: at each point the step, the run's wall-clock [s] and the value. */
export interface Curve {
  key: string;
  step: number[];
  seconds: number[];
  value: number[];
  /** Least value in each point's bucket. */
  low: number[];
  high: number[];
}

/** Answer of GET /api/runs/{id}/metrics. */
export interface RunMetrics {
  run: string;
  curves: Curve[];
}

/** Why an episode of training ended. */
export type EndCause = "finish" | "stuck" | "off_road" | "time_limit" | "fault";

/** How and where one episode of training ended. */
export interface Ending {
  /** Its number in the run, from 1. */
  episode: number;
  /** Environment steps of the run by then, over all worlds. */
  step: number;
  /** Wall-clock of the run by then [s]. */
  seconds: number;
  track: string;
  cause: EndCause;
  /** Where it began, along the track past the start line [m]. */
  start_distance: number;
  /** Where it ended, along the track past the start line [m]. */
  distance: number;
  /** How long it was driven [s]: the lap time of those that finish from the start line. */
  time: number;
  /** Return of the episode. */
  reward: number;
}

/** Answer of GET /api/runs/{id}/endings. */
export interface RunEndings {
  run: string;
  /** Number of the newest that is kept. */
  episodes: number;
  /** One in so many episodes is kept, evenly over the run. */
  every: number;
  /** Oldest first. */
  endings: Ending[];
}

export type HighlightKind = "first_finish" | "best_lap" | "lap_gain" | "furthest" | "biggest_improvement" | "worst_crash" | "best_return";

/** A moment of a training worth seeing again, of its frozen evaluations. */
export interface Highlight {
  kind: HighlightKind;
  /** Environment steps of the run by then, over all worlds. */
  step: number;
  /** Wall-clock of the run by then [s]. */
  seconds: number;
  track: string;
  /**
   * first_finish, best_lap: lap time [s]; lap_gain: by how much the best lap became faster at once [s];
   * furthest, biggest_improvement: share of the track driven, and by how much its mean rose at once;
   * worst_crash: mean speed of the drive [m/s]; best_return: return.
   */
  value: number;
  /** The same for people. */
  sentence: string;
  /**
   * Id of the episode's replay in the environment service; None where it could not be kept, and of all but
   * the newest of its kind.
   */
  replay?: string;
}

/** Answer of GET /api/runs/{id}/highlights. */
export interface RunHighlights {
  run: string;
  /** The newest of each kind, in the order of HighlightKind; with all=true every one, oldest first. */
  highlights: Highlight[];
}

/** A saved policy with its result. */
export interface CheckpointSummary {
  id: string;
  agent_id: string;
  env: string;
  track: string;
  steps: number;
  saved: string;
  best: boolean;
  finish_rate?: number;
  lap_time?: number;
}

/** On the model's WS /api/watch: new values of a run at a step. */
export interface MetricsMessage {
  type: "metrics";
  run: string;
  agent_id: string;
  step: number;
  seconds: number;
  values: Record<string, number>;
}

/** On the model's WS /api/watch: all agents, on connection and about once a second. */
export interface AgentsMessage {
  type: "agents";
  protocol: number;
  agents: AgentStatus[];
}

export type ModelWatchMessage = MetricsMessage | AgentsMessage;

/** Body of every refusal: what was wrong, what was expected, the cure. RFC 9457. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  field?: string;
}

/** Answer of /healthz and /readyz. */
export interface Health {
  ok: boolean;
  detail?: string;
}
