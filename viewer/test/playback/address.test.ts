import { describe, expect, it } from "vitest";
import { clockParts, clockRemarks, setClock } from "../../src/playback/address";
import { PlaybackClock } from "../../src/playback/playback-clock";

const set = (query: string) => {
  const clock = new PlaybackClock(10);
  setClock(clock, new URLSearchParams(query));
  return clock;
};

describe("the address of a moment", () => {
  it("leads back to the same moment, played the same way", () => {
    const clock = set("t=3.25&speed=0.5&loop=2,5&reverse&paused");
    expect([clock.time, clock.speed, clock.stretch, clock.reverse, clock.playing]).toEqual([
      3.25,
      0.5,
      [2, 5],
      true,
      false,
    ]);
    expect(clockParts(clock)).toEqual({
      t: "3.25",
      speed: "0.5",
      loop: "2.00,5.00",
      reverse: "",
      paused: "",
    });
    expect(clockParts(set(""))).toEqual({ t: "0.00" });
    expect(clockParts(set("loop"))).toEqual({ t: "0.00", loop: "" });
  });

  it("cannot be broken by nonsense", () => {
    const clock = set("t=soon&speed=99&loop=7,x");
    expect([clock.time, clock.speed, clock.loop, clock.stretch]).toEqual([0, 1, true, null]);
    expect(set("t=1e9&loop=5,2").time).toBe(10);
  });

  it("says what of it cannot be", () => {
    const remarks = (query: string) => clockRemarks(new URLSearchParams(query));
    expect(remarks("t=soon&speed=99&loop=7,x")).toEqual([
      "t is «soon», expected a time in seconds.",
      "speed is «99», expected one of 0.25, 0.5, 1, 2, 4, 8.",
      "loop is «7,x», expected two times in seconds, such as 2,5.",
    ]);
    expect(remarks("t=3.25&speed=0.5&loop=2,5&reverse&paused")).toEqual([]);
    expect(remarks("loop")).toEqual([]);
  });
});
