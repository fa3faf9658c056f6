import { describe, expect, it } from "vitest";
import { interpolateRow, poseLayout } from "../../src/playback/interpolation";
import { at, circling, layout, row } from "./circle";

const between = (a: number[], b: number[], dt: number, s: number) => {
  const out = new Float32Array(layout.columns);
  interpolateRow(layout, row(a), 0, row(b), 0, dt, s, out);
  return out;
};

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
