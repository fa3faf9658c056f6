import type { Replay, Weather } from "../protocol/messages";
import { interpolateRow, poseLayout, type PoseLayout } from "./interpolation";

/** One car of a replay: its samples, `layout.columns` numbers each, one per 1/rate seconds from time 0. */
interface Samples {
  layout: PoseLayout;
  rate: number;
  samples: Float32Array;
  count: number;
}

/** Recorded drives, of one replay or of several shown together. */
export class Recording {
  private readonly drives: Samples[];

  /** @param replays Replays of one track; their cars follow one another in order. */
  constructor(readonly replays: readonly Replay[]) {
    this.drives = replays.flatMap((replay) => {
      const layout = poseLayout(replay.pose_fields);
      return replay.cars.map((car) => ({
        layout,
        rate: replay.rate_hz,
        samples: Float32Array.from(car.samples),
        count: Math.floor(car.samples.length / layout.columns),
      }));
    });
  }

  /** The weather of the first replay at a time [s], as it was in that second. */
  weather(time: number): Weather | undefined {
    const seconds = this.replays[0]?.weather;
    return seconds?.[Math.min(seconds.length - 1, Math.max(0, Math.floor(time)))];
  }

  /** The columns of a car's rows. */
  layout(car: number): PoseLayout {
    return this.drives[car]!.layout;
  }

  /** The row of `car` at a time [s], held at both ends; false when the car has no samples. */
  row(car: number, time: number, out: Float32Array): boolean {
    const drive = this.drives[car];
    if (!drive || drive.count === 0) return false;
    const position = Math.min(drive.count - 1, Math.max(0, time * drive.rate));
    const before = Math.min(Math.floor(position), Math.max(0, drive.count - 2));
    const after = Math.min(before + 1, drive.count - 1);
    const { layout, samples, rate } = drive;
    const offset = before * layout.columns;
    interpolateRow(
      layout,
      samples,
      offset,
      samples,
      after * layout.columns,
      1 / rate,
      position - before,
      out,
    );
    return true;
  }

  /** A column of a car at a time [s]; NaN when it is not recorded. Between samples: linear. */
  value(car: number, column: string, time: number): number {
    const { layout, samples, rate, count } = this.drives[car]!;
    const at = layout.index[column];
    if (at === undefined || count === 0) return NaN;
    const position = Math.min(count - 1, Math.max(0, time * rate));
    const before = Math.floor(position);
    const from = samples[before * layout.columns + at]!;
    const to = samples[Math.min(before + 1, count - 1) * layout.columns + at]!;
    return from + (to - from) * (position - before);
  }

  /** Speed of a car at a time [m/s]. */
  speed(car: number, time: number): number {
    return Math.hypot(this.value(car, "vx", time), this.value(car, "vy", time), this.value(car, "vz", time));
  }

  /** How far along the track a car came [m]. */
  furthest(car: number): number {
    const { layout, samples, count } = this.drives[car]!;
    const at = layout.index["progress"];
    let furthest = -Infinity;
    if (at === undefined) return furthest;
    for (let k = 0; k < count; k++) furthest = Math.max(furthest, samples[k * layout.columns + at]!);
    return furthest;
  }

  /** When a car first came as far along the track as `progress` [m]: seconds, or NaN if it never did. */
  timeAt(car: number, progress: number): number {
    const { layout, samples, rate, count } = this.drives[car]!;
    const at = layout.index["progress"];
    if (at === undefined) return NaN;
    for (let k = 0; k < count; k++) {
      const here = samples[k * layout.columns + at]!;
      if (here < progress) continue;
      if (k === 0) return 0;
      const before = samples[(k - 1) * layout.columns + at]!;
      return (k - 1 + (progress - before) / (here - before)) / rate;
    }
    return NaN;
  }
}
