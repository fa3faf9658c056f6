import { Color } from "three";
import { describe, expect, it } from "vitest";

import { speedColour, Trails } from "../../../src/scene/cars/trails";
import type { Pose, PoseSource } from "../../../src/scene/types";

const SPEED = 20;

/** A car that drives along z from time 0 on, and is put back to the start at time 10. */
const source: PoseSource = {
  cars: [{ id: "a", name: "A", colour: "#ff0000", ghost: false }],
  sample(_, time: number, out: Pose): boolean {
    if (time < 0) return false;
    out.position.set(0, 5, (time % 10) * SPEED);
    out.velocity.set(0, 0, SPEED);
    out.quaternion.identity();
    return true;
  },
};

function drawn(trails: Trails): { z: number; alpha: number }[] {
  const { position, color } = trails.mesh.geometry.attributes;
  return Array.from({ length: position!.count / 2 }, (_, k) => ({
    z: position!.getZ(2 * k),
    alpha: color!.getW(2 * k),
  }));
}

describe("Trails", () => {
  it("reach back from the car and fade with age", () => {
    const trails = new Trails(source, "agent");
    trails.update(8);
    const points = drawn(trails);
    expect(points.at(-1)!.z).toBeCloseTo(160, 3);
    expect(points.at(-1)!.alpha).toBeGreaterThan(0.5);
    const visible = points.filter((point) => point.alpha > 0.01);
    expect(visible.length).toBeGreaterThan(80);
    for (let k = 1; k < visible.length; k++) {
      expect(visible[k]!.z).toBeGreaterThanOrEqual(visible[k - 1]!.z);
      expect(visible[k]!.alpha).toBeGreaterThanOrEqual(visible[k - 1]!.alpha);
    }
  });

  it("are the same after seeking away and back", () => {
    const trails = new Trails(source, "speed");
    trails.update(6);
    const before = drawn(trails);
    trails.update(90);
    trails.update(2);
    trails.update(6);
    expect(drawn(trails)).toEqual(before);
  });

  it("break where the car was put back", () => {
    const trails = new Trails(source, "agent");
    trails.update(10.5);
    const points = drawn(trails);
    for (let k = 1; k < points.length; k++) {
      const gap = Math.abs(points[k]!.z - points[k - 1]!.z);
      if (gap > 25) expect(Math.min(points[k]!.alpha, points[k - 1]!.alpha)).toBe(0);
    }
  });

  it("colour speeds from blue to red", () => {
    const colour = new Color();
    expect(speedColour(0, colour).b).toBeGreaterThan(colour.r);
    expect(speedColour(120, colour).r).toBeGreaterThan(colour.b);
  });
});
