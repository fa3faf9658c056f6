import { describe, expect, it } from "vitest";
import { happenings, labels, nearest } from "../../src/playback/happenings";
import { straight } from "./straight";

const event = (kind: string, time: number, agent_id?: string, value?: number) => ({
  kind,
  time,
  agent_id,
  value,
});

describe("what happened", () => {
  const first = { ...straight({ a: 10 }), events: [event("start", 0), event("finish", 10, "a", 10)] };
  const second = { ...straight({ a: 20 }), events: [event("start", 0), event("finish", 5, "a", 5)] };

  it("is told in order, of whom it was in which replay, with one start", () => {
    expect(happenings([first, second]).map(({ kind, time, agent_id }) => [kind, time, agent_id])).toEqual([
      ["start", 0, undefined],
      ["finish", 5, "1:a"],
      ["finish", 10, "0:a"],
    ]);
    expect(happenings([first])[1]!.agent_id).toBe("a");
  });

  it("is labelled without overlaps, the finish before anything else", () => {
    const events = [
      event("checkpoint", 9.8, "a", 2),
      event("finish", 10, "a"),
      event("checkpoint", 4, "a", 1),
    ];
    expect(labels(events, 1)).toEqual([
      { time: 4, text: "CP 1" },
      { time: 10, text: "finish" },
    ]);
    expect(labels(events, 0.1)).toHaveLength(3);
  });

  it("is found near the pointer, and only there", () => {
    const events = [event("wall", 3), event("finish", 4)];
    expect(nearest(events, 3.6, 0.5)?.kind).toBe("finish");
    expect(nearest(events, 8, 0.5)).toBeUndefined();
  });
});
