import { describe, expect, it } from "vitest";
import type { Ending, EndCause, TrackGeometry } from "../src/protocol/messages";
import { causesOverTime, nodeAt, placesOf, placeWords, summary } from "../src/training/failures";

/** 200 m straight ahead, a half circle of radius 20 m to the left, and 200 m back; checkpoint at 150 m. */
function hairpin(): TrackGeometry {
  const arc = Array.from({ length: 464 }, (_, metre) => metre);
  const half = 20 * Math.PI;
  const tangent = arc.flatMap((at) => {
    const yaw = Math.min(Math.max((at - 200) / 20, 0), Math.PI);
    return [Math.sin(yaw), 0, Math.cos(yaw)];
  });
  const position = arc.flatMap((at) => {
    const yaw = Math.min(Math.max((at - 200) / 20, 0), Math.PI);
    const z = at <= 200 ? at : at <= 200 + half ? 200 + 20 * Math.sin(yaw) : 400 + half - at;
    return [20 * (1 - Math.cos(yaw)), 0, z];
  });
  return {
    arc,
    tangent,
    position,
    start: 10,
    length: 440,
    closed: false,
    checkpoints: [150],
  } as unknown as TrackGeometry;
}

const ending = (distance: number, cause: EndCause, step = 1000): Ending => ({
  episode: 1,
  step,
  seconds: step / 100,
  track: "hairpin",
  cause,
  start_distance: 0,
  distance,
  time: 9,
  reward: 1,
});

describe("failure analysis", () => {
  const track = hairpin();

  it("gathers endings by the place on the road, with what ends most there", () => {
    const places = placesOf(
      [ending(221, "off_road"), ending(225, "stuck"), ending(239, "off_road"), ending(-3, "stuck")],
      track,
    );
    expect(places.map(({ distance, cause, endings }) => [distance, cause, endings.length])).toEqual([
      [0, "stuck", 1],
      [220, "off_road", 3],
    ]);
  });

  it("says in words where a place is", () => {
    expect(placeWords(60, track)).toBe("on the straight after the start");
    expect(placeWords(221, track)).toBe("in the hairpin to the left after checkpoint 1");
    expect(nodeAt(231, track)).toBe(231);
  });

  it("sums up what happens most, and where", () => {
    const endings = [...Array(6).fill(ending(225, "stuck")), ending(50, "stuck"), ending(440, "finish")];
    expect(summary(endings, track)).toBe(
      "88 % of the episodes end before the finish, all by getting stuck. 86 % of that happens 230 m after " +
        "the start, in the hairpin to the left after checkpoint 1.",
    );
    expect(summary([ending(440, "finish")], track)).toBe("Every episode reaches the finish.");
    expect(summary([ending(60, "off_road")], track)).toMatch(/^Every episode ends before the finish, all by/);
    expect(summary([], track)).toContain("No episode");
  });

  it("counts causes over the run", () => {
    const bins = causesOverTime(
      [ending(5, "stuck", 100), ending(5, "stuck", 400), ending(440, "finish", 1000)],
      2,
    );
    expect(bins.map(({ stuck, finish }) => [stuck, finish])).toEqual([
      [2, 0],
      [0, 1],
    ]);
  });
});
