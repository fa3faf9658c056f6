import type { PoseFrame } from "../protocol/frames";
import { interpolateRow, type PoseLayout } from "./interpolation";

/** The last seconds of a race as they came from the service: a ring of pose frames in order of time. */
export class LiveBuffer {
  private readonly times: Float64Array;
  private readonly frames: Float32Array[];
  private head = 0;
  private count = 0;

  /**
   * @param layout Columns of the rows.
   * @param capacity Frames kept; 3600 are a minute at 60 Hz.
   */
  constructor(
    readonly layout: PoseLayout,
    private readonly capacity = 3600,
  ) {
    this.times = new Float64Array(capacity);
    this.frames = new Array<Float32Array>(capacity);
  }

  /** Race time of the newest frame [s]; NaN while there is none. */
  get newest(): number {
    return this.count ? this.times[this.slot(this.count - 1)]! : NaN;
  }

  /** Race time of the oldest frame kept [s]; NaN while there is none. */
  get oldest(): number {
    return this.count ? this.times[this.slot(0)]! : NaN;
  }

  /** Take in a frame. One from before the newest begins a new heat, or a race with other cars: the old goes. */
  push(frame: PoseFrame): void {
    if (frame.time < this.newest || (this.count && frame.values.length !== this.last().length)) this.clear();
    if (frame.time === this.newest) return;
    if (this.count === this.capacity) this.head = (this.head + 1) % this.capacity;
    else this.count += 1;
    const slot = this.slot(this.count - 1);
    this.times[slot] = frame.time;
    this.frames[slot] = frame.values;
  }

  /** Forget all frames. */
  clear(): void {
    this.head = 0;
    this.count = 0;
  }

  /** The row of `car` at a race time, held at both ends; false when nothing is known of the car. */
  row(car: number, time: number, out: Float32Array): boolean {
    const offset = car * this.layout.columns;
    if (this.count === 0 || offset >= this.last().length) return false;
    const after = this.firstAfter(time);
    const next = this.slot(Math.min(after, this.count - 1));
    const before = this.slot(Math.max(0, after - 1));
    const dt = this.times[next]! - this.times[before]!;
    const s = dt > 0 ? (time - this.times[before]!) / dt : 0;
    interpolateRow(this.layout, this.frames[before]!, offset, this.frames[next]!, offset, dt, s, out);
    return true;
  }

  private slot(position: number): number {
    return (this.head + position) % this.capacity;
  }

  private last(): Float32Array {
    return this.frames[this.slot(this.count - 1)]!;
  }

  /** Position of the first frame later than `time`; `count` when there is none. */
  private firstAfter(time: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[this.slot(middle)]! <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
