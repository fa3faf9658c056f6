import { StateBit } from "../protocol/messages";

/** Slower than this [m/s] a car stands (guess). */
const STANDING = 1;
/** A car that stands this long [s] is stuck; the service gives it 5 (guess: time to react). */
const STUCK_SECONDS = 1.5;
/** The way back [m] after which the direction is wrong (guess: more than a slide or a turn takes). */
const WRONG_WAY = 4;

/** What a driver in trouble is told. */
export type Hint = "" | "wrong way" | "stuck";

/** Watches one's own car for trouble. */
export class Hints {
  private furthest = -Infinity;
  private standingSince: number | null = null;

  /**
   * Look at the car.
   *
   * @param time Race time [s]; what came before is forgotten when it jumps back.
   * @param progress Distance along the track [m].
   * @param speed [m/s].
   * @param state Bits of the pose.
   */
  look(time: number, progress: number, speed: number, state: number): Hint {
    const over = (state & (StateBit.FINISHED | StateBit.OUT)) !== 0;
    if (time <= 0 || over) {
      this.furthest = -Infinity;
      this.standingSince = null;
      return "";
    }
    if (speed > STANDING) this.standingSince = null;
    else this.standingSince ??= time;
    if (this.standingSince !== null) return time - this.standingSince > STUCK_SECONDS ? "stuck" : "";
    this.furthest = Math.max(this.furthest, progress);
    return this.furthest - progress > WRONG_WAY ? "wrong way" : "";
  }
}
