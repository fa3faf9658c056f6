/** Speeds offered, as multiples of real time. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;

/** A stretch that is played again and again: from and to [s]. */
export type Stretch = readonly [from: number, to: number];

/** A shorter stretch than this cannot be looped [s]. */
const STRETCH_LEAST = 0.1;

/** The clock of a replay: play, pause, speed, backwards, scrub, step, loop. */
export class PlaybackClock {
  /** Time drawn [s]. */
  time = 0;
  playing = true;
  /** Multiple of real time. */
  speed = 1;
  /** Time runs backwards. */
  reverse = false;
  /** Begin again at the end, instead of stopping there. */
  loop = false;
  /** What is played when it loops, from A to B; null: all. */
  stretch: Stretch | null = null;
  /** The time stands still though it plays: something points at a moment. */
  private held = false;
  private previous = NaN;

  /** @param duration Length of the replay [s]. */
  constructor(readonly duration: number) {}

  /** The time to draw at `now` on the page's clock [s]. */
  advance(now: number): number {
    const dt = Math.max(0, now - this.previous) || 0;
    this.previous = now;
    if (!this.playing || this.held) return this.time;
    const time = this.time + dt * this.speed * (this.reverse ? -1 : 1);
    this.seek(this.loop ? this.wrapped(time) : time);
    if (!this.loop && this.atEnd()) this.playing = false;
    return this.time;
  }

  /** Go to a time [s], held within the replay. */
  seek(time: number): void {
    this.time = Math.min(this.duration, Math.max(0, time));
  }

  /** Show this time [s] until `release`, from where it goes on. */
  hold(time: number): void {
    this.held = true;
    if (!Number.isNaN(time)) this.seek(time);
  }

  /** Go on after `hold`. */
  release(): void {
    this.held = false;
  }

  /** Play or pause; at the end, play from the beginning (backwards: the other way round). */
  toggle(): void {
    if (!this.playing && this.atEnd()) this.time = this.reverse ? this.duration : 0;
    this.playing = !this.playing;
  }

  /** Play the other way. */
  turn(): void {
    this.reverse = !this.reverse;
    if (this.atEnd()) this.time = this.reverse ? this.duration : 0;
    this.playing = true;
  }

  /** Begin again at the end, or stop there and forget the stretch. */
  toggleLoop(): void {
    this.loop = !this.loop;
    if (!this.loop) this.stretch = null;
  }

  /** Loop from here (A) or to here (B); the other end stays where that leaves a stretch. */
  mark(end: "from" | "to"): void {
    const [from, to] = this.stretch ?? [0, this.duration];
    if (end === "from") this.setStretch(this.time, to > this.time ? to : this.duration);
    else this.setStretch(from < this.time ? from : 0, this.time);
  }

  /** Loop a stretch [s]; one that is too short to be seen is not taken. */
  setStretch(from: number, to: number): void {
    const [a, b] = [Math.max(0, from), Math.min(this.duration, to)];
    if (!(b - a >= STRETCH_LEAST)) return;
    this.stretch = [a, b];
    this.loop = true;
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

  private atEnd(): boolean {
    return this.reverse ? this.time <= 0 : this.time >= this.duration;
  }

  /** A time beyond an end of the stretch, as far within it from the other end. */
  private wrapped(time: number): number {
    const [from, to] = this.stretch ?? [0, this.duration];
    const length = to - from;
    if (length <= 0) return from;
    const into = this.reverse ? to - time : time - from;
    if (into < 0) return this.reverse ? to : from; // scrubbed to before the stretch
    return this.reverse ? to - (into % length) : from + (into % length);
  }
}
