import { type BufferGeometry, Vector3 } from "three";
import { describe, expect, test } from "vitest";

import { borderBreaks, borderGeometry } from "../../../src/scene/road/border";
import { flagMesh } from "../../../src/scene/world/flags";
import { buildLamps, buildPiers, buildStands, buildWarnings } from "../../../src/scene/world/furniture";
import { buildGates } from "../../../src/scene/world/gates";
import { Ground } from "../../../src/scene/world/ground";
import { Props } from "../../../src/scene/world/props";
import { newRibbonPoint, Ribbon } from "../../../src/scene/road/ribbon";
import { roadGeometry, roadStretches } from "../../../src/scene/road/road";
import { plant } from "../../../src/scene/world/trees";
import { newSharedUniforms } from "../../../src/scene/shading";
import { Stations } from "../../../src/scene/road/stations";
import { offset } from "../../../src/scene/road/sweep";
import { terrainGeometry } from "../../../src/scene/world/terrain";
import { bundledTracks, figureOfEight } from "../tracks";

/** Triangles by the cells of 16 m that they touch, to ask for the mesh's height at a place. */
class HeightMap {
  private readonly cells = new Map<string, number[]>();

  constructor(private readonly geometry: BufferGeometry) {
    const index = geometry.index!;
    for (let first = 0; first < index.count; first += 3) {
      const corners = this.corners(first);
      const [minX, maxX] = range(corners.map(({ x }) => x));
      const [minZ, maxZ] = range(corners.map(({ z }) => z));
      for (let i = Math.floor(minX / 16); i <= Math.floor(maxX / 16); i++) {
        for (let k = Math.floor(minZ / 16); k <= Math.floor(maxZ / 16); k++) {
          const key = `${i},${k}`;
          if (!this.cells.has(key)) this.cells.set(key, []);
          this.cells.get(key)!.push(first);
        }
      }
    }
  }

  at(x: number, z: number): number {
    for (const first of this.cells.get(`${Math.floor(x / 16)},${Math.floor(z / 16)}`) ?? []) {
      const [a, b, c] = this.corners(first) as [Vector3, Vector3, Vector3];
      const area = (b.x - a.x) * (c.z - a.z) - (c.x - a.x) * (b.z - a.z);
      const u = ((x - a.x) * (c.z - a.z) - (c.x - a.x) * (z - a.z)) / area;
      const v = ((b.x - a.x) * (z - a.z) - (x - a.x) * (b.z - a.z)) / area;
      if (u >= -1e-9 && v >= -1e-9 && u + v <= 1 + 1e-9) return a.y + u * (b.y - a.y) + v * (c.y - a.y);
    }
    throw new Error(`no ground at ${x}, ${z}`);
  }

  private corners(first: number): Vector3[] {
    const { index } = this.geometry;
    const position = this.geometry.getAttribute("position");
    return [0, 1, 2].map((k) => new Vector3().fromBufferAttribute(position, index!.getX(first + k)));
  }
}

