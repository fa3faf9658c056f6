/** Trees, as instances of a few shapes, away from the road. */

import {
  BufferAttribute,
  type BufferGeometry,
  Color,
  ConeGeometry,
  CylinderGeometry,
  Group,
  IcosahedronGeometry,
  InstancedMesh,
  Matrix4,
  MeshLambertMaterial,
  Quaternion,
  Vector3,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";

import type { Ground } from "./ground";
import { fractal, random, smoothstep } from "../noise";
import { patch, type SharedUniforms } from "../shading";
import type { Tier } from "../types";

/** Most trees of a tier. */
const MOST: Readonly<Record<Tier, number>> = { light: 350, standard: 950, show: 1600 };

/** Trees stand this far from the road [m]: nearest (beyond lamps and stands), and farthest. */
const NEAREST = 24;
const FARTHEST = 520;

/** Side of the squares in which trees are drawn together [m]. */
const SECTOR = 420;

/** Mean distance of the places that are tried [m]. */
const RASTER = 13;

interface Tree {
  place: Vector3;
  height: number;
  turn: number;
  kind: number;
  shade: number;
}

/** The trees around a track whose middle is at (x, z). */
export function treeGroup(
  ground: Ground,
  x: number,
  z: number,
  reach: number,
  shared: SharedUniforms,
  tier: Tier,
): Group {
  const group = new Group();
  group.name = "trees";
  const shapes = [conifer(), broadleaf()];
  const material = patch(new MeshLambertMaterial({ vertexColors: true }), "tree", { ...shared }, SWAY);
  for (const trees of sectors(plant(ground, x, z, reach, MOST[tier])).values()) {
    group.add(instances(trees, shapes[trees[0]!.kind]!, material));
  }
  return group;
}

/** Trees of one kind and sector together, so that what is out of sight is not drawn. */
function sectors(trees: readonly Tree[]): Map<string, Tree[]> {
  const out = new Map<string, Tree[]>();
  for (const tree of trees) {
    const key = [tree.kind, Math.floor(tree.place.x / SECTOR), Math.floor(tree.place.z / SECTOR)].join();
    const sector = out.get(key);
    if (sector) sector.push(tree);
    else out.set(key, [tree]);
  }
  return out;
}

const SWAY = {
  uniforms: "uniform float time;\nuniform float wetness;\n",
  vertex: /* glsl */ `
    {
      vec3 root = instanceMatrix[3].xyz;
      float bend = 0.018 * position.y * position.y;
      transformed.x += bend * sin(1.3 * time + 0.13 * root.x + 0.07 * root.z);
      transformed.z += bend * sin(1.7 * time + 0.11 * root.z);
    }
  `,
  colour: "diffuseColor.rgb *= 1.0 - 0.3 * wetness;",
};

/** Choose places: groups of trees, denser away from the road, the best of all tried. */
export function plant(ground: Ground, x: number, z: number, reach: number, most: number): Tree[] {
  const draw = random(2020);
  const trees: (Tree & { rank: number })[] = [];
  const side = reach + FARTHEST;
  for (let dx = -side; dx < side; dx += RASTER) {
    for (let dz = -side; dz < side; dz += RASTER) {
      const [px, pz] = [x + dx + RASTER * draw(), z + dz + RASTER * draw()];
      const [rank, turn, size, shade] = [draw(), draw(), draw(), draw()];
      const wood = fractal(px / 170, pz / 170, 3, 53);
      if (rank > smoothstep(0.46, 0.66, wood) + 0.02) continue;
      const { height, distance } = ground.at(px, pz);
      if (distance < NEAREST || distance > FARTHEST) continue;
      const kind = fractal(px / 240, pz / 240, 2, 59) + 0.25 * (shade - 0.5) > 0.46 ? 0 : 1;
      trees.push({
        place: new Vector3(px, height - 0.25, pz),
        height: (kind === 0 ? 10 : 7) * (0.65 + 0.8 * size),
        turn: 2 * Math.PI * turn,
        kind,
        shade,
        rank: turn + distance / FARTHEST,
      });
    }
  }
  return trees.sort((a, b) => a.rank - b.rank).slice(0, most);
}

function instances(
  trees: readonly Tree[],
  shape: BufferGeometry,
  material: MeshLambertMaterial,
): InstancedMesh {
  const mesh = new InstancedMesh(shape, material, trees.length);
  const matrix = new Matrix4();
  const rotation = new Quaternion();
  const up = new Vector3(0, 1, 0);
  const scale = new Vector3();
  const colour = new Color();
  trees.forEach(({ place, height, turn, shade }, i) => {
    const width = height * (0.85 + 0.3 * shade);
    matrix.compose(place, rotation.setFromAxisAngle(up, turn), scale.set(width, height, width));
    mesh.setMatrixAt(i, matrix);
    mesh.setColorAt(i, colour.setRGB(0.8 + 0.45 * shade, 0.85 + 0.3 * shade, 0.75 + 0.3 * shade));
  });
  mesh.castShadow = true;
  mesh.receiveShadow = false;
  mesh.computeBoundingSphere();
  return mesh;
}

type Tint = readonly [number, number, number];

const BARK: Tint = [0.1, 0.062, 0.035];

/** A fir, 1 m high. */
function conifer(): BufferGeometry {
  const parts = [
    painted(new CylinderGeometry(0.022, 0.036, 0.25, 5, 1, true).translate(0, 0.11, 0), BARK, BARK),
  ];
  const tiers = 4;
  for (let i = 0; i < tiers; i++) {
    const share = i / (tiers - 1);
    const radius = 0.23 - 0.15 * share;
    const height = 0.36 - 0.1 * share;
    const cone = new ConeGeometry(radius, height, 8, 1, true).rotateY(i * 0.7);
    ragged(cone, 0.13, i);
    cone.translate((i % 2) * 0.008, 0.2 + 0.2 * i + height / 2, 0);
    parts.push(painted(cone, [0.012, 0.034, 0.017], [0.045 + 0.02 * share, 0.115 + 0.03 * share, 0.042]));
  }
  return mergeGeometries(parts);
}

/** A broad-leaved tree, 1 m high. */
function broadleaf(): BufferGeometry {
  const parts = [
    painted(new CylinderGeometry(0.03, 0.05, 0.42, 5, 1, true).translate(0, 0.2, 0), BARK, BARK),
  ];
  const lumps: [number, number, number, number][] = [
    [0, 0.66, 0, 0.33],
    [0.2, 0.52, 0.08, 0.2],
    [-0.16, 0.5, -0.12, 0.21],
  ];
  for (const [x, y, z, radius] of lumps) {
    const crown = new IcosahedronGeometry(radius, radius > 0.3 ? 1 : 0);
    ragged(crown, 0.16, x * 10);
    rounded(crown);
    crown.scale(1, 0.92, 1).translate(x, y, z);
    parts.push(painted(crown, [0.022, 0.052, 0.014], [0.11, 0.175, 0.042]));
  }
  return mergeGeometries(parts);
}

/** Push the corners of a shape in and out, so that it looks grown; equal corners move equally. */
function ragged(geometry: BufferGeometry, share: number, seed: number): void {
  const position = geometry.getAttribute("position");
  const place = new Vector3();
  for (let i = 0; i < position.count; i++) {
    place.fromBufferAttribute(position, i);
    const lump = Math.sin(place.x * 47 + seed) + Math.sin(place.z * 53 + 2 * seed) + Math.sin(place.y * 41);
    place.multiplyScalar(1 + (share * lump) / 2);
    position.setXYZ(i, place.x, place.y, place.z);
  }
  geometry.computeVertexNormals();
}

/** Light a lump of leaves as a ball, without facets. */
function rounded(geometry: BufferGeometry): void {
  const position = geometry.getAttribute("position");
  const normal = geometry.getAttribute("normal");
  const place = new Vector3();
  for (let i = 0; i < position.count; i++) {
    place.fromBufferAttribute(position, i).normalize();
    normal.setXYZ(i, place.x, place.y, place.z);
  }
}

/** Colour a part from its lowest to its highest corner; without texture coordinates, which trees do not need. */
function painted(part: BufferGeometry, low: Tint, high: Tint): BufferGeometry {
  const geometry = part.index ? part.toNonIndexed() : part;
  geometry.deleteAttribute("uv");
  geometry.computeBoundingBox();
  const { min, max } = geometry.boundingBox!;
  const position = geometry.getAttribute("position");
  const colours = new Float32Array(3 * position.count);
  for (let i = 0; i < position.count; i++) {
    const share = (position.getY(i) - min.y) / (max.y - min.y);
    colours.set(
      low.map((value, k) => value + (high[k]! - value) * share),
      3 * i,
    );
  }
  geometry.setAttribute("color", new BufferAttribute(colours, 3));
  return geometry;
}
