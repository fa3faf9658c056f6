import { describe, expect, it } from "vitest";
import { LiveBuffer } from "../../src/playback/live-buffer";
import { at, circling, layout, row } from "./circle";

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
