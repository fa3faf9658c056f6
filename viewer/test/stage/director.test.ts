import { describe, expect, it } from "vitest";
import { poseLayout } from "../../src/playback/interpolation";
import { Director } from "../../src/stage/director";
import type { Drive } from "../../src/stage/drive";
import { Moment } from "../../src/stage/moment";
import type { TrackGeometry } from "../../src/protocol/messages";

const FIELDS = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "gear", "progress", "state"];
const layout = poseLayout(FIELDS);

/** Cars at places along the track [m]; NaN is a car of which nothing is known. */
function moment(progress: number[]): Moment {
  const drive: Drive = {
    track: {} as TrackGeometry,
    drivers: progress.map((_, car) => ({ agent_id: `${car}`, name: "", colour: "", ghost: false })),
    advance: (now) => now,
    start: () => 0,
    end: () => 1,
    layout: () => layout,
    row: (car, _, out) => {
      out[layout.index["progress"]!] = progress[car]!;
      return !Number.isNaN(progress[car]);
    },
  };
  const made = new Moment(drive);
  made.seek(0);
  return made;
}

describe("director", () => {
  it("begins with the leader and then shows the closest fight", () => {
    const director = new Director();
    const race = moment([100, 300, 200, 195]);
    expect(director.film(0, race)).toEqual({ camera: "chase", car: 1 });
    expect(director.film(8.9, race).car).toBe(1);
    expect(director.film(9.1, race)).toEqual({ camera: "trackside", car: 3 });
  });

  it("cuts away from a car that is gone", () => {
    const director = new Director();
    expect(director.film(0, moment([100, 300])).car).toBe(1);
    expect(director.film(1, moment([100, NaN])).car).toBe(0);
  });
});
