/** What is in the air: rain, and what cars throw up: spray, smoke of sliding tyres, sparks of walls. */

import { Group, type PerspectiveCamera, Vector3 } from "three";

import { Puffs } from "./puffs";
import { Rain } from "./rain";
import type { Pose, PoseSource, Weather } from "./types";

/** Within the first distance of a car the camera is taken to go with it, beyond the second not [m]. */
const ALONG = [14, 40] as const;

/** Rain and particles; they show the same at the same time, forwards and backwards. */
export class Effects {
  readonly object = new Group();
  private readonly rain = new Rain();
  private readonly puffs: Puffs;
  private readonly wind = new Vector3();

  constructor(source: PoseSource) {
    this.puffs = new Puffs(source);
    this.object.add(this.rain.lines, this.puffs.points);
    this.setWeather("clear");
  }

  setWeather(weather: Weather): void {
    this.rain.lines.visible = weather === "rain";
    this.puffs.setWeather(weather);
  }

  /** Show them as they are at a time [s]; `present` says which cars are there. */
  update(time: number, camera: PerspectiveCamera, poses: readonly Pose[], present: readonly boolean[]): void {
    if (this.rain.lines.visible) this.rain.update(time, camera, this.speed(camera, poses, present));
    this.puffs.update(time);
  }

  dispose(): void {
    this.rain.dispose();
    this.puffs.dispose();
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
