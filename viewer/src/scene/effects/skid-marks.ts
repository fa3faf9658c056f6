/** The rubber and the furrows that sliding tyres leave on the ground. */

import { Color, DoubleSide, ShaderMaterial, Vector3 } from "three";

import { StateBit } from "../../protocol/messages";
import { REST, WHEELS } from "../cars/model";
import { newPose } from "../pose";
import { Surface } from "../road/codes";
import type { Ribbon } from "../road/ribbon";
import type { Pose, PoseSource } from "../types";
import { Footing } from "./footing";
import { type Air, QUAD, Quads } from "./quads";
import { jumped, Steps, type StepWriter } from "./steps";

/** How long a mark is seen [s]. */
const LIFE = 12;
/** A step in time [s], a binary fraction: 3 m at 50 m/s. */
const STEP = 1 / 16;
const SLOTS = LIFE / STEP + 1;
const HALF_WIDTH = 0.14;
/** Height above the road [m]: clear of its markings, below the trails. */
const LIFT = 0.045;
/** Sideways speed at which a mark is at its darkest [m/s] (guess). */
const FULL_SLIDE = 8;
/** A wheel bears on the ground from this compression on [m] (guess). */
const BEARING = 0.03;
/** What a tyre leaves, by surface (by eye). */
const INKS: Readonly<Record<number, Color>> = {
  [Surface.ASPHALT]: new Color("#0d0d0f"),
  [Surface.DIRT]: new Color("#2c1d10"),
  [Surface.GRASS]: new Color("#2e2413"),
  [Surface.ICE]: new Color("#8fa3b3"),
  [Surface.PLASTIC]: new Color("#141416"),
};
const OPACITY = 0.72;

const VERTEX = /* glsl */ `
attribute vec4 from, to, side, ink;
uniform float time, density;
uniform vec3 light;
varying vec4 colour;
varying float across;
void main() {
  vec4 end = position.y < 0.0 ? from : to;
  float strength = position.y < 0.0 ? side.w : ink.w;
  float age = (time - end.w) / ${LIFE.toFixed(1)};
  across = position.x;
  vec4 seen = viewMatrix * vec4(end.xyz + side.xyz * position.x, 1.0);
  float depth = density * length(seen.xyz);
  colour = vec4(ink.rgb * light, strength * (1.0 - smoothstep(0.5, 1.0, age)) * exp(-depth * depth));
  bool gone = side.w + ink.w == 0.0 || age > 1.1;
  gl_Position = gone ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * seen;
}`;

const FRAGMENT = /* glsl */ `
varying vec4 colour;
varying float across;
void main() {
  float groove = 0.82 + 0.18 * cos(across * 9.4);
  gl_FragColor = vec4(colour.rgb, colour.a * groove * (1.0 - smoothstep(0.7, 1.0, abs(across))));
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
}`;

/**
 * All cars' skid marks of the last seconds as one mesh: a piece for each step of each wheel, and one from the
 * last step to where the car is.
 */
export class SkidMarks implements StepWriter {
  readonly quads: Quads;
  private readonly steps: Steps;
  private readonly cars: readonly number[];
  private readonly uniforms = { time: { value: 0 } };
  private readonly footing = new Footing();
  private readonly last = newPose();
  private readonly contact = new Vector3();
  private readonly up = new Vector3();
  private readonly side = new Vector3();

  constructor(
    private readonly source: PoseSource,
    private readonly ribbon: Ribbon,
    air: Air,
  ) {
    this.cars = source.cars.flatMap((car, index) => (car.ghost ? [] : [index]));
    this.steps = new Steps(source, this.cars, STEP, SLOTS);
    const material = new ShaderMaterial({
      uniforms: { ...this.uniforms, ...air },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      side: DoubleSide,
      polygonOffset: true,
      polygonOffsetFactor: -2,
      polygonOffsetUnits: -2,
    });
    this.quads = new Quads((SLOTS + 1) * this.cars.length * 4, ["from", "to", "side", "ink"], material);
    this.quads.mesh.renderOrder = 1;
  }

  /** Show the marks as they are at a time [s]; `poses` are the cars then, `present` which of them are there. */
  update(time: number, poses: readonly Pose[], present: readonly boolean[]): void {
    const { steps, quads, cars } = this;
    this.uniforms.time.value = time;
    steps.fill(time, this);
    const begun = Math.floor(time / STEP) * STEP;
    for (let car = 0; car < cars.length; car++) {
      const index = cars[car]!;
      const driven = present[index]! && this.source.sample(index, begun, this.last);
      const pose = poses[index]!;
      if (driven && !jumped(this.last, pose)) this.draw(SLOTS, car, begun, time, this.last, pose);
      else this.clear(SLOTS, car);
    }
    const [first, end] = steps.changed;
    const each = 4 * cars.length;
    quads.changed(first * each, end * each);
    quads.changed(SLOTS * each, (SLOTS + 1) * each);
  }

  write(slot: number, car: number, number: number, from: Pose, to: Pose): void {
    this.draw(slot, car, (number - 1) * STEP, number * STEP, from, to);
  }

  clear(slot: number, car: number): void {
    const at = this.at(slot, car, 0);
    this.quads.numbers.fill(0, at, at + 4 * QUAD);
  }

  dispose(): void {
    this.quads.dispose();
  }

  private draw(slot: number, car: number, begin: number, end: number, from: Pose, to: Pose): void {
    this.clear(slot, car);
    if (slide(from) + slide(to) === 0) return;
    const ink = INKS[this.footing.find(this.ribbon, to).surface]!;
    const { numbers } = this.quads;
    this.side.set(HALF_WIDTH, 0, 0).applyQuaternion(to.quaternion);
    for (let wheel = 0; wheel < 4; wheel++) {
      if (Math.min(from.suspension[wheel]!, to.suspension[wheel]!) < BEARING) continue;
      const at = this.at(slot, car, wheel);
      this.touch(wheel, from, begin, at);
      this.touch(wheel, to, end, at + 4);
      this.side.toArray(numbers, at + 8);
      numbers[at + 11] = OPACITY * slide(from);
      ink.toArray(numbers, at + 12);
      numbers[at + 15] = OPACITY * slide(to);
    }
  }

  /** Write where and when a wheel touches the ground. */
  private touch(wheel: number, pose: Pose, time: number, at: number): void {
    const { contact, up } = this;
    const { x, z } = WHEELS[wheel]!;
    contact.set(x, pose.suspension[wheel]! - REST, z).applyQuaternion(pose.quaternion);
    up.set(0, LIFT, 0).applyQuaternion(pose.quaternion);
    contact.add(up).add(pose.position).toArray(this.quads.numbers, at);
    this.quads.numbers[at + 3] = time;
  }

  private at(slot: number, car: number, wheel: number): number {
    return ((slot * this.cars.length + car) * 4 + wheel) * QUAD;
  }
}

/** How hard the tyres slide: 0 where they roll, up to 1. */
function slide(pose: Pose): number {
  const sliding = StateBit.SLIDING | StateBit.GROUNDED;
  if ((pose.state & sliding) !== sliding) return 0;
  const { x, y, z, w } = pose.quaternion;
  const { velocity } = pose;
  const sideways =
    (1 - 2 * (y * y + z * z)) * velocity.x +
    2 * (x * y + w * z) * velocity.y +
    2 * (x * z - w * y) * velocity.z;
  return 0.55 + 0.45 * Math.min(1, Math.abs(sideways) / FULL_SLIDE);
}
