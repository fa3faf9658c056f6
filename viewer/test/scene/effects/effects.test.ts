import { describe, expect, it } from "vitest";

import { StateBit } from "../../../src/protocol/messages";
import { newPose } from "../../../src/scene/pose";
import { Particles } from "../../../src/scene/effects/particles";
import { newAir, QUAD } from "../../../src/scene/effects/quads";
import { Ribbon } from "../../../src/scene/road/ribbon";
import { SkidMarks } from "../../../src/scene/effects/skid-marks";
import type { Pose, PoseSource } from "../../../src/scene/types";
import { figureOfEight } from "../tracks";

const SPEED = 30;
const { GROUNDED, SLIDING, WALL, TURBO } = StateBit;

/** A car that drives straight from time 0 on, with the state that `state` gives for a time. */
function drive(state: (time: number) => number): PoseSource {
  return {
    cars: [{ id: "a", name: "A", colour: "#ff0000", ghost: false }],
    sample(_, time: number, out: Pose): boolean {
      if (time < 0) return false;
      out.position.set(3, 0, time * SPEED);
      out.velocity.set(0, 0, SPEED);
      out.quaternion.identity();
      out.progress = time * SPEED;
      out.suspension.fill(0.19);
      out.state = state(time);
      return true;
    },
  };
}

function ground(surface: number): Ribbon {
  const track = figureOfEight();
  return new Ribbon({ ...track, surface: track.surface.map(() => surface) });
}

/** Show an effect at a time as the scene does; returns a copy of what it hands to the graphics processor. */
function show(effect: SkidMarks | Particles, source: PoseSource, time: number): Float32Array {
  const pose = newPose();
  effect.update(time, [pose], [source.sample(0, time, pose)]);
  return effect.quads.numbers.slice();
}

/** The quads that are drawn, QUAD numbers each. */
function drawn(numbers: Float32Array): number[][] {
  const quads = Array.from({ length: numbers.length / QUAD }, (_, k) => [
    ...numbers.subarray(k * QUAD, (k + 1) * QUAD),
  ]);
  return quads.filter((quad) => quad.some((value) => value !== 0));
}

const slidesFrom2To4 = drive((time) => (time >= 2 && time < 4 ? GROUNDED | SLIDING : GROUNDED));

describe("SkidMarks", () => {
  it("lie where the tyres slid, and fade away", () => {
    const marks = new SkidMarks(slidesFrom2To4, ground(0), newAir());
    expect(drawn(show(marks, slidesFrom2To4, 1.9))).toEqual([]);
    const pieces = drawn(show(marks, slidesFrom2To4, 5));
    expect(pieces.length).toBeGreaterThan(4 * 2 * 15);
    for (const [, , z, time] of pieces) {
      expect(time).toBeGreaterThan(1.9);
      expect(time).toBeLessThan(4);
      expect(Math.abs(z! - time! * SPEED)).toBeLessThan(2);
    }
    expect(drawn(show(marks, slidesFrom2To4, 20))).toEqual([]);
  });

  it("reach to the wheels of a car that slides", () => {
    const marks = new SkidMarks(slidesFrom2To4, ground(0), newAir());
    const time = 3.03;
    const ends = drawn(show(marks, slidesFrom2To4, time)).map((piece) => piece[7]!);
    expect(Math.max(...ends)).toBeCloseTo(time, 5);
  });

  it("are the same after scrubbing forth and back", () => {
    const marks = new SkidMarks(slidesFrom2To4, ground(1), newAir());
    const before = show(marks, slidesFrom2To4, 3.7);
    for (const time of [3.8, 60, 9, 3.9, 0.1, 3.6]) show(marks, slidesFrom2To4, time);
    expect(show(marks, slidesFrom2To4, 3.7)).toEqual(before);
  });

  it("are not left in the air", () => {
    const flies = drive(() => SLIDING);
    expect(drawn(show(new SkidMarks(flies, ground(0), newAir()), flies, 5))).toEqual([]);
  });
});

describe("Particles", () => {
  const at = (state: number, surface: number, wetness = 0, time = 5) => {
    const source = drive(() => state);
    const particles = new Particles(source, ground(surface), "standard", newAir());
    particles.setWetness(wetness);
    return drawn(show(particles, source, time));
  };

  it("need a reason", () => {
    expect(at(GROUNDED, 0)).toEqual([]);
    expect(at(0, 1)).toEqual([]);
    expect(at(0, 0, 1)).toEqual([]);
    expect(at(GROUNDED | SLIDING, 3)).toEqual([]);
  });

  it("rise from sliding tyres, dirt, wet roads, walls and exhausts", () => {
    for (const quads of [
      at(GROUNDED | SLIDING, 0),
      at(GROUNDED, 1),
      at(GROUNDED, 2),
      at(GROUNDED, 0, 1),
      at(GROUNDED | WALL, 0),
      at(GROUNDED | TURBO, 0),
    ]) {
      expect(quads.length).toBeGreaterThan(8);
      for (const quad of quads) expect(quad.every(Number.isFinite)).toBe(true);
    }
  });

  it("are as many as fit, fewer in the light tier", () => {
    const source = drive(() => GROUNDED | SLIDING | WALL | TURBO);
    const count = (tier: "light" | "standard") => {
      const particles = new Particles(source, ground(1), tier, newAir());
      const size = particles.quads.numbers.length;
      for (let time = 0; time < 4; time += 0.3) expect(show(particles, source, time).length).toBe(size);
      return drawn(particles.quads.numbers).length;
    };
    expect(count("light")).toBeLessThan(count("standard") / 3);
  });

  it("are the same after scrubbing forth and back", () => {
    const source = drive((time) => GROUNDED | (time % 1 < 0.5 ? SLIDING | TURBO : WALL));
    const particles = new Particles(source, ground(0), "standard", newAir());
    const before = show(particles, source, 4.41);
    for (const time of [4.5, 80, 2, 4.9, 4.3]) show(particles, source, time);
    expect(show(particles, source, 4.41)).toEqual(before);
  });

  it("start behind the cars that throw them, and not before", () => {
    const source = drive((time) => (time > 3 ? GROUNDED | SLIDING : GROUNDED));
    const particles = new Particles(source, ground(0), "standard", newAir());
    for (const quad of drawn(show(particles, source, 3.5))) {
      expect(quad[3]).toBeGreaterThan(2.9);
      expect(quad[3]).toBeLessThanOrEqual(3.5);
      expect(quad[2]! - quad[3]! * SPEED).toBeCloseTo(-1.206, 2);
    }
  });
});
