/** What cars throw up behind them: spray in the rain, smoke of sliding tyres, sparks of walls. */

import {
  BufferAttribute,
  BufferGeometry,
  CustomBlending,
  DynamicDrawUsage,
  OneFactor,
  OneMinusSrcAlphaFactor,
  Points,
  ShaderMaterial,
  Vector2,
  Vector3,
} from "three";

import { StateBit } from "../protocol/messages";
import { random } from "./noise";
import { newPose } from "./pose";
import type { PoseSource, Weather } from "./types";

/** Time between two bursts of a car, and how long one lasts [s]. */
const SPACING = 0.03;
const LIFE = 0.66;
const BURSTS = Math.floor(LIFE / SPACING);
const SPARKS = 5;
const PER_BURST = 2 + SPARKS;
const GRAVITY = 9.81;
/** Slower cars throw nothing up [m/s]. */
const SPEED_MIN = 6;
/** Rear wheels' contact with the road, and the flank that grinds along a wall, in the car's frame [m]. */
const WHEEL = new Vector3(0.85, 0.15, -1.5);
const FLANK = new Vector3(1.02, 0.4, 1.2);
/** How bright smoke and spray are (guess, by eye). */
const LIGHT: Readonly<Record<Weather, number>> = {
  clear: 0.8,
  sunset: 0.6,
  rain: 0.5,
  fog: 0.55,
  night: 0.1,
};

const VERTEX = /* glsl */ `
attribute vec4 tint;
attribute float size;
uniform float scale;
varying vec4 colour;
void main() {
  vec4 seen = viewMatrix * vec4(position, 1.0);
  colour = tint * smoothstep(0.4, 4.0, -seen.z);
  gl_Position = projectionMatrix * seen;
  gl_PointSize = max(1.5, size * scale * projectionMatrix[1][1] / max(0.1, -seen.z));
}`;

const FRAGMENT = /* glsl */ `
varying vec4 colour;
void main() {
  float away = 2.0 * length(gl_PointCoord - 0.5);
  gl_FragColor = colour * (1.0 - smoothstep(0.1, 1.0, away));
  #include <colorspace_fragment>
}`;

/** All particles of all cars as one set of points, worked out from where the cars were. */
export class Puffs {
  readonly points: Points<BufferGeometry, ShaderMaterial>;
  private readonly cars: number[];
  private readonly position: BufferAttribute;
  private readonly tint: BufferAttribute;
  private readonly size: BufferAttribute;
  private readonly pose = newPose();
  private readonly before = newPose();
  private readonly place = new Vector3();
  private readonly scatter = Array.from({ length: 256 }, random(3));
  private readonly pixels = new Vector2();
  private weather: Weather = "clear";
  private count = 0;

  constructor(private readonly source: PoseSource) {
    this.cars = source.cars.flatMap((car, index) => (car.ghost ? [] : [index]));
    const room = this.cars.length * BURSTS * PER_BURST;
    const attribute = (size: number) =>
      new BufferAttribute(new Float32Array(room * size), size).setUsage(DynamicDrawUsage);
    this.position = attribute(3);
    this.tint = attribute(4);
    this.size = attribute(1);
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", this.position);
    geometry.setAttribute("tint", this.tint);
    geometry.setAttribute("size", this.size);
    const uniforms = { scale: { value: 360 } };
    const material = new ShaderMaterial({
      ...{ uniforms, vertexShader: VERTEX, fragmentShader: FRAGMENT },
      ...{ transparent: true, depthWrite: false },
      ...{ blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor },
    });
    this.points = new Points(geometry, material);
    this.points.frustumCulled = false;
    this.points.renderOrder = 4;
    this.points.onBeforeRender = (renderer) => {
      uniforms.scale.value = renderer.getDrawingBufferSize(this.pixels).y / 2;
      material.uniformsNeedUpdate = true;
    };
  }

  setWeather(weather: Weather): void {
    this.weather = weather;
  }

