import type { CarInfo, Pose, PoseSource } from "../scene/types";
import type { PoseField } from "../protocol/messages";
import type { Drive } from "./drive";

/** A drive as the scene wants it: poses instead of rows. */
export class DrivePoses implements PoseSource {
  readonly cars: readonly CarInfo[];
  private readonly rows: readonly Float32Array[];
  private readonly beams: readonly Float32Array[];

  constructor(private readonly drive: Drive) {
    this.cars = drive.drivers.map(({ agent_id, name, colour, ghost }) => ({
      id: agent_id,
      name,
      colour,
      ghost,
    }));
    this.rows = drive.drivers.map((_, car) => new Float32Array(drive.layout(car).columns));
    this.beams = drive.drivers.map((_, car) => new Float32Array(drive.layout(car).lidar.length));
  }

  sample(car: number, time: number, out: Pose): boolean {
    const row = this.rows[car];
    if (!row || !this.drive.row(car, time, row)) return false;
    const layout = this.drive.layout(car);
    const read = (field: PoseField) => {
      const column = layout.index[field];
      return column === undefined ? 0 : row[column]!;
    };
    out.position.set(read("x"), read("y"), read("z"));
    out.quaternion.set(read("qx"), read("qy"), read("qz"), read("qw"));
    out.velocity.set(read("vx"), read("vy"), read("vz"));
    out.brake = read("brake");
    out.progress = read("progress");
    out.state = read("state");
    out.suspension[0] = read("suspension_fl");
    out.suspension[1] = read("suspension_fr");
    out.suspension[2] = read("suspension_rl");
    out.suspension[3] = read("suspension_rr");
    out.wheelAngle = read("wheel_angle");
    out.lidar = this.readBeams(car, row);
    return true;
  }

  private readBeams(car: number, row: Float32Array): Float32Array | null {
    const columns = this.drive.layout(car).lidar;
    if (columns.length === 0) return null;
    const beams = this.beams[car]!;
    columns.forEach((column, beam) => (beams[beam] = row[column]!));
    return beams;
  }
}
