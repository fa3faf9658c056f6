/** Shortest time that the picture stays behind the newest frame, for who watches [s] (guess). */
export const DELAY_WATCHING = 0.1;
/** Likewise for who drives: little more than the 1/60 s between two frames, because a late picture steers badly. */
export const DELAY_DRIVING = 0.02;
/** Longest [s] (guess). */
const DELAY_MOST = 0.5;
/** Share of a timing error corrected each second; jitter of 20 ms then changes the speed by 3 % (guess). */
const GAIN = 1.5;
/** Beyond this error [s] the clock jumps: the page slept, or the race was far ahead (guess). */
const JUMP = 1;
/** How fast a burst of late frames is forgotten [s/s] (guess). */
const DELAY_DECAY = 0.01;

/**
 * The race time to draw: a little behind the newest frame, and smooth although frames arrive unevenly.
 *
 * It never runs backward within a heat and never past the newest frame. The delay grows when frames
 * arrive late and shrinks slowly when they stop doing so.
 */
export class LiveClock {
  /** Race time to draw [s]; NaN before the first frame. */
  time = NaN;
  /** Time kept behind the newest frame [s]. */
  delay = DELAY_WATCHING;
  private least = DELAY_WATCHING;
  private newest = NaN;
  private arrival = 0;
  private previous = 0;

  /** Stay at least this far behind the newest frame [s]: DELAY_WATCHING or DELAY_DRIVING. */
  stayBehind(least: number): void {
    this.least = this.delay = least;
  }

  /**
   * A frame has arrived.
   *
   * @param time Its race time [s].
   * @param now Arrival on the page's clock [s].
   */
  arrived(time: number, now: number): void {
    if (!(time >= this.newest)) {
      this.time = time - this.delay;
      this.previous = now;
    } else {
      const late = now - this.arrival - (time - this.newest);
      const decayed = this.delay - DELAY_DECAY * (now - this.arrival);
      this.delay = Math.min(DELAY_MOST, Math.max(this.least, decayed, late + 0.02));
    }
    this.newest = time;
    this.arrival = now;
  }

  /** The race time to draw at `now` on the page's clock [s]. */
  advance(now: number): number {
    const dt = Math.max(0, now - this.previous);
    this.previous = now;
    const target = Math.min(this.newest, this.newest - this.delay + (now - this.arrival));
    const error = target - (this.time + dt);
    if (Math.abs(error) > JUMP) this.time = Math.max(this.time, target);
    else this.time += Math.max(0, dt * (1 + GAIN * error));
    this.time = Math.min(this.time, this.newest);
    return this.time;
  }
}
