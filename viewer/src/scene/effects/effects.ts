/** What the drive leaves in the air and on the ground: rain, particles, skid marks. */

import { Color, Group, type PerspectiveCamera, Vector3 } from "three";

import { lookOf, PRESETS, roundConditions } from "../looks";
import { Particles } from "./particles";
import { newAir } from "./quads";
import { Rain } from "./rain";
import type { Ribbon } from "../road/ribbon";
import { SkidMarks } from "./skid-marks";
import type { Conditions, Pose, PoseSource, Tier } from "../types";

/** Within the first distance of a car the camera is taken to go with it, beyond the second not [m]. */
const ALONG = [14, 40] as const;

/** Part of the sun's light that falls on the side of a cloud that is seen (guess). */
const SUNNY = 0.65;

/** Rain, particles and skid marks; they show the same at the same time, forwards and backwards. */
export class Effects {
  readonly object = new Group();
  private readonly rain = new Rain();
  private readonly wind = new Vector3();
  private readonly air = newAir();
  private readonly sky = new Color();
  private wetness = 0;
  private marks: SkidMarks | null = null;
  private particles: Particles | null = null;

  constructor() {
    this.object.add(this.rain.lines);
    this.setWeather(PRESETS.clear);
  }

  /** Show what the cars of a source leave on a road. */
  setDrive(source: PoseSource, ribbon: Ribbon, tier: Tier): void {
    this.removeDrive();
    this.marks = new SkidMarks(source, ribbon, this.air);
    this.particles = new Particles(source, ribbon, tier, this.air);
    this.particles.setWetness(this.wetness);
    this.object.add(this.marks.quads.mesh, this.particles.quads.mesh);
  }

  /** Change rain, light, fog and how wet the ground is. */
  setWeather(conditions: Conditions): void {
    this.rain.setWeather(conditions);
    this.wetness = roundConditions(conditions).wetness; // in steps: each new one moves all spray
    const { sunColour, sunStrength, skyLight, ambient, density } = lookOf(conditions);
    const light = this.air.light.value;
    light.copy(sunColour).multiplyScalar((SUNNY * sunStrength) / Math.PI);
    light.add(this.sky.copy(skyLight).multiplyScalar(ambient / Math.PI));
    this.air.density.value = density;
    this.particles?.setWetness(this.wetness);
  }

  /** Show it as it is at a time [s]; `present` says which cars are there. */
  update(time: number, camera: PerspectiveCamera, poses: readonly Pose[], present: readonly boolean[]): void {
    if (this.rain.lines.visible) this.rain.update(time, camera, this.speed(camera, poses, present));
    this.marks?.update(time, poses, present);
    this.particles?.update(time, poses, present);
  }

  dispose(): void {
    this.removeDrive();
    this.rain.dispose();
  }

  private removeDrive(): void {
    for (const part of [this.marks, this.particles]) {
      part?.quads.mesh.removeFromParent();
      part?.dispose();
    }
    this.marks = this.particles = null;
  }

  /** How fast the camera moves [m/s]: like the car that is next to it, if one is. */
  private speed(camera: PerspectiveCamera, poses: readonly Pose[], present: readonly boolean[]): Vector3 {
    const [near, far] = ALONG;
    let closest: number = far;
    this.wind.set(0, 0, 0);
    for (let car = 0; car < poses.length; car++) {
      const pose = poses[car]!;
      const distance = present[car] ? pose.position.distanceTo(camera.position) : far;
      if (distance >= closest) continue;
      closest = distance;
      this.wind.copy(pose.velocity).multiplyScalar(Math.min(1, (far - distance) / (far - near)));
    }
    return this.wind;
  }
}
