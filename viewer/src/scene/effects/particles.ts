/** What cars throw into the air: smoke, dust, spray and sparks, and the flames of their exhausts. */

import {
  Color,
  CustomBlending,
  DataTexture,
  LinearFilter,
  OneFactor,
  OneMinusSrcAlphaFactor,
  RedFormat,
  RepeatWrapping,
  ShaderMaterial,
  Vector3,
} from "three";

import { StateBit } from "../../protocol/messages";
import { WHEELS } from "../cars/model";
import { fractal, hash, smoothstep } from "../noise";
import { Surface } from "../road/codes";
import type { Ribbon } from "../road/ribbon";
import type { Pose, PoseSource, Tier } from "../types";
import { Footing } from "./footing";
import { type Air, QUAD, Quads } from "./quads";
import { Steps, type StepWriter } from "./steps";

/** A step in time [s], a binary fraction shorter than the 50 ms for which a hit of a wall is told. */
const STEP = 1 / 32;
/** How long the oldest particle is seen [s]. */
const LIFE = 1.5;
const SLOTS = LIFE / STEP + 1;
/** Particles of a car in each step, by tier. */
const EACH: Readonly<Record<Tier, number>> = { light: 2, standard: 8, show: 8 };
/** Clouds are larger where there are fewer. */
const SWELL: Readonly<Record<Tier, number>> = { light: 1.35, standard: 1, show: 1 };
/** Flames of a car with turbo: a train of puffs from each of two exhausts. */
const FLAMES = 10;
const EXHAUST = new Vector3(0.085, 0.482, -1.77);

/** How particles of one kind look and fly (all by eye). */
interface Kind {
  /** Colour, and how much it covers of what is behind it: one that covers nothing glows. */
  readonly colour: Color;
  readonly cover: number;
  /** How long it is seen [s], its first radius [m], and how fast that grows [m/s]. */
  readonly life: number;
  readonly radius: number;
  readonly growth: number;
  /** Acceleration upwards [m/s²], and by how much the air slows it [1/s]. */
  readonly rise: number;
  readonly drag: number;
  /** Part of the car's velocity, speed upwards, and scatter to all sides that it begins with [m/s]. */
  readonly along: number;
  readonly up: number;
  readonly scatter: number;
}

function kind(colour: string, cover: number, flight: Omit<Kind, "colour" | "cover">): Kind {
  return { colour: new Color(colour), cover, ...flight };
}

const BILLOW = {
  life: 1.4,
  radius: 0.32,
  growth: 1.3,
  rise: 0.5,
  drag: 2.4,
  along: 0.35,
  up: 0.6,
  scatter: 1.2,
};
const SMOKE = kind("#e6e9ed", 0.36, BILLOW);
const DIRT = kind("#c9aa80", 0.42, { ...BILLOW, life: 1.5, growth: 1.6, rise: -0.3, up: 1.3 });
const GRASS = kind("#8f8a5c", 0.32, { ...BILLOW, life: 0.8, growth: 0.7, rise: -3, up: 1.8 });
const SPRAY = kind("#e6edf3", 0.26, { ...BILLOW, life: 0.9, growth: 1.5, rise: -1.5, along: 0.45, up: 1.5 });
const SPARK: Kind = {
  colour: new Color(4, 1.5, 0.3),
  cover: 0,
  life: 0.55,
  radius: 0.035,
  growth: -0.03,
  rise: -9.81,
  drag: 0.7,
  along: 0.75,
  up: 2,
  scatter: 3.2,
};
const FLAME = { near: new Color(0.35, 0.6, 1.6), far: new Color(1.5, 0.4, 0.05), length: 0.75, radius: 0.11 };

/** From these speeds on dust, and spray, is at its fullest, and where it begins [m/s]. */
const DUSTY = [4, 30] as const;
const SPRAYING = [8, 40] as const;

