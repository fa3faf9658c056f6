import { describe, expect, it } from "vitest";
import { Recording } from "../../src/playback/recording";
import { recordedCars, standingsAt } from "../../src/playback/standings";
import type { Replay } from "../../src/protocol/messages";
import { straight as replay } from "./straight";

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
    expect(cars.map((car) => car.name)).toEqual(["a", "a (2)"]);
    expect(cars.map((car) => car.ghost)).toEqual([false, true]);
  });
});
