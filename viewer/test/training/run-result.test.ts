import { describe, expect, it } from "vitest";
import type { Ending, RunSummary } from "../../src/protocol/messages";
import { episodesBy, resultOf } from "../../src/training/run-result";

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

it("counts the episodes that had ended by a step", () => {
  expect([0, 500, 1000, 1500, 9000].map(episodesBy(endings)!)).toEqual([0, 5, 10, 25, 40]);
  expect(episodesBy(undefined)).toBeUndefined();
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
