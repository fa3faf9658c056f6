import { describe, expect, it } from "vitest";
import type { Standing } from "../../src/protocol/messages";
import { leaderOf } from "../../src/stage/focus";

function line(agent_id: string, running: boolean, finished = false): Standing {
  return { agent_id, place: 1, progress: 0, lap_time: 0, finished, running };
}

describe("the car that is followed", () => {
  it("is the first that is not out", () => {
    expect(leaderOf([line("out", false), line("driving", true)])?.agent_id).toBe("driving");
    expect(leaderOf([line("done", false, true), line("driving", true)])?.agent_id).toBe("done");
  });

  it("is the first of all where all are out, and nobody in an empty race", () => {
    expect(leaderOf([line("one", false), line("two", false)])?.agent_id).toBe("one");
    expect(leaderOf([])).toBeUndefined();
  });
});
