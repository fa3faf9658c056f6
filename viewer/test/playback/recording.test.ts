import { describe, expect, it } from "vitest";
import { Recording } from "../../src/playback/recording";
import type { Replay } from "../../src/protocol/messages";
import { circling, FIELDS, layout, row } from "./circle";
import { straight } from "./straight";

describe("recording", () => {
  const replay: Replay = {
    ...straight({}),
    duration: 5,
    pose_fields: FIELDS,
    cars: [
      {
        agent_id: "a",
        name: "A",
        colour: "#ff0000",
        policy: "",
        finished: true,
        time: 5,
        samples: Array.from({ length: 101 }, (_, k) => circling(k / 20)).flat(),
      },
    ],
  };

  it("is exact at the samples and held at the ends", () => {
    const recording = new Recording([replay]);
    const out = new Float32Array(layout.columns);
    for (const [time, sample] of [
      [0, 0],
      [1.5, 1.5],
      [5, 5],
      [-1, 0],
      [60, 5],
    ] as const) {
      expect(recording.row(0, time, out)).toBe(true);
      expect(out).toEqual(row(circling(sample)));
    }
    expect(recording.row(1, 0, out)).toBe(false);
  });

  it("knows when a car was where", () => {
    const recording = new Recording([replay]);
    expect(recording.timeAt(0, 15 * 2.345)).toBeCloseTo(2.345, 4);
    expect(recording.timeAt(0, 1e6)).toBeNaN();
    expect(recording.value(0, "progress", 2.02)).toBeCloseTo(30.3, 3);
  });

  it("puts the cars of several replays one after the other", () => {
    const recording = new Recording([replay, { ...replay, rate_hz: 10 }]);
    const out = new Float32Array(layout.columns);
    recording.row(1, 3, out);
    expect(out).toEqual(row(circling(1.5)));
  });
});
