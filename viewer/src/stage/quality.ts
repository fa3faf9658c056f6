import type { Tier } from "../scene/types";
import { TIERS } from "../view";

/** Frames over which the time of a frame is judged. */
const WINDOW = 90;
/** When those take longer than this [s], as few as FRAMES_LEAST are judged. */
const PATIENCE = 2.5;
const FRAMES_LEAST = 5;
/** One frame counts for at most this of the patience [s]: the page may have slept. */
const SLEEP = 0.5;
/** A tier whose median frame takes longer than this [s] is given up; 60 Hz screens need 0.0167. */
const SLOW = 0.026;
/** A tier that holds this [s] at the median may try the next; a little over 1/60. */
const FAST = 0.0175;

/** Finds the best quality that the machine draws fluently, from the times between frames. */
export class QualityGauge {
  private readonly intervals: number[] = [];
  private waited = 0;
  private ceiling = TIERS.length - 1;

  /** @param tier Where to begin. */
  constructor(public tier: Tier) {}

  /**
   * Take in the time since the last frame [s]; true when the tier has changed.
   *
   * A page that slept makes one long gap, which the median passes over; a slow machine makes nothing else.
   */
  measure(interval: number): boolean {
    this.intervals.push(interval);
    this.waited += Math.min(interval, SLEEP);
    const frames = this.intervals.length;
    if (frames < FRAMES_LEAST || (frames < WINDOW && this.waited < PATIENCE)) return false;
    const median = this.intervals.sort((a, b) => a - b)[frames >> 1]!;
    this.intervals.length = 0;
    this.waited = 0;
    const at = TIERS.indexOf(this.tier);
    if (median > SLOW && at > 0) {
      this.ceiling = at - 1; // it was tried: not again
      this.tier = TIERS[at - 1]!;
      return true;
    }
    if (median < FAST && at < this.ceiling) {
      this.tier = TIERS[at + 1]!;
      return true;
    }
    return false;
  }
}
