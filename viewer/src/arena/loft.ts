/** Solids from rings of points: the hulls, wings and plates that a car is made of. */

import { BufferAttribute, BufferGeometry, Vector3 } from "three";
import { toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";

/** A cross section of a hull, upright, at a place along z [m]. */
export interface Section {
  readonly z: number;
  /** Half the width [m]. */
  readonly half: number;
  readonly bottom: number;
  readonly top: number;
  /** Middle [m]; 0. */
  readonly x?: number;
  /** How much narrower it is at the top than at the bottom, 0 to 1; 0. */
  readonly taper?: number;
  /** Exponent of its superellipse: 2 round, 5 nearly square; 2.6. */
  readonly square?: number;
}

/** A profile of a wing across the car [m]. */
export interface Profile {
  readonly x: number;
  /** Leading edge. */
  readonly y: number;
  readonly z: number;
  readonly chord: number;
  readonly thickness: number;
  /** Rise from the leading to the trailing edge [rad]. */
  readonly pitch: number;
}

/** Edges sharper than this stay sharp [rad]. */
const CREASE = 0.62;
const HULL_POINTS = 20;
const WING_POINTS = 10;

/** The closed solid through rings of equally many points; its normals point outwards. */
export function loft(rings: readonly (readonly Vector3[])[], crease = CREASE): BufferGeometry {
  const count = rings[0]!.length;
  const points = rings.flat();
  const triangles: [Vector3, Vector3, Vector3][] = [];
  for (let row = 0; row + 1 < rings.length; row++) {
    for (let k = 0; k < count; k++) {
      const next = (k + 1) % count;
      const a = points[row * count + k]!;
      const b = points[row * count + next]!;
      const c = points[(row + 1) * count + k]!;
      const d = points[(row + 1) * count + next]!;
      triangles.push([a, c, b], [b, c, d]);
    }
  }
  const front = rings[0]!;
  const back = rings.at(-1)!;
  const [frontMiddle, backMiddle] = [middle(front), middle(back)];
  for (let k = 0; k < count; k++) {
    const next = (k + 1) % count;
    triangles.push([frontMiddle, front[k]!, front[next]!], [backMiddle, back[next]!, back[k]!]);
  }
  const outward = volume(triangles) >= 0;
  const corners = triangles.flatMap(([a, b, c]) => (outward ? [a, b, c] : [a, c, b]));
  const geometry = new BufferGeometry().setFromPoints(corners);
  return toCreasedNormals(geometry, crease);
}

/** A hull through cross sections, from front to back, with `steps` rows between two of them. */
export function hull(sections: readonly Section[], steps = 3): BufferGeometry {
  const rings: Vector3[][] = [];
  for (let i = 0; i + 1 < sections.length; i++) {
    for (let step = 0; step < steps; step++) rings.push(ring(between(sections, i, step / steps)));
  }
  rings.push(ring(sections.at(-1)!));
  return loft(rings);
}

/** A wing through profiles from one side to the other. */
export function wing(profiles: readonly Profile[]): BufferGeometry {
  return loft(
    profiles.map(({ x, y, z, chord, thickness, pitch }) =>
      Array.from({ length: WING_POINTS }, (_, k) => {
        const angle = (k / WING_POINTS) * 2 * Math.PI;
        const along = (1 - Math.cos(angle)) / 2;
        const across = (thickness / 2) * Math.sin(angle) * (1.25 - 0.85 * along);
        return new Vector3(
          x,
          y + chord * along * Math.sin(pitch) + across * Math.cos(pitch),
          z - chord * along * Math.cos(pitch) + across * Math.sin(pitch),
        );
      }),
    ),
  );
}

/** An upright plate along the car: its outline as [z, y] about a middle that sees all of it. */
export function plate(x: number, thickness: number, outline: readonly (readonly [number, number])[]) {
  return loft(
    [x + thickness / 2, x - thickness / 2].map((side) => outline.map(([z, y]) => new Vector3(side, y, z))),
  );
}

/** A level plate: its outline as [x, z]. */
export function deck(y: number, thickness: number, outline: readonly (readonly [number, number])[]) {
  return loft(
    [y + thickness / 2, y - thickness / 2].map((level) => outline.map(([x, z]) => new Vector3(x, level, z))),
  );
}

/** A flat arm from one point to another, mainly across the car; half its height and depth [m]. */
export function strut(from: Vector3, to: Vector3, height = 0.011, depth = 0.03): BufferGeometry {
  const angles = Array.from({ length: 6 }, (_, k) => (k / 6) * 2 * Math.PI);
  return loft(
    [from, to].map((end) =>
      angles.map(
        (angle) => new Vector3(end.x, end.y + height * Math.sin(angle), end.z + depth * Math.cos(angle)),
      ),
    ),
  );
}

/** The same part on the other side of the car. */
export function mirrored(geometry: BufferGeometry): BufferGeometry {
  const copy = geometry.clone().scale(-1, 1, 1);
  for (const attribute of Object.values(copy.attributes) as BufferAttribute[]) swapCorners(attribute);
  return copy;
}

/** Turn the triangles of a geometry without an index around. */
function swapCorners(attribute: BufferAttribute): void {
  const { array, itemSize } = attribute;
  for (let corner = 0; corner < attribute.count; corner += 3) {
    const second = array.slice((corner + 1) * itemSize, (corner + 2) * itemSize);
    array.copyWithin((corner + 1) * itemSize, (corner + 2) * itemSize, (corner + 3) * itemSize);
    array.set(second, (corner + 2) * itemSize);
  }
}

function ring({
  z,
  half,
  bottom,
  top,
  x = 0,
  taper = 0,
  square = 2.6,
}: Required<Section> | Section): Vector3[] {
  return Array.from({ length: HULL_POINTS }, (_, k) => {
    const angle = (k / HULL_POINTS) * 2 * Math.PI;
    const across = rounded(Math.cos(angle), square);
    const up = rounded(Math.sin(angle), square);
    const narrowed = 1 - (taper * (up + 1)) / 2;
    return new Vector3(x + half * across * narrowed, (top + bottom) / 2 + ((top - bottom) / 2) * up, z);
  });
}

function rounded(value: number, square: number): number {
  return Math.sign(value) * Math.abs(value) ** (2 / square);
}

/** The section a part of the way from one section to the next, on a Catmull-Rom curve. */
function between(sections: readonly Section[], i: number, part: number): Section {
  const at = (k: number) => sections[Math.min(sections.length - 1, Math.max(0, k))]!;
  const blend = (value: (section: Section) => number) => {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)].map(value) as [
      number,
      number,
      number,
      number,
    ];
    const linear = (r - p) / 2;
    const quadratic = p - 2.5 * q + 2 * r - s / 2;
    const cubic = (s - p) / 2 + 1.5 * (q - r);
    return q + part * (linear + part * (quadratic + part * cubic));
  };
  return {
    z: at(i).z + (at(i + 1).z - at(i).z) * part,
    half: blend((section) => section.half),
    bottom: blend((section) => section.bottom),
    top: blend((section) => section.top),
    x: blend((section) => section.x ?? 0),
    taper: blend((section) => section.taper ?? 0),
    square: blend((section) => section.square ?? 2.6),
  };
}

function middle(points: readonly Vector3[]): Vector3 {
  return points.reduce((sum, point) => sum.add(point), new Vector3()).divideScalar(points.length);
}

/** Six times the volume that triangles enclose; negative if they are seen from inside. */
function volume(triangles: readonly [Vector3, Vector3, Vector3][]): number {
  const cross = new Vector3();
  return triangles.reduce((sum, [a, b, c]) => sum + a.dot(cross.crossVectors(b, c)), 0);
}
