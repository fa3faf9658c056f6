import { describe, expect, it } from "vitest";
import { fastest, gapsAlong, lossesAlong, splits } from "../../src/playback/gaps";
import { Recording } from "../../src/playback/recording";
import { recordedCars } from "../../src/playback/standings";
import { straight } from "./straight";

const together = (...replays: ReturnType<typeof straight>[]) =>
  [new Recording(replays), recordedCars(replays)] as const;

describe("the fastest", () => {
  it("is the first at the finish, in whichever replay", () => {
    expect(fastest(...together(straight({ slow: 10 }), straight({ fast: 20, broken: 25 }, ["broken"])))).toBe(
      1,
    );
  });

  it("is whoever came furthest where nobody finished, not whoever gave up first", () => {
    const [recording, cars] = together(straight({ early: 4, far: 4.5 }));
    const neverDone = cars.map((car, k) => ({ ...car, finished: false, time: [5, 20][k]! }));
    expect(fastest(recording, neverDone)).toBe(1);
  });
});

describe("gaps along the track", () => {
  const [recording, cars] = together(straight({ slow: 10, fast: 20, broken: 5 }, ["broken"]));

  it("grow with the distance, and end where a car gave up", () => {
    const { reference, at, gaps } = gapsAlong(recording, cars, 100);
    expect(reference).toBe(1);
    expect(at.at(-1)).toBe(100);
    expect(gaps[0]!.at(-1)).toBeCloseTo(5, 3);
    expect(gaps[1]!.every((gap) => gap === 0)).toBe(true);
    expect(gaps[2]!.at(-1)).toBeNaN();
  });

  it("are those to any car that is asked for", () => {
    const { reference, gaps } = gapsAlong(recording, cars, 100, 0);
    expect(reference).toBe(0);
    expect(gaps[1]!.at(-1)).toBeCloseTo(-5, 3);
  });
});

describe("losses", () => {
  const [recording, cars] = together(straight({ slow: 10, fast: 20, broken: 5 }, ["broken"]));

  it("are seconds per 100 m whatever the length of the pieces, and add up to the gap", () => {
    for (const piece of [100, 30]) {
      const losses = lossesAlong(recording, cars, 0, 1, 100, piece);
      expect(losses.at(-1)!.to).toBe(100);
      expect(losses.every(({ rate }) => Math.abs(rate - 5) < 1e-3)).toBe(true);
      const sum = losses.reduce((lost, { from, to, rate }) => lost + (rate * (to - from)) / 100, 0);
      expect(sum).toBeCloseTo(5, 3);
    }
  });

  it("are unknown where a car never came", () => {
    const losses = lossesAlong(recording, cars, 2, 1, 100, 25);
    expect(losses.map(({ rate }) => Number.isNaN(rate))).toEqual([false, false, true, true]);
  });
});

describe("splits", () => {
  const [recording, cars] = together(straight({ slow: 10, fast: 20, broken: 5 }, ["broken"]));

  it("are at the checkpoints, counted from the start, and at the finish", () => {
    const marks = splits(recording, cars, { checkpoints: [30, 70], start: 10, length: 100 });
    expect(marks.map(({ name, at }) => [name, at])).toEqual([
      ["CP 1", 20],
      ["CP 2", 60],
      ["Finish", 100],
    ]);
    expect(marks[1]!.times[0]).toBeCloseTo(6, 3);
    expect(marks[1]!.sectors[1]).toBeCloseTo(2, 3);
    expect(marks[2]!.times[2]).toBeNaN();
  });

  it("are quarters on a track without checkpoints", () => {
    const marks = splits(recording, cars, { checkpoints: [], start: 0, length: 100 });
    expect(marks.map(({ at }) => at)).toEqual([25, 50, 75, 100]);
  });
});
