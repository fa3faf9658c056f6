import { describe, expect, it } from "vitest";
import { curveLines, interpolated, meanLine } from "../src/panels/curves";
import type { Ending, RunSummary } from "../src/protocol/messages";
import { episodesBy, resultOf } from "../src/training/summary";

const RUN: RunSummary = {
  id: "one",
  agent_id: "one",
  env: "TrackMania/Horizon-v0",
  track: "esses",
  seed: 0,
  started: "2026-01-01T00:00:00+00:00",
  steps: 4000,
  setting: "a",
  keys: [],
};

const ending = (episode: number, step: number): Ending => ({
  episode,
  step,
  seconds: step / 100,
  track: "esses",
  cause: "stuck",
  start_distance: 0,
  distance: 50,
  time: 4,
  reward: 1,
});

const endings = { run: "one", endings: [ending(10, 1000), ending(40, 2000)] } as Parameters<
  typeof episodesBy
>[0];

const curve = (value: number[]) => ({
  step: value.map((_, at) => 1000 * (at + 1)),
  seconds: value.map((_, at) => 10 * (at + 1)),
  value,
});

describe("a curve over episodes", () => {
  it("has as many episodes as had ended by each step", () => {
    const episodesAt = episodesBy(endings)!;
    expect([0, 500, 1000, 1500, 9000].map(episodesAt)).toEqual([0, 5, 10, 25, 40]);
    const kind = { key: "k", title: "", unit: "number", meaning: "" } as const;
    const run = { id: "one", label: "one", colour: "#fff", episodesAt };
    expect(curveLines(kind, [run], { one: { k: curve([7, 8]) } }, "episode")[0]!.x).toEqual([10, 40]);
  });

  it("is not drawn for a run whose episodes are not known", () => {
    const kind = { key: "k", title: "", unit: "number", meaning: "" } as const;
    const run = { id: "one", label: "one", colour: "#fff" };
    expect(curveLines(kind, [run], { one: { k: curve([7]) } }, "episode")).toEqual([]);
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

describe("the line of a run in the table", () => {
  it("tells of a past run by its curves and endings", () => {
    const result = resultOf(
      RUN,
      undefined,
      {
        "train/finished": curve([0, 0.2, 0.4]),
        "evaluation/finish_rate": curve([0, 0, 1]),
        "evaluation/lap_time_best": curve([31, 29, 30]),
      },
      endings,
    );
    expect(result).toMatchObject({ state: "past", bestLap: 29, finishRate: 1, firstFinish: 30, seconds: 30 });
    expect(result.episodesPerHour).toBe((3600 * 40) / 20);
  });

  it("leaves out what is not known", () => {
    expect(resultOf(RUN, undefined, {}, undefined)).toMatchObject({
      steps: 4000,
      episodesPerHour: null,
      bestLap: null,
      finishRate: null,
      firstFinish: null,
    });
  });
});