const VERTEX = /* glsl */ `
attribute vec4 birth, motion, shape, tint;
uniform float time, density;
uniform vec3 light;
varying vec4 colour;
varying float fade;
varying vec2 place;
void main() {
  float age = time - birth.w;
  float life = motion.w;
  float spin = fract(birth.w * 37.0 + birth.x * 11.0) * 6.2832;
  float slowed = shape.w > 0.0 ? (1.0 - exp(-shape.w * age)) / shape.w : age;
  vec3 centre = birth.xyz + motion.xyz * slowed + vec3(0.0, 0.5 * shape.z * age * age, 0.0);
  if (tint.a > 0.0) centre.y += 0.85 * shape.y * age; // a growing cloud stays on the ground, not in it
  vec3 velocity = motion.xyz * exp(-shape.w * age) + vec3(0.0, shape.z * age, 0.0);
  vec4 seen = viewMatrix * vec4(centre, 1.0);
  float radius = shape.x + shape.y * age;
  vec2 corner = position.xy * radius;
  place = position.xy;
  if (tint.a > 0.0) {
    place = mat2(cos(spin), sin(spin), -sin(spin), cos(spin)) * place * 1.05;
  } else { // what glows is drawn out along its flight, as by a shutter
    vec2 flight = (viewMatrix * vec4(velocity, 0.0)).xy * 0.012;
    float speed = length(flight);
    vec2 axis = speed > 1e-5 ? flight / speed : vec2(1.0, 0.0);
    corner = axis * position.x * (radius + speed) + vec2(-axis.y, axis.x) * position.y * radius;
  }
  seen.xy += corner;
  fade = smoothstep(0.0, 0.06, age / life + step(tint.a, 0.0)) * pow(max(0.0, 1.0 - age / life), 1.5);
  fade *= smoothstep(0.4, 2.5, -seen.z); // does not fill the picture before the lens
  float depth = density * length(seen.xyz);
  fade *= exp(-depth * depth);
  colour = vec4(tint.rgb * (tint.a > 0.0 ? light : vec3(1.0)), tint.a);
  gl_Position = age < 0.0 || age >= life ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * seen;
}`;

const FRAGMENT = /* glsl */ `
uniform sampler2D puff;
varying vec4 colour;
varying float fade;
varying vec2 place;
void main() {
  float soft = 1.0 - smoothstep(0.25, 1.0, length(place));
  float strength = fade * soft;
  if (colour.a > 0.0) strength *= colour.a * texture2D(puff, place * 0.5 + 0.5).r;
  gl_FragColor = vec4(colour.rgb, 1.0);
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
  gl_FragColor = vec4(gl_FragColor.rgb, step(1e-6, colour.a)) * strength;
}`;

/** All cars' particles as one mesh; each is where its flight from its emission has brought it. */
export class Particles implements StepWriter {
  readonly quads: Quads;
  private readonly cars: readonly number[];
  private readonly steps: Steps;
  private readonly each: number;
  private readonly swell: number;
  private readonly texture = puffTexture();
  private readonly uniforms = {
    time: { value: 0 },
    puff: { value: this.texture },
  };
  private wetness = 0;
  private readonly footing = new Footing();
  private readonly place = new Vector3();
  private readonly flight = new Vector3();
  private readonly offset = new Vector3();
  private readonly heat = new Color();

  constructor(
    source: PoseSource,
    private readonly ribbon: Ribbon,
    tier: Tier,
    air: Air,
  ) {
    this.cars = source.cars.flatMap((car, index) => (car.ghost ? [] : [index]));
    this.steps = new Steps(source, this.cars, STEP, SLOTS);
    this.each = EACH[tier];
    this.swell = SWELL[tier];
    const material = new ShaderMaterial({
      uniforms: { ...this.uniforms, ...air },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      blending: CustomBlending,
      blendSrc: OneFactor,
      blendDst: OneMinusSrcAlphaFactor,
    });
    const count = this.cars.length * (SLOTS * this.each + FLAMES);
    this.quads = new Quads(count, ["birth", "motion", "shape", "tint"], material);
    this.quads.mesh.renderOrder = 4;
  }

  /** How wet the ground is, 0 to 1. */
  setWetness(wetness: number): void {
    if (wetness !== this.wetness) this.steps.clear();
    this.wetness = wetness;
  }

  /** Show the particles as they are at a time [s]; `poses` are the cars then, `present` which of them are there. */
  update(time: number, poses: readonly Pose[], present: readonly boolean[]): void {
    const { steps, quads, cars, each } = this;
    this.uniforms.time.value = time;
    steps.fill(time, this);
    const flames = SLOTS * cars.length * each;
    for (let car = 0; car < cars.length; car++) {
      const index = cars[car]!;
      const pose = poses[index]!;
      const at = (flames + car * FLAMES) * QUAD;
      quads.numbers.fill(0, at, at + FLAMES * QUAD);
      if (present[index] && pose.state & StateBit.TURBO) this.burn(at, car, time, pose);
    }
    const [first, end] = steps.changed;
    quads.changed(first * cars.length * each, end * cars.length * each);
    quads.changed(flames, flames + cars.length * FLAMES);
  }

  write(slot: number, car: number, number: number, from: Pose, to: Pose): void {
    this.clear(slot, car);
    this.footing.find(this.ribbon, to);
    const sparks = to.state & StateBit.WALL ? this.each / 2 : 0;
    for (let k = 0; k < this.each; k++) {
      const seed = car * this.each + k;
      const thrown = k < sparks ? SPARK : this.thrown(to, hash(number, seed, 0));
      if (thrown) this.emit(this.at(slot, car) + k * QUAD, thrown, k, number, seed, from, to);
    }
  }

