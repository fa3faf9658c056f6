import { describe, expect, it } from "vitest";
import { interpolateRow, poseLayout } from "../src/playback/interpolation";
import { LiveBuffer } from "../src/playback/livebuffer";
import { LiveClock } from "../src/playback/liveclock";
import { PlaybackClock } from "../src/playback/playbackclock";
import { Recording } from "../src/playback/recording";
import type { Replay } from "../src/protocol/messages";

const FIELDS = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "gear", "progress", "state"];
const layout = poseLayout(FIELDS);

/** A car on a circle of 20 m at 15 m/s: position, heading and velocity at a time. */
function circling(time: number, gear = 3): number[] {
  const radius = 20;
  const speed = 15;
  const angle = (speed / radius) * time;
  const yaw = angle; // forward is (sin yaw, 0, cos yaw)
  return [
    -radius * Math.cos(angle),
    0,
    radius * Math.sin(angle),
    0,
    Math.sin(yaw / 2),
    0,
    Math.cos(yaw / 2),
    speed * Math.sin(angle),
    0,
    speed * Math.cos(angle),
    gear,
    speed * time,
    1,
  ];
}

const row = (values: number[]) => Float32Array.from(values);
const between = (a: number[], b: number[], dt: number, s: number) => {
  const out = new Float32Array(layout.columns);
  interpolateRow(layout, row(a), 0, row(b), 0, dt, s, out);
  return out;
};
const at = (values: Float32Array, name: string) => values[layout.index[name]!]!;

describe("interpolation", () => {
  it("is exact at the samples", () => {
    expect(between(circling(1), circling(1.05), 0.05, 0)).toEqual(row(circling(1)));
    expect(between(circling(1), circling(1.05), 0.05, 1)).toEqual(row(circling(1.05)));
  });

  it("follows a curve to well under a millimetre between samples 50 ms apart", () => {
    const middle = between(circling(1), circling(1.05), 0.05, 0.5);
    const truth = circling(1.025);
    expect(Math.hypot(at(middle, "x") - truth[0]!, at(middle, "z") - truth[2]!)).toBeLessThan(5e-4);
  });

  it("turns at an even rate and keeps quaternions of unit length", () => {
    const quarter = between(circling(0), circling(0.4), 0.4, 0.25);
    const yaw = 2 * Math.atan2(at(quarter, "qy"), at(quarter, "qw"));
    expect(yaw).toBeCloseTo(0.25 * 0.4 * (15 / 20), 5);
    expect(Math.hypot(at(quarter, "qy"), at(quarter, "qw"))).toBeCloseTo(1, 6);
  });

  it("takes the shorter way round when a quaternion changes sign", () => {
    const flipped = circling(0.1);
    for (const name of ["qx", "qy", "qz", "qw"]) flipped[layout.index[name]!]! *= -1;
    const middle = between(circling(0), flipped, 0.1, 0.5);
    expect(2 * Math.atan2(at(middle, "qy"), at(middle, "qw"))).toBeCloseTo(0.05 * (15 / 20), 5);
  });

  it("changes gear at the sample, not between", () => {
    expect(at(between(circling(0, 2), circling(0.1, 3), 0.1, 0.9), "gear")).toBe(2);
  });

  it("keeps a car that is put back where it was until it appears elsewhere", () => {
    const before = circling(0);
    const after = circling(6);
    expect(between(before, after, 0.05, 0.99)).toEqual(row(before));
    expect(between(before, after, 0.05, 1)).toEqual(row(after));
  });

  it("names the columns that are missing", () => {
    expect(() => poseLayout(["x", "y", "z"])).toThrow(/qx, qy, qz, qw, vx/);
  });
});

describe("live buffer", () => {
  const filled = (count: number, capacity = 100) => {
    const buffer = new LiveBuffer(layout, capacity);
    for (let k = 0; k < count; k++) {
      buffer.push({ time: k / 20, rows: 1, columns: layout.columns, values: row(circling(k / 20)) });
    }
    return buffer;
  };

  it("is exact at the samples and continuous between", () => {
    const buffer = filled(60);
    const out = new Float32Array(layout.columns);
    expect(buffer.row(0, 1.5, out)).toBe(true);
    expect(out).toEqual(row(circling(1.5)));
    let previous = NaN;
    for (let time = 0; time <= 2.9; time += 0.001) {
      buffer.row(0, time, out);
      const x = at(out, "x");
      if (!Number.isNaN(previous)) expect(Math.abs(x - previous)).toBeLessThan(15 * 0.001 * 1.1);
      previous = x;
    }
  });

  it("keeps the newest frames when it is full", () => {
    const buffer = filled(250, 100);
    expect(buffer.newest).toBeCloseTo(249 / 20);
    expect(buffer.oldest).toBeCloseTo(150 / 20);
    const out = new Float32Array(layout.columns);
    buffer.row(0, 10, out);
    expect(out).toEqual(row(circling(10)));
  });

  it("holds the pose at both ends and knows nothing of other cars", () => {
    const buffer = filled(10);
    const out = new Float32Array(layout.columns);
    buffer.row(0, 99, out);
    expect(out).toEqual(row(circling(9 / 20)));
    buffer.row(0, -99, out);
    expect(out).toEqual(row(circling(0)));
    expect(buffer.row(1, 0.2, out)).toBe(false);
  });

  it("begins anew when a heat begins", () => {
    const buffer = filled(50);
    buffer.push({ time: -3, rows: 1, columns: layout.columns, values: row(circling(0)) });
    expect(buffer.oldest).toBe(-3);
    expect(buffer.newest).toBe(-3);
  });
});

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

describe("recording", () => {
  const replay: Replay = {
    id: "r",
    track: "circle",
    track_name: "Circle",
    track_hash: "",
    recorded: "2026-01-01T00:00:00Z",
    duration: 5,
    rate_hz: 20,
    pose_fields: FIELDS,
    events: [],
    physics: "",
    seed: 0,
    cars: [
      {
        agent_id: "a",
        name: "A",
        colour: "#ff0000",
        policy: "",
        finished: true,
        time: 5,
        samples: Array.from({ length: 101 }, (_, k) => circling(k / 20)).flat(),
      },
    ],
  };

  it("is exact at the samples and held at the ends", () => {
    const recording = new Recording([replay]);
    const out = new Float32Array(layout.columns);
    for (const [time, sample] of [
      [0, 0],
      [1.5, 1.5],
      [5, 5],
      [-1, 0],
      [60, 5],
    ] as const) {
      expect(recording.row(0, time, out)).toBe(true);
      expect(out).toEqual(row(circling(sample)));
    }
    expect(recording.row(1, 0, out)).toBe(false);
  });

  it("knows when a car was where", () => {
    const recording = new Recording([replay]);
    expect(recording.timeAt(0, 15 * 2.345)).toBeCloseTo(2.345, 4);
    expect(recording.timeAt(0, 1e6)).toBeNaN();
    expect(recording.value(0, "progress", 2.02)).toBeCloseTo(30.3, 3);
  });

  it("puts the cars of several replays one after the other", () => {
    const recording = new Recording([replay, { ...replay, rate_hz: 10 }]);
    const out = new Float32Array(layout.columns);
    recording.row(1, 3, out);
    expect(out).toEqual(row(circling(1.5)));
  });
});
