/** Speeds offered, as multiples of real time. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;

/** The clock of a replay: play, pause, speed, scrub, step, loop. */
export class PlaybackClock {
  /** Time drawn [s]. */
  time = 0;
  playing = true;
  /** Multiple of real time. */
  speed = 1;
  /** Begin again at the end, instead of stopping there. */
  loop = false;
  private previous = NaN;

  /** @param duration Length of the replay [s]. */
  constructor(readonly duration: number) {}

  /** The time to draw at `now` on the page's clock [s]. */
  advance(now: number): number {
    const dt = Math.max(0, now - this.previous) || 0;
    this.previous = now;
    if (this.playing) this.seek(this.time + dt * this.speed, this.loop);
    if (this.playing && this.time >= this.duration) this.playing = false;
    return this.time;
  }

  /** Go to a time [s], held within the replay, or wrapped around its end. */
  seek(time: number, wrap = false): void {
    const wrapped = wrap && time >= this.duration && this.duration > 0 ? time % this.duration : time;
    this.time = Math.min(this.duration, Math.max(0, wrapped));
  }

  /** Play or pause; at the end, play from the beginning. */
  toggle(): void {
    if (!this.playing && this.time >= this.duration) this.time = 0;
    this.playing = !this.playing;
  }

  /** Begin again at the end, or stop there. */
  toggleLoop(): void {
    this.loop = !this.loop;
  }

  /** Play at a multiple of real time. */
  setSpeed(speed: number): void {
    this.speed = speed;
  }

  /** Pause and go on by `seconds`, which may be negative. */
  step(seconds: number): void {
    this.playing = false;
    this.seek(this.time + seconds);
  }

  /** The next faster or slower of the offered speeds. */
  shift(direction: 1 | -1): void {
    const at = SPEEDS.findIndex((speed) => speed >= this.speed);
    this.speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + direction))]!;
  }

  /** Go to the next or previous of some moments [s], ascending. */
  jump(moments: readonly number[], direction: 1 | -1): void {
    const next =
      direction === 1
        ? moments.find((moment) => moment > this.time + 0.01)
        : moments.findLast((moment) => moment < this.time - 0.5);
    if (next !== undefined) this.seek(next);
  }
}
