import { describe, expect, it } from "vitest";
import { curveLines, interpolated, meanLine } from "../../src/panels/curve-lines";

const KIND = { key: "k", title: "", unit: "number", meaning: "" } as const;
const RUN = { id: "one", label: "one", colour: "#fff" };
const curves = (...value: number[]) => ({
  one: {
    k: {
      step: value.map((_, at) => 1000 * (at + 1)),
      seconds: value.map((_, at) => 10 * (at + 1)),
      value,
    },
  },
});

describe("the line of a curve", () => {
  it("is over steps, time or episodes", () => {
    const run = { ...RUN, episodesAt: (step: number) => step / 100 };
    const x = (axis: "step" | "seconds" | "episode") => curveLines(KIND, [run], curves(7, 8), axis)[0]!.x;
    expect([x("step"), x("seconds"), x("episode")]).toEqual([
      [1000, 2000],
      [10, 20],
      [10, 20],
    ]);
  });

  it("is not drawn over episodes of a run whose episodes are not known", () => {
    expect(curveLines(KIND, [RUN], curves(7), "episode")).toEqual([]);
  });

  it("is smoothed without a bias to its first value", () => {
    const y = (...values: number[]) => curveLines(KIND, [RUN], curves(...values), "step", 0.5)[0]!.y;
    expect(y(4, 4, 4)).toEqual([4, 4, 4]);
    expect(y(0, 3)).toEqual([0, 2]);
  });
});

describe("the mean over seeds", () => {
  it("lies between its runs, where both have values, and its band reaches them", () => {
    const low = { label: "", colour: "", x: [0, 10], y: [0, 10] };
    const high = { label: "", colour: "", x: [5, 15], y: [20, 20] };
    const mean = meanLine([low, high], "mean", "#fff");
    expect([mean.x[0], mean.x.at(-1)]).toEqual([5, 10]);
    expect([mean.y[0], mean.y.at(-1)]).toEqual([12.5, 15]);
    expect(mean.band!.map((edge) => edge[0])).toEqual([5, 20]);
  });

  it("is empty for runs that have no x in common", () => {
    const first = { label: "", colour: "", x: [0, 1], y: [0, 1] };
    const later = { label: "", colour: "", x: [5, 6], y: [0, 1] };
    expect(meanLine([first, later], "mean", "#fff").x).toEqual([]);
  });
});

it("interpolates between points and holds the ends", () => {
  expect([-1, 0, 1, 3, 9].map((at) => interpolated([0, 2, 4], [10, 20, 40], at))).toEqual([
    10, 10, 15, 30, 40,
  ]);
});
