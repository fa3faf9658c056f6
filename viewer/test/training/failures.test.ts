import { describe, expect, it } from "vitest";
import type { Ending, EndCause } from "../../src/protocol/messages";
import { causesOverTime, placesOf, placeWords, failuresInWords } from "../../src/training/failures";
import { hairpin } from "../hairpin";

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
  });

  it("sums up what happens most, and where", () => {
    const endings = [...Array(6).fill(ending(225, "stuck")), ending(50, "stuck"), ending(440, "finish")];
    expect(failuresInWords(endings, track)).toBe(
      "88 % of the episodes end before the finish, all by getting stuck. 86 % of that happens 230 m after " +
        "the start, in the hairpin to the left after checkpoint 1.",
    );
    expect(failuresInWords([ending(440, "finish")], track)).toBe("Every episode reaches the finish.");
    expect(failuresInWords([ending(60, "off_road")], track)).toMatch(
      /^Every episode ends before the finish, all by/,
    );
    expect(failuresInWords([], track)).toContain("No episode");
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
