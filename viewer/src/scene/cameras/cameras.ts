/** The camera: one of the race cameras, or a free one around the car, with smooth ways between them. */

import CameraControls from "camera-controls";
import {
  Box3,
  MathUtils,
  Matrix4,
  PerspectiveCamera,
  Quaternion,
  Raycaster,
  Sphere,
  Spherical,
  Vector2,
  Vector3,
  Vector4,
} from "three";

import { newPose } from "../pose";
import type { Ribbon } from "../road/ribbon";
import { copyShot, newShot, type Shot, Shots } from "./shots";
import type { CameraKind, PoseSource } from "../types";

CameraControls.install({
  THREE: { Box3, Matrix4, Quaternion, Raycaster, Sphere, Spherical, Vector2, Vector3, Vector4 },
});

/** How long the way from one camera to the next takes [s]. */
const BLEND = 1.2;
/** Cameras further apart than this [m] are cut, not blended. */
const CUT = 160;
/** Step of the free camera's damping, and the least of a blend, per frame [s]: both go on in a pause. */
const FRAME = 1 / 60;
/** Most of a blend per frame [s], so that it stays visible in fast motion. */
const BLEND_STEP_MAX = 4 * FRAME;
/** Distance of what is nearest in the picture, from inside a car and from outside [m]. */
const NEAR_INSIDE = 0.15;
const NEAR_OUTSIDE = 0.5;

/** Places a camera at each time. */
export class Cameras {
  readonly camera = new PerspectiveCamera(60, 16 / 9, NEAR_OUTSIDE, 6000);
  /** Where it looks. */
  readonly target = new Vector3();
  private chosen: CameraKind = "chase";
  private followed = 0;
  private shots: Shots | null = null;
  private source: PoseSource | null = null;
  private ribbon: Ribbon | null = null;
  private readonly shown = newShot();
  private readonly next = newShot();
  /** The camera that is left, and by how much what was shown differed from it. */
  private readonly left = newShot();
  private readonly rest = newShot();
  private leftKind: CameraKind = "chase";
  private leftCar = 0;
  /** How long, and since when, the camera has been on its way [s]. */
  private blended = BLEND;
  private since = 0;
  /** Time of the last update [s]. */
  private last = 0;
  private readonly from = new Vector3();
  private readonly to = new Vector3();
  private readonly turn = new Quaternion();
  private readonly part = new Quaternion();
  private readonly pose = newPose();
  private readonly orbitCamera = new PerspectiveCamera(55, 16 / 9, 0.15, 6000);
  private controls: CameraControls | null = null;

  /** @param canvas Where the free camera's gestures are made; without one it only goes with the car. */
  constructor(private readonly canvas?: HTMLElement) {}

  get kind(): CameraKind {
    return this.chosen;
  }

  /** Index of the car that is followed. */
  get car(): number {
    return this.followed;
  }

  setTrack(ribbon: Ribbon): void {
    this.ribbon = ribbon;
    this.prepare();
  }

  setSource(source: PoseSource): void {
    this.source = source;
    this.prepare();
  }

  /** Go over to another camera or car from a time [s] on. */
  set(kind: CameraKind, car: number, time: number, immediate = false): void {
    if (kind === this.chosen && car === this.followed && !immediate) return;
    const { shown, left, rest, last } = this;
    this.leftKind = this.chosen;
    this.leftCar = this.followed;
    const known = this.shoot(this.leftKind, this.leftCar, last, left, last);
    if (kind === "orbit") this.enterOrbit();
    else if (this.controls) this.controls.enabled = false;
    this.chosen = kind;
    this.followed = car;
    this.blended = BLEND;
    if (immediate || !known || !this.shoot(kind, car, time, this.next, last)) return;
    if (this.next.position.distanceTo(shown.position) > CUT) return;
    rest.position.subVectors(shown.position, left.position);
    rest.target.subVectors(shown.target, left.target);
    rest.up.subVectors(shown.up, left.up);
    rest.fov = shown.fov - left.fov;
    this.blended = 0;
    this.since = last;
  }

  /** Place the camera for a time [s]. */
  update(time: number): void {
    const { camera, next, shown } = this;
    this.blended += MathUtils.clamp(Math.abs(time - this.last), FRAME, BLEND_STEP_MAX);
    const blending = this.blended < BLEND;
    if (this.shoot(this.chosen, this.followed, time, next, blending ? this.since : time)) {
      copyShot(shown, next);
      if (blending) this.blend(time, MathUtils.smootherstep(this.blended, 0, BLEND));
    }
    this.last = time;
    camera.position.copy(shown.position);
    camera.up.copy(shown.up);
    camera.lookAt(this.target.copy(shown.target));
    camera.fov = shown.fov;
    const inside = this.chosen === "cockpit" || (this.leftKind === "cockpit" && blending);
    camera.near = inside ? NEAR_INSIDE : NEAR_OUTSIDE;
    camera.updateProjectionMatrix();
    camera.updateMatrixWorld();
  }

  /** @param aspect Width over height of the picture. */
  resize(aspect: number): void {
    this.camera.aspect = this.orbitCamera.aspect = aspect;
    this.orbitCamera.updateProjectionMatrix();
  }

  dispose(): void {
    this.controls?.dispose();
  }

  private prepare(): void {
    this.shots = this.source && this.ribbon && new Shots(this.source, this.ribbon);
    this.blended = BLEND;
  }

  private shoot(kind: CameraKind, car: number, time: number, out: Shot, postTime: number): boolean {
    if (kind === "orbit") return this.orbit(car, time, out);
    return this.shots?.take(kind, car, time, out, postTime) ?? false;
  }

  /**
   * Between the camera that is left, which goes on too, and the new one.
   *
   * The camera goes round its target, so that it neither comes close to the car nor loses it.
   */
  private blend(time: number, share: number): void {
    const { left, rest, shown } = this;
    if (!this.shoot(this.leftKind, this.leftCar, time, left, this.since)) return;
    const from = this.from.copy(left.position).add(rest.position);
    left.target.add(rest.target);
    from.sub(left.target);
    const to = this.to.copy(shown.position).sub(shown.target);
    const distance = MathUtils.lerp(from.length(), to.length(), share);
    this.turn.setFromUnitVectors(from.normalize(), to.normalize());
    from.applyQuaternion(this.part.identity().slerp(this.turn, share));
    shown.target.lerpVectors(left.target, shown.target, share);
    shown.position.copy(shown.target).addScaledVector(from, distance);
    shown.up.lerpVectors(left.up.add(rest.up), shown.up, share).normalize();
    shown.fov = MathUtils.lerp(left.fov + rest.fov, shown.fov, share);
  }

  private enterOrbit(): void {
    const { position, target } = this.shown;
    const controls = (this.controls ??= new CameraControls(this.orbitCamera, this.canvas));
    controls.enabled = true;
    controls.minDistance = 3;
    controls.maxDistance = 400;
    controls.maxPolarAngle = 0.49 * Math.PI;
    void controls.setLookAt(...position.toArray(), ...target.toArray(), false);
  }

  /** The free camera: the hand's, carried along with the car. */
  private orbit(car: number, time: number, out: Shot): boolean {
    const { controls, pose } = this;
    if (!controls || !this.source?.sample(car, time, pose)) return false;
    void controls.moveTo(pose.position.x, pose.position.y + 0.7, pose.position.z, false);
    controls.update(FRAME);
    controls.getPosition(out.position, false);
    controls.getTarget(out.target, false);
    out.up.set(0, 1, 0);
    out.fov = this.orbitCamera.fov;
    return true;
  }
}
