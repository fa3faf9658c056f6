/** What is in the air: rain. */

import { Group, type PerspectiveCamera, Vector3 } from "three";

import { Rain } from "./rain";
import type { Pose, Weather } from "./types";

/** Within the first distance of a car the camera is taken to go with it, beyond the second not [m]. */
const ALONG = [14, 40] as const;

/** Rain; it shows the same at the same time, forwards and backwards. */
export class Effects {
  readonly object = new Group();
  private readonly rain = new Rain();
  private readonly wind = new Vector3();

  constructor() {
    this.object.add(this.rain.lines);
    this.setWeather("clear");
  }

  setWeather(weather: Weather): void {
    this.rain.lines.visible = weather === "rain";
  }

  /** Show it as it is at a time [s]; `present` says which cars are there. */
  update(time: number, camera: PerspectiveCamera, poses: readonly Pose[], present: readonly boolean[]): void {
    if (this.rain.lines.visible) this.rain.update(time, camera, this.speed(camera, poses, present));
  }

  dispose(): void {
    this.rain.dispose();
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
