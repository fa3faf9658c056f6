/** Where each race camera stands: a pure function of who drives where, and of the time. */

import { MathUtils, Vector3 } from "three";

import { WALL_HEIGHT } from "../road/border";
import { newPose } from "../pose";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "../road/ribbon";
import type { CameraKind, PoseSource } from "../types";

/** One look at the world. */
export interface Shot {
  readonly position: Vector3;
  readonly target: Vector3;
  readonly up: Vector3;
  /** Vertical field of view [degrees]. */
  fov: number;
}

/** A look from above the world's origin. */
export function newShot(): Shot {
  return {
    position: new Vector3(0, 60, -60),
    target: new Vector3(),
    up: new Vector3(0, 1, 0),
    fov: 60,
  };
}

/** Copy `from` into `to`. */
export function copyShot(to: Shot, from: Shot): Shot {
  to.position.copy(from.position);
  to.target.copy(from.target);
  to.up.copy(from.up);
  to.fov = from.fov;
  return to;
}

/** Cameras that need nobody's hand. */
type RaceCamera = Exclude<CameraKind, "orbit">;

const UP = new Vector3(0, 1, 0);
const CHASE = { samples: 10, spacing: 0.06, decay: 0.35 };
const OVERHEAD = { samples: 14, spacing: 0.12, decay: 0.16 };
/** Camera behind the car: distance and height [m], and what a m/s adds to distance [m] and view [degrees]. */
const CHASE_DISTANCE = 6.4;
const CHASE_HEIGHT = 2.35;
const CHASE_PER_SPEED = 0.02;
const CHASE_FOV = 60;
const CHASE_FOV_PER_SPEED = 0.11;
const SPEED_MAX = 110;
/** Clear of the borders and of the road [m]. */
const MARGIN = 0.7;
const CLEARANCE = 1.1;
/** The driver's eyes and what they look at, in the car's frame [m]. */
const EYES = new Vector3(0, 0.98, -0.1);
const LOOK = new Vector3(0, 0.62, 12);
/** How far the head goes with a lateral acceleration [m per m/s2], and at most [m] (guess). */
const HEAD_PER_ACCELERATION = 0.0011;
const HEAD_MAX = 0.06;
const OVERHEAD_HEIGHT = 56;
/** From this far below the road on a camera no longer falls with its car, and from there on stays on the road [m] (guess). */
const FALLEN = [8, 24] as const;
/** Distance between trackside posts [m], and of a post from the border [m]: before all lamps, boards and flags. */
const POST_SPACING = 110;
const POST_AWAY = 0.4;
/** Height over the road's plane, and least height over the border's foot [m]. */
const POST_HEIGHT = 4.6;
const POST_LIFT = WALL_HEIGHT + 1.2;
/** From this slope across [1] on, posts stand where a bank is low: the road faces them. */
const BANKED = 0.2;
/** Height that a trackside camera keeps in view [m], and the limits of its field of view [degrees]. */
const TRACKSIDE_HEIGHT = 12.5;
const TRACKSIDE_FOV = [13, 36] as const;

/** Works out the shots of one source on one track. */
export class Shots {
  private readonly pose = newPose();
  private readonly past = newPose();
  private readonly point = newRibbonPoint();
  private readonly heading = new Vector3();
  /** What is followed: the car, or the road above it once it has fallen off; and how much the latter, 0 to 1. */
  private readonly followed = new Vector3();
  private fallen = 0;
  /** Mean of the past speeds [m/s], as that of the headings. */
  private pastSpeed = 0;
  private readonly vector = new Vector3();
  private readonly left = new Vector3();

  constructor(
    private readonly source: PoseSource,
    private readonly ribbon: Ribbon,
  ) {}

  /**
   * Fill `out` with a camera's shot; false, and `out` as it was, where the car is not there.
   *
   * @param postTime Film from that post beside the track that is the right one at this time [s].
   */
  take(kind: RaceCamera, car: number, time: number, out: Shot, postTime = time): boolean {
    if (!this.source.sample(car, time, this.pose)) return false;
    this.follow();
    if (kind === "cockpit") this.cockpit(car, time, out);
    else if (kind === "overhead") this.overhead(car, time, out);
    else if (kind === "trackside") this.trackside(car, postTime, out);
    else this.chase(car, time, out);
    return true;
  }

  private follow(): void {
    const { pose, point, ribbon, vector } = this;
    ribbon.at(pose.progress + ribbon.track.start, point);
    const depth = -vector.subVectors(pose.position, point.position).dot(point.up);
    this.fallen = MathUtils.smoothstep(depth, ...FALLEN);
    this.followed.lerpVectors(pose.position, point.position, this.fallen);
  }

