import { expect, it } from "vitest";
import type { Replay, ReplayEvent, ReplaySummary } from "../../src/protocol/messages";
import { failuresNear } from "../../src/training/recorded-failures";
import { straight } from "../playback/straight";

/** A recording in which "ada" drives at 10 m/s, and what happens. */
const recorded = (id: string, events: ReplayEvent[]): Replay => ({
  ...straight({ ada: 10, bob: 20 }, ["ada"]),
  id,
  events,
});

const off = (agent_id: string, time: number): ReplayEvent => ({ kind: "off_road", time, agent_id });

it("offers the drives of an agent that failed, the nearest to a place first", async () => {
  const replays = [
    recorded("far", [off("ada", 1), off("bob", 3)]),
    recorded("near", [off("ada", 4)]),
    recorded("cut", []), // the race was reset while it drove
  ];
  const found = await failuresNear(
    replays as unknown as ReplaySummary[],
    async (id) => replays.find((replay) => replay.id === id)!,
    "ada",
    35,
  );
  expect(found.map(({ id, time, cause }) => [id, time, cause])).toEqual([
    ["near", 4, "off_road"],
    ["far", 1, "off_road"],
  ]);
  expect(found.map(({ away }) => Math.round(away))).toEqual([5, -25]);
});
