/** Rain around the camera. */

import {
  BufferAttribute,
  BufferGeometry,
  LineSegments,
  type PerspectiveCamera,
  ShaderMaterial,
  Vector3,
} from "three";

import { roundConditions } from "../looks";
import { random } from "../noise";
import type { Conditions } from "../types";

const DROPS = 2300;
/** Edge of the box of air that is filled with drops [m]. */
const BOX = 26;
/** How fast a drop falls [m/s]: large ones reach 9 m/s. */
const FALL = 9;
/** How long a drop draws its streak [s]: as a film camera's shutter. */
const EXPOSURE = 0.02;

const VERTEX = /* glsl */ `
attribute float end;
uniform float time;
uniform vec3 centre, fall, streak;
varying float strength;
void main() {
  vec3 place = mod(position * ${BOX.toFixed(1)} + fall * time - centre, ${BOX.toFixed(1)}) - ${(BOX / 2).toFixed(1)};
  vec4 seen = viewMatrix * vec4(centre + place + streak * end, 1.0);
  strength = smoothstep(0.6, 3.0, -seen.z) * (1.0 - smoothstep(0.6, 1.0, length(place) / ${(BOX / 2).toFixed(1)}));
  gl_Position = projectionMatrix * seen;
}`;

const FRAGMENT = /* glsl */ `
varying float strength;
void main() {
  gl_FragColor = vec4(0.72, 0.78, 0.84, 0.34 * strength);
  #include <tonemapping_fragment>
  #include <colorspace_fragment>
}`;

/** Streaks of drops in a box of air that goes with the camera; each drop falls on its own line for ever. */
export class Rain {
  readonly lines: LineSegments<BufferGeometry, ShaderMaterial>;
  private readonly uniforms = {
    time: { value: 0 },
    centre: { value: new Vector3() },
    fall: { value: new Vector3(0, -FALL, 0) },
    streak: { value: new Vector3() },
  };

  constructor() {
    const next = random(7);
    const positions = new Float32Array(DROPS * 6);
    const ends = new Float32Array(DROPS * 2);
    for (let drop = 0; drop < DROPS; drop++) {
      for (let axis = 0; axis < 3; axis++) {
        positions[drop * 6 + axis] = positions[drop * 6 + 3 + axis] = next();
      }
      ends[drop * 2 + 1] = 1;
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 3));
    geometry.setAttribute("end", new BufferAttribute(ends, 1));
    const material = new ShaderMaterial({
      uniforms: this.uniforms,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
    });
    this.lines = new LineSegments(geometry, material);
    this.lines.frustumCulled = false;
    this.lines.renderOrder = 5;
  }

  /** More drops in harder rain, which the wind slants (rounded, for another one moves all drops). */
  setWeather(conditions: Conditions): void {
    const { rain, wind_x, wind_z } = roundConditions(conditions);
    this.lines.visible = rain > 0;
    this.lines.geometry.setDrawRange(0, 2 * Math.round(DROPS * Math.min(1, rain)));
    this.uniforms.fall.value.set(wind_x, -FALL, wind_z);
  }

  /** @param speed The camera's velocity [m/s], along which the streaks are drawn out. */
  update(time: number, camera: PerspectiveCamera, speed: Vector3): void {
    const { centre, fall, streak } = this.uniforms;
    this.uniforms.time.value = time;
    camera.getWorldDirection(centre.value);
    centre.value.multiplyScalar(BOX / 3).add(camera.position);
    streak.value.subVectors(speed, fall.value).multiplyScalar(EXPOSURE);
  }

  dispose(): void {
    this.lines.geometry.dispose();
    this.lines.material.dispose();
  }
}
