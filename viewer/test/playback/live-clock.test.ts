import { describe, expect, it } from "vitest";
import { LiveClock } from "../../src/playback/live-clock";

describe("live clock", () => {
  /** Draw at 60 Hz while frames of 60 Hz arrive with the given delays [s]. */
  function run(delay: (frame: number) => number, seconds = 20) {
    const clock = new LiveClock();
    const arrivals = Array.from({ length: seconds * 60 }, (_, k) => ({
      time: k / 60,
      at: 100 + k / 60 + delay(k),
    }));
    for (let k = 1; k < arrivals.length; k++) {
      arrivals[k]!.at = Math.max(arrivals[k]!.at, arrivals[k - 1]!.at); // a stream keeps its order
    }
    const drawn: { now: number; time: number; newest: number }[] = [];
    let next = 0;
    for (let now = 100.5; now < 100 + seconds; now += 1 / 60) {
      while (next < arrivals.length && arrivals[next]!.at <= now) {
        clock.arrived(arrivals[next]!.time, arrivals[next]!.at);
        next += 1;
      }
      drawn.push({ now, time: clock.advance(now), newest: arrivals[next - 1]!.time });
    }
    return drawn;
  }

  it("never runs backward and never past the newest frame, even on a bad network", () => {
    const jitter = (k: number) => 0.03 + 0.025 * Math.sin(k * 12.9898) ** 2 + (k % 400 > 380 ? 0.3 : 0);
    const drawn = run(jitter);
    for (let k = 1; k < drawn.length; k++) {
      expect(drawn[k]!.time).toBeGreaterThanOrEqual(drawn[k - 1]!.time);
      expect(drawn[k]!.time).toBeLessThanOrEqual(drawn[k]!.newest);
    }
  });

  it("runs evenly in spite of jitter, 100 to 150 ms behind", () => {
    const drawn = run((k) => 0.02 + 0.02 * Math.sin(k * 12.9898) ** 2).slice(300);
    for (let k = 1; k < drawn.length; k++) {
      const step = drawn[k]!.time - drawn[k - 1]!.time;
      expect(step * 60).toBeGreaterThan(0.93);
      expect(step * 60).toBeLessThan(1.07);
    }
    const behind = drawn.map(({ newest, time }) => newest - time);
    expect(Math.max(...behind)).toBeLessThan(0.15);
  });

  it("follows a race into its next heat", () => {
    const clock = new LiveClock();
    clock.arrived(40, 10);
    clock.advance(10.01);
    clock.arrived(-3, 10.02);
    expect(clock.advance(10.03)).toBeLessThan(-2.9);
  });
});
