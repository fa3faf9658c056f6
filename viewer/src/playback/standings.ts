import type { Replay, Standing } from "../protocol/messages";
import type { Recording } from "./recording";

/** A car of one or several replays shown together, and its row in the recording. */
export interface RecordedCar {
  agent_id: string;
  name: string;
  colour: string;
  ghost: boolean;
  finished: boolean;
  /** Finish time, or the time at which the drive ended [s]. */
  time: number;
}

/** Colours for cars that share one with a car of an earlier replay. */
const SPARE_COLOURS = [
  "#ffd166",
  "#5ab0ff",
  "#ff7ac6",
  "#a5e65a",
  "#c792ff",
  "#ff9a5a",
  "#7adfff",
  "#f2f2f2",
  "#ff6b6b",
  "#3ddbb4",
  "#b8a26a",
  "#8f9dff",
];

/** The cars of several replays, each under an id and colour of its own. */
export function recordedCars(replays: readonly Replay[]): RecordedCar[] {
  const taken = new Set<string>();
  const several = replays.length > 1;
  return replays.flatMap((replay, number) =>
    replay.cars.map((car) => {
      const spare = SPARE_COLOURS.find((colour) => !taken.has(colour)) ?? car.colour;
      const colour = taken.has(car.colour) ? spare : car.colour;
      taken.add(colour);
      return {
        agent_id: several ? `${number}:${car.agent_id}` : car.agent_id,
        name: car.name,
        colour,
        ghost: car.ghost ?? number > 0,
        finished: car.finished,
        time: car.time,
      };
    }),
  );
}

/** The leaderboard of a recording at a time [s], best first. */
export function standingsAt(recording: Recording, cars: readonly RecordedCar[], time: number): Standing[] {
  const lines = cars.map((car, number) => {
    const finished = car.finished && time >= car.time;
    return {
      agent_id: car.agent_id,
      number,
      finished,
      running: time < car.time,
      lap_time: Math.min(time, car.time),
      progress: recording.value(number, "progress", time),
    };
  });
  lines.sort(
    (a, b) =>
      Number(b.finished) - Number(a.finished) ||
      (a.finished ? a.lap_time - b.lap_time : b.progress - a.progress),
  );
  const leader = lines[0];
  return lines.map(({ number, ...line }, place) => ({
    ...line,
    place: place + 1,
    gap: number === leader!.number ? undefined : gapTo(recording, leader!, line, time),
  }));
}

function gapTo(
  recording: Recording,
  leader: { number: number; finished: boolean; lap_time: number },
  car: { finished: boolean; lap_time: number; progress: number },
  time: number,
): number | undefined {
  if (car.finished) return car.lap_time - leader.lap_time;
  const behind = Math.min(time, car.lap_time) - recording.timeAt(leader.number, car.progress);
  return Number.isFinite(behind) ? Math.max(0, behind) : undefined;
}

/** Points of a gap's line along the track. */
const GAP_POINTS = 120;

/**
 * How far each car is behind the fastest one, along the track.
 *
 * @param length Race distance [m].
 * @returns The fastest car's number, places along the track [m], and for each car its gap there [s], NaN
 *   where it never came.
 */
export function gapsAlong(
  recording: Recording,
  cars: readonly RecordedCar[],
  length: number,
): { reference: number; at: number[]; gaps: number[][] } {
  const order = cars
    .map((_, number) => number)
    .sort((a, b) => Number(cars[b]!.finished) - Number(cars[a]!.finished) || cars[a]!.time - cars[b]!.time);
  const reference = order[0] ?? 0;
  const at = Array.from({ length: GAP_POINTS }, (_, k) => (length * (k + 1)) / GAP_POINTS);
  const times = cars.map((_, number) => at.map((progress) => recording.timeAt(number, progress)));
  const gaps = times.map((line) => line.map((time, k) => time - times[reference]![k]!));
  return { reference, at, gaps };
}
