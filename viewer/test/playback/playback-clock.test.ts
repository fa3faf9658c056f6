import { describe, expect, it } from "vitest";
import { PlaybackClock } from "../../src/playback/playback-clock";

describe("playback clock", () => {
  it("plays at its speed and stops at the end", () => {
    const clock = new PlaybackClock(10);
    clock.speed = 4;
    clock.advance(0);
    expect(clock.advance(1)).toBe(4);
    expect(clock.advance(9)).toBe(10);
    expect(clock.playing).toBe(false);
    clock.toggle();
    expect(clock.time).toBe(0);
  });

  it("begins again when it loops", () => {
    const clock = new PlaybackClock(10);
    clock.loop = true;
    clock.seek(9);
    clock.advance(0);
    expect(clock.advance(2.5)).toBeCloseTo(1.5);
    expect(clock.playing).toBe(true);
  });

  it("plays backwards, stops at the beginning and plays again from the end", () => {
    const clock = new PlaybackClock(10);
    clock.seek(3);
    clock.turn();
    clock.advance(0);
    expect(clock.advance(1)).toBeCloseTo(2);
    expect(clock.advance(9)).toBe(0);
    expect(clock.playing).toBe(false);
    clock.toggle();
    expect(clock.advance(10)).toBeCloseTo(9);
  });

  it("loops a stretch in both directions", () => {
    const clock = new PlaybackClock(10);
    clock.seek(4);
    clock.mark("from");
    clock.seek(6);
    clock.mark("to");
    expect([clock.stretch, clock.loop]).toEqual([[4, 6], true]);
    clock.seek(5.5);
    clock.advance(0);
    expect(clock.advance(1)).toBeCloseTo(4.5);
    clock.turn();
    expect(clock.advance(2)).toBeCloseTo(5.5);
    clock.seek(9);
    clock.reverse = false;
    expect(clock.advance(2)).toBeGreaterThanOrEqual(4);
    expect(clock.time).toBeLessThanOrEqual(6);
    clock.toggleLoop();
    expect(clock.stretch).toBeNull();
  });

  it("moves the other end of a stretch that would be turned around, and takes none of no length", () => {
    const clock = new PlaybackClock(10);
    clock.setStretch(2, 4);
    clock.seek(7);
    clock.mark("from");
    expect(clock.stretch).toEqual([7, 10]);
    clock.setStretch(5, 5.01);
    clock.setStretch(NaN, 3);
    expect(clock.stretch).toEqual([7, 10]);
  });

  it("stands still while it is held, and goes on from there", () => {
    const clock = new PlaybackClock(10);
    clock.advance(0);
    clock.hold(6);
    expect(clock.advance(1)).toBe(6);
    clock.hold(NaN); // nobody was ever there
    expect(clock.advance(2)).toBe(6);
    clock.release();
    expect(clock.advance(2.5)).toBeCloseTo(6.5);
  });

  it("does not jump after a pause", () => {
    const clock = new PlaybackClock(10);
    clock.advance(0);
    clock.toggle();
    clock.advance(5);
    clock.toggle();
    expect(clock.advance(5.5)).toBeCloseTo(0.5);
  });

  it("steps, changes speed and jumps to events", () => {
    const clock = new PlaybackClock(10);
    clock.step(0.05);
    expect([clock.time, clock.playing]).toEqual([0.05, false]);
    clock.step(-1);
    expect(clock.time).toBe(0);
    clock.shift(1);
    expect(clock.speed).toBe(2);
    for (let k = 0; k < 9; k++) clock.shift(-1);
    expect(clock.speed).toBe(0.25);
    clock.jump([2, 5], 1);
    clock.jump([2, 5], 1);
    expect(clock.time).toBe(5);
    clock.jump([2, 5], -1);
    expect(clock.time).toBe(2);
  });
});
