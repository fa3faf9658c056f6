import { describe, expect, it } from "vitest";
import { Recording } from "../src/playback/recording";
import { gapsAlong, recordedCars, standingsAt } from "../src/playback/standings";
import type { Replay } from "../src/protocol/messages";

const FIELDS = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "gear", "progress", "state"];

/** Cars that drive straight ahead at even speeds [m/s] over 100 m; the slower half gives up half way. */
function replay(speeds: Record<string, number>, gaveUp: string[] = []): Replay {
  const cars = Object.entries(speeds).map(([agent_id, speed]) => {
    const length = gaveUp.includes(agent_id) ? 50 : 100;
    const samples = Array.from({ length: 401 }, (_, k) => {
      const progress = Math.min(length, (speed * k) / 20);
      return [0, 0, progress, 0, 0, 0, 1, 0, 0, speed, 3, progress, 1];
    }).flat();
    const finished = length === 100;
    return {
      agent_id,
      name: agent_id,
      colour: "#ff0000",
      policy: "",
      finished,
      time: length / speed,
      samples,
    };
  });
  return {
    id: "r",
    track: "line",
    track_name: "Line",
    track_hash: "",
    recorded: "",
    duration: 20,
    rate_hz: 20,
    pose_fields: FIELDS,
    events: [],
    physics: "",
    seed: 0,
    cars,
  };
}

const order = (replays: Replay[], time: number) =>
  standingsAt(new Recording(replays), recordedCars(replays), time);

describe("standings of a recording", () => {
  it("go by progress, with the time since the leader was there", () => {
    const [first, second] = order([replay({ slow: 10, fast: 20 })], 2);
    expect([first!.agent_id, first!.gap]).toEqual(["fast", undefined]);
    expect(second!.agent_id).toBe("slow");
    expect(second!.gap).toBeCloseTo(1, 3); // at 20 m, where the leader was after 1 s
  });

  it("go by finish times once cars have finished, and those who gave up come last", () => {
    const lines = order([replay({ slow: 10, fast: 20, broken: 25 }, ["broken"])], 15);
    expect(lines.map((line) => [line.agent_id, line.finished, line.running])).toEqual([
      ["fast", true, false],
      ["slow", true, false],
      ["broken", false, false],
    ]);
    expect(lines[1]!.gap).toBeCloseTo(5, 6);
  });

  it("give the cars of several replays ids and colours of their own", () => {
    const cars = recordedCars([replay({ a: 10 }), replay({ a: 20 })]);
    expect(cars.map((car) => car.agent_id)).toEqual(["0:a", "1:a"]);
    expect(new Set(cars.map((car) => car.colour)).size).toBe(2);
    expect(cars.map((car) => car.ghost)).toEqual([false, true]);
  });
});

describe("gaps along the track", () => {
  it("grow with the distance, and end where a car gave up", () => {
    const replays = [replay({ slow: 10, fast: 20, broken: 5 }, ["broken"])];
    const { reference, at, gaps } = gapsAlong(new Recording(replays), recordedCars(replays), 100);
    expect(reference).toBe(1);
    expect(at.at(-1)).toBe(100);
    expect(gaps[0]!.at(-1)).toBeCloseTo(5, 3);
    expect(gaps[1]!.every((gap) => gap === 0)).toBe(true);
    expect(gaps[2]!.at(-1)).toBeNaN();
  });
});
