import { describe, expect, it } from "vitest";
import { found, type Search } from "../../src/playback/shelf";
import type { ReplaySummary } from "../../src/protocol/messages";

const summary = (
  id: string,
  track: string,
  recorded: string,
  time: number,
  finished = true,
): ReplaySummary => ({
  id,
  track,
  track_name: track.toUpperCase(),
  track_hash: track,
  recorded,
  duration: time,
  size_bytes: time * 10,
  cars: [{ agent_id: "a", name: `driver of ${id}`, colour: "#ffffff", finished, time, policy: "" }],
  complete: true,
});
const shelf = [
  summary("one", "hill", "2026-01-02T10:00:00Z", 30),
  summary("two", "lake", "2026-01-03T10:00:00Z", 20),
  summary("three", "hill", "2026-01-04T10:00:00Z", 10, false),
];
const all: Search = { text: "", track: "", result: "", since: "", order: "newest" };
const ids = (search: Partial<Search>) => found(shelf, { ...all, ...search }).map(({ id }) => id);

describe("the list of replays", () => {
  it("is sorted as asked, those whom nobody finished last among the fastest", () => {
    expect(ids({})).toEqual(["three", "two", "one"]);
    expect(ids({ order: "oldest" })).toEqual(["one", "two", "three"]);
    expect(ids({ order: "fastest" })).toEqual(["two", "one", "three"]);
    expect(ids({ order: "largest" })).toEqual(["one", "two", "three"]);
  });

  it("is filtered by words, track, result and day", () => {
    expect(ids({ text: "LAKE" })).toEqual(["two"]);
    expect(ids({ text: "driver of one" })).toEqual(["one"]);
    expect(ids({ track: "hill", result: "finished" })).toEqual(["one"]);
    expect(ids({ result: "unfinished" })).toEqual(["three"]);
    expect(ids({ since: "2026-01-03" })).toEqual(["three", "two"]);
  });
});
