/** What a car senses: its LIDAR beams as a fan on the road. */

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  DynamicDrawUsage,
  Group,
  LineBasicMaterial,
  LineSegments,
  type Material,
  Mesh,
  MeshBasicMaterial,
  Points,
  PointsMaterial,
  Vector3,
} from "three";

import type { Pose } from "../types";

const BEAMS_MAX = 64;
/** Height of the beams above the car's origin [m]. */
const HEIGHT = 0.45;
/** Distances at which a beam is as red, and as blue, as it gets [m]. */
const NEAR = 6;
const FAR = 60;
const NEAR_COLOUR = new Color("#ff4d3d");
const FAR_COLOUR = new Color("#38d6ff");

/** Beams, their ends, and the free space between them, of one car. */
export class Lidar {
  readonly object = new Group();
  private readonly beams: BufferGeometry;
  private readonly ends: BufferGeometry;
  private readonly fan: BufferGeometry;
  private readonly materials: readonly Material[];
  private readonly origin = new Vector3();
  private readonly forward = new Vector3();
  private readonly left = new Vector3();
  private readonly end = new Vector3();
  private readonly colour = new Color();

  constructor() {
    this.beams = dynamicGeometry(2 * BEAMS_MAX);
    this.ends = dynamicGeometry(BEAMS_MAX);
    this.fan = dynamicGeometry(BEAMS_MAX + 1);
    this.fan.setIndex(Array.from({ length: BEAMS_MAX - 1 }, (_, k) => [BEAMS_MAX, k, k + 1]).flat());
    const shared = { vertexColors: true, transparent: true, depthWrite: false };
    const air = new MeshBasicMaterial({ ...shared, opacity: 0.13, side: DoubleSide });
    const line = new LineBasicMaterial({ ...shared, opacity: 0.55 });
    const dot = new PointsMaterial({ ...shared, size: 7, sizeAttenuation: false });
    this.materials = [air, line, dot];
    this.object.add(new Mesh(this.fan, air), new LineSegments(this.beams, line), new Points(this.ends, dot));
    for (const part of this.object.children) {
      part.frustumCulled = false;
      part.renderOrder = 3;
    }
  }

  /** Show what a car senses, or nothing. */
  update(pose: Pose | null): void {
    this.object.visible = pose?.lidar != null;
    if (!pose?.lidar) return;
    const { origin, forward, left } = this;
    const count = Math.min(pose.lidar.length, BEAMS_MAX);
    origin.set(0, HEIGHT, 0).applyQuaternion(pose.quaternion).add(pose.position);
    forward.set(0, 0, 1).applyQuaternion(pose.quaternion);
    left.set(1, 0, 0).applyQuaternion(pose.quaternion);
    for (let beam = 0; beam < count; beam++) this.place(beam, count, pose.lidar[beam]!);
    put(this.fan, BEAMS_MAX, origin, this.colour.copy(FAR_COLOUR));
    this.beams.setDrawRange(0, 2 * count);
    this.ends.setDrawRange(0, count);
    this.fan.setDrawRange(0, 3 * (count - 1));
    for (const geometry of [this.beams, this.ends, this.fan]) {
      geometry.attributes.position!.needsUpdate = true;
      geometry.attributes.color!.needsUpdate = true;
    }
  }

  dispose(): void {
    for (const part of [this.fan, this.beams, this.ends, ...this.materials]) part.dispose();
  }

  /** Beams go from straight right (first) over ahead to straight left (last). */
  private place(beam: number, count: number, distance: number): void {
    const { origin, forward, left, end, colour } = this;
    const angle = -Math.PI / 2 + (Math.PI * beam) / Math.max(1, count - 1);
    end
      .copy(origin)
      .addScaledVector(forward, distance * Math.cos(angle))
      .addScaledVector(left, distance * Math.sin(angle));
    const share = Math.min(1, Math.max(0, (distance - NEAR) / (FAR - NEAR)));
    colour.lerpColors(NEAR_COLOUR, FAR_COLOUR, share);
    put(this.beams, 2 * beam, origin, colour);
    put(this.beams, 2 * beam + 1, end, colour);
    put(this.ends, beam, end, colour);
    put(this.fan, beam, end, colour);
  }
}

function dynamicGeometry(vertices: number): BufferGeometry {
  const geometry = new BufferGeometry();
  for (const name of ["position", "color"]) {
    const attribute = new BufferAttribute(new Float32Array(vertices * 3), 3);
    geometry.setAttribute(name, attribute.setUsage(DynamicDrawUsage));
  }
  return geometry;
}

function put(geometry: BufferGeometry, vertex: number, at: Vector3, colour: Color): void {
  at.toArray(geometry.attributes.position!.array, 3 * vertex);
  colour.toArray(geometry.attributes.color!.array, 3 * vertex);
}
