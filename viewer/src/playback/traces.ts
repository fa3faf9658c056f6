import { KMH } from "../format";
import { gapsAlong } from "./gaps";
import type { Recording } from "./recording";
import type { RecordedCar } from "./standings";

/** What of several drives is compared along the track. */
export const TRACES = ["gap", "speed", "pedals", "steering"] as const;
export type Trace = (typeof TRACES)[number];

/** Lines over the distance along the track. */
export interface Traces {
  /** The drive that the others are compared with. */
  reference: number;
  /** Distances along the track [m]. */
  at: number[];
  /** One line a car: seconds behind, km/h, gas less brake (1 to -1), or steering (1 is right). */
  lines: number[][];
}

/** A trace of every car along a track; NaN where a car did not come so far. Gaps are those to `compared`. */
export function tracesAlong(
  trace: Trace,
  recording: Recording,
  cars: readonly RecordedCar[],
  length: number,
  compared?: number,
): Traces {
  const { reference, at, gaps } = gapsAlong(recording, cars, length, compared);
  if (trace === "gap") return { reference, at, lines: gaps };
  const value = VALUES[trace];
  const lines = cars.map((_, car) =>
    at.map((progress) => {
      const time = recording.timeAt(car, progress);
      return Number.isNaN(time) ? NaN : value(recording, car, time);
    }),
  );
  return { reference, at, lines };
}

const VALUES: Record<Exclude<Trace, "gap">, (recording: Recording, car: number, time: number) => number> = {
  speed: (recording, car, time) => KMH * recording.speed(car, time),
  pedals: (recording, car, time) => recording.value(car, "gas", time) - recording.value(car, "brake", time),
  steering: (recording, car, time) => recording.value(car, "steer", time),
};
