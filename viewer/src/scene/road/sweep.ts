/** Geometry made by moving a cross-section along the road. */

import { BufferAttribute, BufferGeometry, Vector3 } from "three";

import { newRibbonPoint, type Ribbon, type RibbonPoint } from "./ribbon";

/** A corner of a cross-section: distance to the left of the centre-line and above the road [m]. */
export interface Corner {
  left: number;
  up: number;
  /** Texture coordinate across; the one along is the arc length [m]. */
  across: number;
}

/** Collects swept strips into one geometry; `extras` names further attributes and their sizes. */
export class Sweep {
  private readonly positions: number[] = [];
  private readonly normals: number[] = [];
  private readonly uvs: number[] = [];
  private readonly indices: number[] = [];
  private readonly values: number[][];

  constructor(
    private readonly ribbon: Ribbon,
    private readonly extras: readonly { name: string; size: number }[] = [],
  ) {
    this.values = extras.map(() => []);
  }

  /**
   * Sweep a line of corners, which may depend on the place, along arc lengths. Seen along the road, the
   * surface faces to the left of the line from one corner to the next. `extra` gives a corner's further attributes.
   */
  add(
    arcs: readonly number[],
    corners: (point: RibbonPoint) => readonly Corner[],
    extra: (point: RibbonPoint, corner: Corner, arc: number) => readonly (readonly number[])[] = () => [],
  ): void {
    const point = newRibbonPoint();
    let before = -1;
    for (const arc of arcs) {
      const line = corners(this.ribbon.at(arc, point));
      const first = this.positions.length / 3;
      for (let side = 0; side < line.length; side++) this.addCorner(point, line, side, arc, extra);
      if (before >= 0) this.join(before, first, line.length);
      before = first;
    }
  }

  /** Corners of triangles so far. */
  get count(): number {
    return this.indices.length;
  }

  geometry(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.positions), 3));
    geometry.setAttribute("normal", new BufferAttribute(new Float32Array(this.normals), 3));
    geometry.setAttribute("uv", new BufferAttribute(new Float32Array(this.uvs), 2));
    this.extras.forEach(({ name, size }, i) => {
      geometry.setAttribute(name, new BufferAttribute(new Float32Array(this.values[i]!), size));
    });
    geometry.setIndex(this.indices);
    return geometry;
  }

  private addCorner(
    point: RibbonPoint,
    line: readonly Corner[],
    side: number,
    arc: number,
    extra: (point: RibbonPoint, corner: Corner, arc: number) => readonly (readonly number[])[],
  ): void {
    const corner = line[side]!;
    const place = offset(point, corner.left, corner.up, new Vector3());
    this.positions.push(place.x, place.y, place.z);
    const a = line[Math.max(0, side - 1)]!;
    const b = line[Math.min(line.length - 1, side + 1)]!;
    const [across, height] = [b.left - a.left, b.up - a.up];
    const size = Math.hypot(across, height);
    const normal = new Vector3()
      .addScaledVector(point.left, height / size)
      .addScaledVector(point.up, -across / size);
    this.normals.push(normal.x, normal.y, normal.z);
    this.uvs.push(corner.across, arc);
    extra(point, corner, arc).forEach((value, i) => this.values[i]!.push(...value));
  }

  private join(before: number, first: number, corners: number): void {
    for (let side = 0; side < corners - 1; side++) {
      const [a, b, c, d] = [before + side, before + side + 1, first + side, first + side + 1];
      this.indices.push(a, b, c, c, b, d);
    }
  }
}

/** A place beside and above a point of the road. */
export function offset(point: RibbonPoint, left: number, up: number, out: Vector3): Vector3 {
  return out.copy(point.position).addScaledVector(point.left, left).addScaledVector(point.up, up);
}
