import type { PoseField } from "../protocol/messages";
import type { Drive } from "./drive";

/** Where all cars are at the time drawn: what the overlays read. Reused from frame to frame. */
export class Moment {
  /** Time drawn [s]. */
  time = NaN;
  /** The car that the cameras follow. */
  focus = 0;
  private readonly rows: Float32Array[];
  private readonly known: boolean[];

  constructor(readonly drive: Drive) {
    this.rows = drive.drivers.map((_, car) => new Float32Array(drive.layout(car).columns));
    this.known = drive.drivers.map(() => false);
  }

  /** Move to a time [s]. */
  seek(time: number): void {
    this.time = time;
    this.rows.forEach((row, car) => (this.known[car] = this.drive.row(car, time, row)));
  }

  /** Is anything known of the car? */
  has(car: number): boolean {
    return this.known[car] ?? false;
  }

  /** A column of a car; 0 when it is not among the columns. */
  read(car: number, field: PoseField): number {
    const column = this.drive.layout(car).index[field];
    return column === undefined ? 0 : (this.rows[car]?.[column] ?? 0);
  }

  /** Speed of a car [m/s]. */
  speed(car: number): number {
    return Math.hypot(this.read(car, "vx"), this.read(car, "vy"), this.read(car, "vz"));
  }
}