  clear(slot: number, car: number): void {
    const at = this.at(slot, car);
    this.quads.numbers.fill(0, at, at + this.each * QUAD);
  }

  dispose(): void {
    this.quads.dispose();
    this.texture.dispose();
  }

  /** What the tyres throw up, if anything, for a chance in [0, 1]. */
  private thrown(pose: Pose, chance: number): Kind | null {
    if (!(pose.state & StateBit.GROUNDED)) return null;
    const sliding = (pose.state & StateBit.SLIDING) !== 0;
    const speed = pose.velocity.length();
    if (chance < this.wetness * smoothstep(...SPRAYING, speed)) return SPRAY;
    if (this.wetness > 0.5) return null;
    const dusty = sliding || chance < smoothstep(...DUSTY, speed);
    switch (this.footing.surface) {
      case Surface.DIRT:
        return dusty ? DIRT : null;
      case Surface.GRASS:
        return dusty ? GRASS : null;
      case Surface.ICE:
        return null;
      default:
        return sliding ? SMOKE : null;
    }
  }

  /** Write a particle: born during a step somewhere between two poses. */
  private emit(at: number, what: Kind, k: number, number: number, seed: number, from: Pose, to: Pose): void {
    const { place, flight, offset } = this;
    const { numbers } = this.quads;
    const share = (k + hash(number, seed, 1)) / this.each;
    const wall = Math.sign(this.footing.left);
    if (what === SPARK)
      offset.set(wall * 0.98, 0.1 + 0.5 * hash(number, seed, 2), 4 * hash(number, seed, 3) - 2);
    else offset.copy(WHEELS[2 + (k % 2)]!).setY(0.3);
    offset.applyQuaternion(to.quaternion);
    place.lerpVectors(from.position, to.position, share).add(offset).toArray(numbers, at);
    numbers[at + 3] = (number - 1 + share) * STEP;

    for (let axis = 0; axis < 3; axis++) flight.setComponent(axis, 2 * hash(number, seed, 4 + axis) - 1);
    flight.multiplyScalar(what.scatter).addScaledVector(to.velocity, what.along);
    flight.y += what.up;
    if (what === SPARK) flight.addScaledVector(offset.set(-wall, 0, 0).applyQuaternion(to.quaternion), 2);
    flight.toArray(numbers, at + 4);
    numbers[at + 7] = what.life * (0.7 + 0.3 * hash(number, seed, 7));
    const swell = what.cover > 0 ? this.swell : 1;
    numbers[at + 8] = what.radius * swell;
    numbers[at + 9] = what.growth * swell;
    numbers[at + 10] = what.rise;
    numbers[at + 11] = what.drag;
    what.colour.toArray(numbers, at + 12);
    numbers[at + 15] = what.cover;
  }

  /** Write the flames of a car's exhausts as they flicker at a time. */
  private burn(at: number, car: number, time: number, pose: Pose): void {
    const { place, heat } = this;
    const { numbers } = this.quads;
    const flicker = Math.floor(time / STEP);
    for (let k = 0; k < FLAMES; k++) {
      const back = Math.floor(k / 2) / (FLAMES / 2 - 1);
      const shake = 0.75 + 0.5 * hash(flicker, car * FLAMES + k, 8);
      place.copy(EXHAUST).setX(k % 2 === 0 ? EXHAUST.x : -EXHAUST.x);
      place.z -= back * FLAME.length * shake;
      place.applyQuaternion(pose.quaternion).add(pose.position).toArray(numbers, at);
      numbers[at + 3] = time;
      numbers[at + 7] = 1;
      numbers[at + 8] = FLAME.radius * (1 - 0.6 * back) * shake;
      heat
        .lerpColors(FLAME.near, FLAME.far, back)
        .multiplyScalar(1 - 0.6 * back)
        .toArray(numbers, at + 12);
      at += QUAD;
    }
  }

  private at(slot: number, car: number): number {
    return (slot * this.cars.length + car) * this.each * QUAD;
  }
}

/** Clouds for what is not a smooth ball. */
function puffTexture(): DataTexture {
  const size = 64;
  const data = new Uint8Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const cloud = fractal((5 * column) / size, (5 * row) / size, 4, 5, 5);
      data[row * size + column] = 255 * smoothstep(0.2, 0.75, cloud);
    }
  }
  const texture = new DataTexture(data, size, size, RedFormat);
  texture.magFilter = texture.minFilter = LinearFilter;
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.needsUpdate = true;
  return texture;
}