function range(values: number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Whether the road has no loop. */
function upright({ track }: Ribbon): boolean {
  return track.up.every((value, i) => i % 3 !== 1 || value > 0);
}

function middle({ track }: Ribbon): [number, number] {
  const axis = (k: number): number => {
    const [low, high] = range(track.position.filter((_, i) => i % 3 === k));
    return (low + high) / 2;
  };
  return [axis(0), axis(2)];
}

function stationsOf(ribbon: Ribbon): Stations {
  return new Stations(ribbon, [...roadStretches(ribbon).map(({ begin }) => begin), ...borderBreaks(ribbon)]);
}

describe.each([figureOfEight(), ...bundledTracks()])("$id", (track) => {
  const ribbon = new Ribbon(track);
  const ground = new Ground(ribbon);
  const terrain = terrainGeometry(ground, ...middle(ribbon));
  const heights = new HeightMap(terrain);

  test("the ground stays beneath every road and beneath eye level beside it", () => {
    const point = newRibbonPoint();
    const place = new Vector3();
    let highest = -Infinity;
    let hidden = -Infinity;
    for (let arc = 0; arc < ribbon.total; arc += 1.5) {
      ribbon.at(arc, point);
      for (const share of [-1, -0.7, -0.3, 0, 0.3, 0.7, 1]) {
        offset(point, share * (share > 0 ? point.halfLeft : point.halfRight), 0, place);
        highest = Math.max(highest, heights.at(place.x, place.z) - place.y);
      }
      for (const side of [-1, 1]) {
        offset(point, side * ((side > 0 ? point.halfLeft : point.halfRight) + 5), 0, place);
        hidden = Math.max(hidden, heights.at(place.x, place.z) - place.y);
      }
    }
    expect(highest).toBeLessThan(-0.2);
    expect(hidden).toBeLessThan(1.5); // m; the chase camera is at 2.3 m
  });

  test("where tiles of different size meet there is no crack", () => {
    const position = terrain.getAttribute("position");
    // By place, to 1/16 m, as one number: strings take seconds to make for so many edges.
    const place = (x: number, z: number) => Math.round(16 * x) * 2 ** 24 + Math.round(16 * z);
    const vertices = new Map<number, number>();
    for (let i = 0; i < position.count; i++)
      vertices.set(place(position.getX(i), position.getZ(i)), position.getY(i));
    const index = terrain.index!.array;
    let [joints, widest, skipped] = [0, 0, 0];
    for (let i = 0; i < index.length; i++) {
      const [a, b] = [index[i]!, index[i - (i % 3) + ((i + 1) % 3)]!];
      const [ax, ay, az] = [position.getX(a), position.getY(a), position.getZ(a)];
      const [bx, by, bz] = [position.getX(b), position.getY(b), position.getZ(b)];
      if (ax !== bx && az !== bz) continue; // a diagonal
      const between = vertices.get(place((ax + bx) / 2, (az + bz) / 2));
      if (between !== undefined) {
        joints += 1;
        widest = Math.max(widest, Math.abs(between - (ay + by) / 2));
      }
      if (vertices.has(place((3 * ax + bx) / 4, (3 * az + bz) / 4))) skipped += 1;
    }
    expect(widest).toBeLessThan(1e-3);
    expect(skipped).toBe(0);
    expect(joints).toBeGreaterThan(50);
  });

  test("stretches cover the road once", () => {
    const stretches = roadStretches(ribbon);
    expect(stretches[0]!.begin).toBe(0);
    expect(stretches.at(-1)!.end).toBe(ribbon.total);
    stretches.slice(1).forEach(({ begin }, i) => expect(begin).toBe(stretches[i]!.end));
  });

  test("the road's mesh is the road and faces up", () => {
    const geometry = roadGeometry(stationsOf(ribbon));
    const position = geometry.getAttribute("position");
    const uv = geometry.getAttribute("uv");
    const point = newRibbonPoint();
    const [expected, found] = [new Vector3(), new Vector3()];
    for (let i = 0; i < position.count; i++) {
      const arc = uv.getY(i);
      offset(ribbon.at(Math.min(arc, ribbon.total - 1e-3), point), uv.getX(i), 0, expected);
      expect(expected.distanceTo(found.fromBufferAttribute(position, i))).toBeLessThan(0.01);
    }
    if (upright(ribbon)) expect(downwards(geometry)).toBe(0);
  });

  test("borders are finite and barriers begin where the road ends", () => {
    const geometry = borderGeometry(stationsOf(ribbon));
    const position = geometry.getAttribute("position");
    const place = new Vector3();
    const point = newRibbonPoint();
    const uv = geometry.getAttribute("uv");
    for (let i = 0; i < position.count; i++) {
      place.fromBufferAttribute(position, i);
      ribbon.at(Math.min(uv.getY(i), ribbon.total - 1e-3), point);
      const aside = place.sub(point.position).dot(point.left);
      const beyond = aside > 0 ? aside - point.halfLeft : -aside - point.halfRight;
      expect(beyond).toBeGreaterThan(-0.01); // NaN fails too
    }
  });

  test("nothing is built into the room that cars drive through", () => {
    const props = new Props();
    buildGates(props, ribbon);
    buildLamps(props, ribbon);
    buildWarnings(props, ribbon);
    buildPiers(props, ribbon, ground);
    buildStands(props, ribbon, ground);
    flagMesh(props, ribbon, newSharedUniforms());
    expect(intruders(props.geometry(), ribbon)).toEqual([]);
  });

  test("trees stand off the road, and always at the same places", () => {
    const trees = plant(ground, ...middle(ribbon), 300, 200);
    expect(trees.length).toBeGreaterThan(100);
    for (const { place } of trees) expect(ground.at(place.x, place.z).distance).toBeGreaterThan(20);
    expect(plant(ground, ...middle(ribbon), 300, 200)).toEqual(trees);
  });
});

/** Number of triangles that face down. */
function downwards(geometry: BufferGeometry): number {
  const index = geometry.index!;
  const position = geometry.getAttribute("position");
  const [a, b, c] = [new Vector3(), new Vector3(), new Vector3()];
  let count = 0;
  for (let i = 0; i < index.count; i += 3) {
    a.fromBufferAttribute(position, index.getX(i));
    b.fromBufferAttribute(position, index.getX(i + 1)).sub(a);
    c.fromBufferAttribute(position, index.getX(i + 2)).sub(a);
    if (b.cross(c).y <= 0) count += 1;
  }
  return count;
}

/** Corners within the borders of some road and less than 6 m above it. */
function intruders(geometry: BufferGeometry, ribbon: Ribbon): string[] {
  const position = geometry.getAttribute("position");
  const points = Array.from({ length: Math.floor(ribbon.total / 2) }, (_, i) =>
    ribbon.at(2 * i, newRibbonPoint()),
  );
  const out: string[] = [];
  const way = new Vector3();
  for (let i = 0; i < position.count; i++) {
    for (const { position: road, tangent, left, up, halfLeft, halfRight, arc } of points) {
      way.fromBufferAttribute(position, i).sub(road);
      if (Math.abs(way.x) > 20 || Math.abs(way.z) > 20 || Math.abs(way.dot(tangent)) > 1) continue;
      const [aside, above] = [way.dot(left), way.dot(up)];
      const inside = aside < halfLeft - 0.05 && -aside < halfRight - 0.05;
      if (inside && above > 0.02 && above < 6) out.push(`${arc} m: ${aside.toFixed(1)}, ${above.toFixed(1)}`);
    }
  }
  return out;
}
