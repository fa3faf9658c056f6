/** Solids from rings of points: the hulls, wings and plates that a car is made of. */

import { BufferAttribute, BufferGeometry, Vector3 } from "three";
import { toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";

/** A cross section of a hull, upright, at a place along z [m]. */
interface Section {
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
interface Profile {
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
/** Attribute of lofts: where the vertex's face is. */
export const FACE = "face";
const WING_POINTS = 10;

/** A triangle of a loft, and where it is around the rings [turns] and along z or x, by the middle of its patch. */
interface Face {
  readonly corners: readonly [Vector3, Vector3, Vector3];
  readonly around: number;
  readonly middle: Vector3;
}

/**
 * The closed solid through rings of equally many points; its normals point outwards. Attribute FACE holds, the same
 * for all of a patch between two rings and two points: turns around the ring (-1 on the ends), and the patch's middle.
 */
export function loft(rings: readonly (readonly Vector3[])[], crease = CREASE): BufferGeometry {
  const faces = rings.slice(1).flatMap((ring, row) => band(rings[row]!, ring));
  faces.push(...end(rings[0]!, 1), ...end(rings.at(-1)!, -1));
  const outward = volume(faces) >= 0;
  const corners = faces.flatMap(({ corners: [a, b, c] }) => (outward ? [a, b, c] : [a, c, b]));
  const geometry = new BufferGeometry().setFromPoints(corners);
  const patches = faces.flatMap(({ around, middle: { x, y, z } }) => {
    const patch = [around, x, y, z];
    return [...patch, ...patch, ...patch];
  });
  geometry.setAttribute(FACE, new BufferAttribute(new Float32Array(patches), 4));
  return toCreasedNormals(geometry, crease);
}

function band(front: readonly Vector3[], back: readonly Vector3[]): Face[] {
  const along = middle([...front, ...back]);
  return front.flatMap((a, k) => {
    const next = (k + 1) % front.length;
    const [b, c, d] = [front[next]!, back[k]!, back[next]!];
    const around = (k + 0.5) / front.length;
    return [
      { corners: [a, c, b] as const, around, middle: along },
      { corners: [b, c, d] as const, around, middle: along },
    ];
  });
}

function end(ring: readonly Vector3[], side: 1 | -1): Face[] {
  const centre = middle(ring);
  return ring.map((a, k) => {
    const b = ring[(k + 1) % ring.length]!;
    return { corners: side > 0 ? [centre, a, b] : [centre, b, a], around: -1, middle: centre };
  });
}

/** A hull through cross sections, from front to back, with `steps` rows between two of them. */
export function hull(sections: readonly Section[], steps = 2): BufferGeometry {
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
export function plate(
  x: number,
  thickness: number,
  outline: readonly (readonly [number, number])[],
): BufferGeometry {
  return loft(
    [x + thickness / 2, x - thickness / 2].map((side) => outline.map(([z, y]) => new Vector3(side, y, z))),
  );
}

/** A level plate: its outline as [x, z]. */
export function deck(
  y: number,
  thickness: number,
  outline: readonly (readonly [number, number])[],
): BufferGeometry {
  return loft(
    [y + thickness / 2, y - thickness / 2].map((level) => outline.map(([x, z]) => new Vector3(x, level, z))),
  );
}

/** A flat arm from one point to another, mainly across the car; half its height and depth [m]. */
export function strut(from: Vector3, to: Vector3, height = 0.011, depth = 0.03): BufferGeometry {
  const angles = [0, 0.5, 1, 1.5].map((half) => half * Math.PI);
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

function ring({ z, half, bottom, top, x = 0, taper = 0, square = 2.6 }: Section): Vector3[] {
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
    const [p, q, r, s] = [value(at(i - 1)), value(at(i)), value(at(i + 1)), value(at(i + 2))];
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

/** Six times the volume that faces enclose; negative if they are seen from inside. */
function volume(faces: readonly Face[]): number {
  const cross = new Vector3();
  return faces.reduce((sum, { corners: [a, b, c] }) => sum + a.dot(cross.crossVectors(b, c)), 0);
}
