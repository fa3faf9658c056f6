import type { TrackGeometry } from "../protocol/messages";
import type { Recording } from "./recording";
import type { RecordedCar } from "./standings";

/** Points of a line along the track. */
const POINTS = 240;

/** Gaps of all cars to one of them. */
export interface Gaps {
  /** Number of the car that the others are compared with. */
  reference: number;
  /** Distances along the track [m]. */
  at: number[];
  /** Seconds behind the reference there, by car; NaN where a car never came. */
  gaps: number[][];
}

/** The number of the fastest car: the first at the finish, else whoever came furthest, and there first. */
export function fastest(recording: Recording, cars: readonly RecordedCar[]): number {
  const reach = cars.map((car, number) => (car.finished ? Infinity : recording.furthest(number)));
  const numbers = cars.map((_, number) => number);
  numbers.sort((a, b) => (reach[a] === reach[b] ? cars[a]!.time - cars[b]!.time : reach[b]! - reach[a]!));
  return numbers[0] ?? 0;
}

/** When a car came to places along the track [s], NaN where it never did; at the end it is its finish time. */
function timesAt(
  recording: Recording,
  cars: readonly RecordedCar[],
  car: number,
  places: readonly number[],
  length: number,
): number[] {
  const { finished, time } = cars[car]!;
  return places.map((place) => (finished && place >= length ? time : recording.timeAt(car, place)));
}

/**
 * How far each car is behind one of them along the track.
 *
 * @param length Race distance [m].
 * @param reference Number of the car that the others are compared with; by default the fastest.
 */
export function gapsAlong(
  recording: Recording,
  cars: readonly RecordedCar[],
  length: number,
  reference = fastest(recording, cars),
): Gaps {
  const at = Array.from({ length: POINTS }, (_, k) => (length * (k + 1)) / POINTS);
  const times = cars.map((_, car) => timesAt(recording, cars, car, at, length));
  const gaps = times.map((line) => line.map((time, k) => time - times[reference]![k]!));
  return { reference, at, gaps };
}

/** A piece of road and what was lost on it. */
export interface Loss {
  /** Where it begins and ends along the track [m]. */
  from: number;
  to: number;
  /** Time lost to the reference on it, in seconds per 100 m; NaN where one of the two never came. */
  rate: number;
}

/**
 * Where a car lost time to another.
 *
 * @param piece Length of the pieces [m]; the rate is always per 100 m.
 */
export function lossesAlong(
  recording: Recording,
  cars: readonly RecordedCar[],
  car: number,
  reference: number,
  length: number,
  piece: number,
): Loss[] {
  const count = Math.max(1, Math.ceil(length / piece));
  const edges = Array.from({ length: count + 1 }, (_, k) => Math.min(length, k * piece));
  const [ours, theirs] = [car, reference].map((one) => timesAt(recording, cars, one, edges, length));
  return edges.slice(1).map((to, k) => {
    const from = edges[k]!;
    const lost = ours![k + 1]! - ours![k]! - (theirs![k + 1]! - theirs![k]!);
    return { from, to, rate: (lost / (to - from)) * 100 };
  });
}

/** A sector's end, and when each car came there. */
export interface Split {
  name: string;
  /** Distance from the start [m]. */
  at: number;
  /** Time from the start, by car [s]; NaN where it never came. */
  times: number[];
  /** Time for the sector that ends here, by car [s]. */
  sectors: number[];
}

/** Times at the checkpoints (at the quarters, where there are none) and at the finish. */
export function splits(
  recording: Recording,
  cars: readonly RecordedCar[],
  track: Pick<TrackGeometry, "checkpoints" | "start" | "length">,
): Split[] {
  const between = track.checkpoints.length
    ? track.checkpoints.map((mark, number) => ({ name: `CP ${number + 1}`, at: mark - track.start }))
    : [1, 2, 3].map((quarter) => ({ name: `${quarter}/4`, at: (track.length * quarter) / 4 }));
  const marks = [...between, { name: "Finish", at: track.length }];
  const places = marks.map(({ at }) => at);
  const times = cars.map((_, car) => timesAt(recording, cars, car, places, track.length));
  return marks.map((mark, k) => ({
    ...mark,
    times: times.map((line) => line[k]!),
    sectors: times.map((line) => line[k]! - (k === 0 ? 0 : line[k - 1]!)),
  }));
}
