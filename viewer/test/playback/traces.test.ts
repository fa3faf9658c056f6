import { describe, expect, it } from "vitest";
import { Recording } from "../../src/playback/recording";
import { recordedCars } from "../../src/playback/standings";
import { tracesAlong } from "../../src/playback/traces";
import type { Replay } from "../../src/protocol/messages";
import { straight } from "./straight";

const FIELDS = "x y z qx qy qz qw vx vy vz steer gas brake gear progress state".split(" ");

/** Two cars over 100 m: one holds 20 m/s on the gas, one brakes from half way on and stops at 75 m. */
function replay(): Replay {
  const even = Array.from({ length: 101 }, (_, k) => [k, 20, 0.5, 1, 0]);
  const braking = even.map(([k = 0]) => (k <= 50 ? [k, 20, 0, 1, 0] : [Math.min(k, 75), 10, 0, 0, 1]));
  const cars = [even, braking].map((drive, number) => ({
    agent_id: `car-${number}`,
    name: `Car ${number}`,
    colour: "#ff0000",
    policy: "",
    finished: number === 0,
    time: 5,
    samples: drive.flatMap(([s = 0, v = 0, steer = 0, gas = 0, brake = 0]) => [
      0,
      0,
      s,
      0,
      0,
      0,
      1,
      0,
      0,
      v,
      steer,
      gas,
      brake,
      3,
      s,
      1,
    ]),
  }));
  return { ...straight({}), duration: 5, pose_fields: FIELDS, cars };
}

const replays = [replay()];
const traced = (name: "gap" | "speed" | "pedals" | "steering") =>
  tracesAlong(name, new Recording(replays), recordedCars(replays), 100);

describe("traces along the track", () => {
  it("are speeds in km/h, and end where a drive did", () => {
    const { at, lines } = traced("speed");
    expect(lines[0]!.every((value) => Math.abs(value - 72) < 1e-6)).toBe(true);
    const last = lines[1]!.findLastIndex((value) => !Number.isNaN(value));
    expect(at[last]).toBeLessThanOrEqual(75);
    expect(lines[1]![last]).toBeCloseTo(36, 6);
  });

  it("count the gas upwards and the brake downwards", () => {
    const { at, lines } = traced("pedals");
    expect(lines[0]!.every((value) => value === 1)).toBe(true);
    expect(lines[1]![at.findIndex((distance) => distance > 60)]).toBe(-1);
  });

  it("show steering as it was, and gaps of the fastest as nothing", () => {
    expect(traced("steering").lines[0]!.every((value) => Math.abs(value - 0.5) < 1e-6)).toBe(true);
    const { reference, lines } = traced("gap");
    expect(lines[reference]!.every((gap) => gap === 0)).toBe(true);
  });
});