  private chase(car: number, time: number, out: Shot): void {
    const { pose, point, ribbon, followed, fallen } = this;
    const heading = this.pastHeading(car, time, CHASE);
    const speed = Math.min(this.pastSpeed, SPEED_MAX) * (1 - fallen);
    ribbon.at(pose.progress + ribbon.track.start, point);
    heading.lerp(point.tangent, fallen).normalize();
    out.up.copy(UP).multiplyScalar(0.35).addScaledVector(point.up, 0.65).normalize();
    const distance = CHASE_DISTANCE + CHASE_PER_SPEED * speed;
    out.position.copy(followed).addScaledVector(heading, -distance).addScaledVector(out.up, CHASE_HEIGHT);
    this.keepOnRoad(distance, out.position);
    out.target.copy(followed).addScaledVector(heading, 5).addScaledVector(out.up, 0.85);
    out.fov = CHASE_FOV + CHASE_FOV_PER_SPEED * speed;
  }

  private cockpit(car: number, time: number, out: Shot): void {
    const { pose, past, vector, left } = this;
    left.set(1, 0, 0).applyQuaternion(pose.quaternion);
    out.position.copy(EYES).applyQuaternion(pose.quaternion).add(pose.position);
    if (this.source.sample(car, time - 0.1, past)) {
      const sideways = vector.subVectors(pose.velocity, past.velocity).dot(left) / 0.1;
      const lean = MathUtils.clamp(-sideways * HEAD_PER_ACCELERATION, -HEAD_MAX, HEAD_MAX);
      out.position.addScaledVector(left, lean);
    }
    out.target.copy(LOOK).applyQuaternion(pose.quaternion).add(pose.position);
    out.up.set(0, 1, 0).applyQuaternion(pose.quaternion);
    out.fov = 74;
  }

  private overhead(car: number, time: number, out: Shot): void {
    const heading = this.pastHeading(car, time, OVERHEAD).setY(0).normalize();
    const { followed } = this;
    out.position.copy(followed).addScaledVector(UP, OVERHEAD_HEIGHT).addScaledVector(heading, -16);
    out.target.copy(followed).addScaledVector(heading, 9);
    out.up.copy(heading);
    out.fov = 50;
  }

  private trackside(car: number, postTime: number, out: Shot): void {
    const { pose, past, point, ribbon } = this;
    const { progress } = this.source.sample(car, postTime, past) ? past : pose;
    const post = Math.round((progress + ribbon.track.start) / POST_SPACING);
    ribbon.at(post * POST_SPACING, point);
    const side = postSide(point, post);
    const border = side > 0 ? point.halfLeft : -point.halfRight;
    const height = POST_HEIGHT + (Math.abs(post) % 3) * 0.9;
    out.position
      .copy(point.position)
      .addScaledVector(point.left, border + side * POST_AWAY)
      .addScaledVector(point.up, height);
    const lift = side * POST_AWAY * point.left.y + height * point.up.y;
    if (point.up.y > 0) out.position.addScaledVector(UP, Math.max(0, POST_LIFT - lift));
    out.target.copy(this.followed).addScaledVector(UP, 0.6);
    out.up.copy(UP);
    const distance = out.position.distanceTo(out.target);
    const fov = 2 * MathUtils.radToDeg(Math.atan(TRACKSIDE_HEIGHT / 2 / distance));
    out.fov = MathUtils.clamp(fov, ...TRACKSIDE_FOV);
  }

  /** The mean of the past headings, the newest weighing most: a spring without a state. */
  private pastHeading(car: number, time: number, { samples, spacing, decay }: typeof CHASE): Vector3 {
    const { heading, vector, pose, past } = this;
    heading.set(0, 0, 1).applyQuaternion(pose.quaternion);
    let sum = 1;
    this.pastSpeed = pose.velocity.length();
    for (let k = 1; k < samples; k++) {
      if (!this.source.sample(car, time - k * spacing, past)) break;
      vector.set(0, 0, 1).applyQuaternion(past.quaternion);
      const weight = Math.exp(-k * decay);
      heading.addScaledVector(vector, weight);
      this.pastSpeed += past.velocity.length() * weight;
      sum += weight;
    }
    this.pastSpeed /= sum;
    return heading.normalize();
  }

  /**
   * Move a point `behind` metres behind the car between the borders, and above the road.
   *
   * What is followed beyond the borders, or below the road, takes its camera along.
   */
  private keepOnRoad(behind: number, position: Vector3): void {
    const { pose, followed, point, vector, ribbon } = this;
    ribbon.at(pose.progress + ribbon.track.start - behind, point);
    vector.subVectors(followed, point.position);
    const most = Math.max(point.halfLeft - MARGIN, vector.dot(point.left));
    const least = Math.min(MARGIN - point.halfRight, vector.dot(point.left));
    const lowest = CLEARANCE + Math.min(0, vector.dot(point.up));
    vector.subVectors(position, point.position);
    const across = vector.dot(point.left);
    const lift = Math.max(0, lowest - vector.dot(point.up));
    position.addScaledVector(point.left, MathUtils.clamp(across, least, most) - across);
    position.addScaledVector(point.up, lift);
  }
}

/** On which side of the road a post stands, 1 left or -1 right: low at a bank, outside in a curve, else by turns. */
function postSide({ left, curvature }: RibbonPoint, post: number): number {
  if (Math.abs(left.y) > BANKED) return -Math.sign(left.y);
  if (Math.abs(curvature) > 0.003) return -Math.sign(curvature);
  return post % 2 ? 1 : -1;
}
