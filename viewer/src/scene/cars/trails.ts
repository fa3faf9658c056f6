/** The ribbons that cars draw behind them on the road. */

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  DynamicDrawUsage,
  Mesh,
  MeshBasicMaterial,
  Vector3,
} from "three";

import { newPose } from "../pose";
import type { Layers, PoseSource } from "../types";

/** How far back a trail reaches [s]. */
const SECONDS = 7;
/** Time between two points of a trail [s]. */
const SPACING = 1 / 15;
const POINTS = Math.ceil(SECONDS / SPACING) + 2;
const HALF_WIDTH = 0.42;
const OPACITY = 0.62;
/** Height above the road [m]: clear of its markings. */
const LIFT = 0.07;
/** Two points further apart than this [m] belong to different drives: the car was put back (guess). */
const BREAK = 25;
/** Speeds of the colours of trails by speed [m/s]. */
const SPEED_COLOURS: readonly [number, Color][] = [
  [0, new Color("#3257ff")],
  [30, new Color("#19c8e0")],
  [50, new Color("#37d65c")],
  [70, new Color("#ffd23c")],
  [100, new Color("#ff3b30")],
];
/** Numbers of a stored point: position, half the ribbon's width to the left, speed, 1 if the car was there. */
const STRIDE = 8;

/** All cars' trails as one mesh: the last seconds of each drive, fading with age. */
export class Trails {
  readonly mesh: Mesh<BufferGeometry, MeshBasicMaterial>;
  private readonly positions: Float32Array;
  private readonly tints: Float32Array;
  private readonly points: Float32Array[];
  /** Number of the newest point on the grid of SPACING that is stored, per car. */
  private readonly newest: number[];
  private readonly colours: Color[];
  private readonly cars: number[];
  private readonly pose = newPose();
  private readonly side = new Vector3();
  private readonly colour = new Color();

  /** @param mode Colours by agent or by speed. */
  constructor(
    private readonly source: PoseSource,
    private readonly mode: Exclude<Layers["trails"], "off">,
  ) {
    this.cars = source.cars.flatMap((car, index) => (car.ghost ? [] : [index]));
    this.points = this.cars.map(() => new Float32Array(POINTS * STRIDE));
    this.newest = this.cars.map(() => -Infinity);
    this.colours = this.cars.map((car) => new Color(source.cars[car]!.colour));
    const vertices = this.cars.length * POINTS * 2;
    this.positions = new Float32Array(vertices * 3);
    this.tints = new Float32Array(vertices * 4);
    this.mesh = new Mesh(this.geometry(), trailMaterial());
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 2;
  }

  /** Show the trails as they are at a time [s]. */
  update(time: number): void {
    this.cars.forEach((_, index) => this.fill(index, time));
    const { position, color } = this.mesh.geometry.attributes;
    position!.needsUpdate = true;
    color!.needsUpdate = true;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  private geometry(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(this.positions, 3).setUsage(DynamicDrawUsage));
    geometry.setAttribute("color", new BufferAttribute(this.tints, 4).setUsage(DynamicDrawUsage));
    const index: number[] = [];
    this.cars.forEach((_, car) => {
      for (let k = 0; k < POINTS - 1; k++) {
        const a = (car * POINTS + k) * 2;
        index.push(a, a + 1, a + 2, a + 1, a + 3, a + 2);
      }
    });
    geometry.setIndex(index);
    return geometry;
  }

  /** Sample what is missing on the grid up to `time`, and write the car's strip, oldest point first. */
  private fill(index: number, time: number): void {
    const last = Math.floor(time / SPACING);
    const first = last - POINTS + 2;
    const known = this.newest[index]!;
    const from = known > last || known < first ? first : known + 1;
    for (let number = from; number <= last; number++) this.store(index, number, number * SPACING);
    this.newest[index] = last;

    const ring = this.points[index]!;
    for (let k = 0; k < POINTS - 1; k++) {
      const age = (time - (first + k) * SPACING) / SECONDS;
      this.write(index, k, ring, slot(first + k) * STRIDE, age);
    }
    this.store(index, last + 1, time); // the head is at the car, off the grid
    this.write(index, POINTS - 1, ring, slot(last + 1) * STRIDE, 0);
    this.cut(index);
  }

  private store(index: number, number: number, time: number): void {
    const ring = this.points[index]!;
    const at = slot(number) * STRIDE;
    const { pose, side } = this;
    if (!this.source.sample(this.cars[index]!, time, pose)) {
      ring[at + 7] = 0;
      return;
    }
    pose.position.toArray(ring, at);
    side
      .set(HALF_WIDTH, 0, 0)
      .applyQuaternion(pose.quaternion)
      .toArray(ring, at + 3);
    ring[at + 6] = pose.velocity.length();
    ring[at + 7] = 1;
  }

  private write(index: number, k: number, ring: Float32Array, at: number, age: number): void {
    const { positions, tints } = this;
    const vertex = (index * POINTS + k) * 2;
    const colour = this.mode === "agent" ? this.colours[index]! : speedColour(ring[at + 6]!, this.colour);
    const alpha = ring[at + 7]! * OPACITY * Math.max(0, 1 - age) ** 1.4;
    for (let edge = 0; edge < 2; edge++) {
      const sign = edge === 0 ? 1 : -1;
      for (let axis = 0; axis < 3; axis++) {
        positions[(vertex + edge) * 3 + axis] = ring[at + axis]! + sign * ring[at + 3 + axis]!;
      }
      positions[(vertex + edge) * 3 + 1]! += LIFT;
      colour.toArray(tints, (vertex + edge) * 4);
      tints[(vertex + edge) * 4 + 3] = alpha;
    }
  }

  /** Collapse the pieces in which the car jumped or was not there. */
  private cut(index: number): void {
    const { positions, tints } = this;
    for (let k = POINTS - 2; k >= 0; k--) {
      const vertex = (index * POINTS + k) * 2;
      const dx = positions[vertex * 3]! - positions[(vertex + 2) * 3]!;
      const dy = positions[vertex * 3 + 1]! - positions[(vertex + 2) * 3 + 1]!;
      const dz = positions[vertex * 3 + 2]! - positions[(vertex + 2) * 3 + 2]!;
      const gone = tints[vertex * 4 + 3] === 0 || Math.hypot(dx, dy, dz) > BREAK;
      if (gone) positions.copyWithin(vertex * 3, (vertex + 2) * 3, (vertex + 4) * 3);
    }
  }
}

function slot(number: number): number {
  return ((number % POINTS) + POINTS) % POINTS;
}

function trailMaterial(): MeshBasicMaterial {
  return new MeshBasicMaterial({
    vertexColors: true,
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    polygonOffset: true,
    polygonOffsetFactor: -2,
    polygonOffsetUnits: -2,
  });
}

/** The colour of a speed [m/s], from blue over green to red. */
export function speedColour(speed: number, out: Color): Color {
  let k = 0;
  while (k < SPEED_COLOURS.length - 2 && SPEED_COLOURS[k + 1]![0] < speed) k++;
  const [low, from] = SPEED_COLOURS[k]!;
  const [high, to] = SPEED_COLOURS[k + 1]!;
  return out.lerpColors(from, to, Math.min(1, Math.max(0, (speed - low) / (high - low))));
}
