import { describe, expect, it } from "vitest";
import { clockParts, setClock } from "../../src/playback/address";
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
});