  /** Show the particles of a time [s]. */
  update(time: number): void {
    this.count = 0;
    const newest = Math.floor(time / SPACING);
    for (const car of this.cars) {
      for (let burst = newest; burst > newest - BURSTS; burst--) this.burst(car, burst, time);
    }
    const { geometry } = this.points;
    geometry.setDrawRange(0, this.count);
    this.points.visible = this.count > 0;
    for (const attribute of [this.position, this.tint, this.size]) attribute.needsUpdate = true;
  }

  dispose(): void {
    this.points.geometry.dispose();
    this.points.material.dispose();
  }

  /** What a car threw up at one moment of the past. */
  private burst(car: number, burst: number, time: number): void {
    const { pose } = this;
    if (!this.source.sample(car, burst * SPACING, pose)) return;
    const speed = pose.velocity.length();
    if (speed < SPEED_MIN) return;
    const age = time - burst * SPACING;
    const grounded = (pose.state & StateBit.GROUNDED) !== 0;
    if (grounded && this.weather === "rain") this.cloud(burst, age, 0.26 * Math.min(1, speed / 45), 2.6);
    else if (grounded && pose.state & StateBit.SLIDING) this.cloud(burst, age, 0.2, 2);
    if (pose.state & StateBit.WALL) this.sparks(car, burst, age);
  }

  /** A cloud behind each rear wheel that grows to a size [m] and fades. */
  private cloud(burst: number, age: number, opacity: number, size: number): void {
    const { pose, place } = this;
    const share = age / LIFE;
    for (const side of [-1, 1]) {
      place.copy(WHEEL).setX(WHEEL.x * side);
      place.applyQuaternion(pose.quaternion).add(pose.position);
      place.addScaledVector(pose.velocity, 0.3 * age * (1 - share / 2)); // dragged along
      place.x += this.random(burst, side + 1) * share;
      place.y += (0.4 + 0.9 * this.random(burst, side + 3)) * share;
      place.z += this.random(burst, side + 5) * share;
      const fade = opacity * (1 - share) * Math.min(1, 12 * share);
      const light = LIGHT[this.weather] * fade;
      this.add(place, light, light, light * 1.03, fade, 0.35 + size * share);
    }
  }

  /** Sparks off the flank that the wall pushes away. */
  private sparks(car: number, burst: number, age: number): void {
    const { pose, before, place } = this;
    if (!this.source.sample(car, burst * SPACING - 0.1, before)) return;
    place.set(1, 0, 0).applyQuaternion(pose.quaternion);
    const side = before.velocity.sub(pose.velocity).dot(place) > 0 ? 1 : -1;
    for (let spark = 0; spark < SPARKS; spark++) {
      place.copy(FLANK).setX(FLANK.x * side);
      place.z -= 2.4 * Math.abs(this.random(burst, 31 * spark));
      place.applyQuaternion(pose.quaternion).add(pose.position);
      place.addScaledVector(pose.velocity, 0.7 * age);
      place.x += 5 * age * this.random(burst, 31 * spark + 1);
      place.y += age * (2.5 + 2.5 * this.random(burst, 31 * spark + 2)) - (GRAVITY / 2) * age * age;
      place.z += 5 * age * this.random(burst, 31 * spark + 3);
      const glow = 1 - age / LIFE;
      this.add(place, 1.6 * glow, 0.9 * glow * glow, 0.35 * glow ** 4, 0, 0.09); // adds light: no alpha
    }
  }

  private add(place: Vector3, red: number, green: number, blue: number, alpha: number, size: number): void {
    this.position.setXYZ(this.count, place.x, place.y, place.z);
    this.tint.setXYZW(this.count, red, green, blue, alpha);
    this.size.setX(this.count++, size);
  }

  /** A number from -1 to 1 that belongs to a burst's particle. */
  private random(burst: number, particle: number): number {
    const index = (Math.imul(burst, 97) + Math.imul(particle, 57)) & 255;
    return 2 * this.scatter[index]! - 1;
  }
}
