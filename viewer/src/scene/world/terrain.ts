/** The ground as a mesh: fine beside the road, coarse far away, without cracks between. */

import {
  BufferAttribute,
  BufferGeometry,
  Group,
  type IUniform,
  Mesh,
  MeshLambertMaterial,
  MeshStandardMaterial,
  Sphere,
  type Texture,
  Vector3,
} from "three";

import type { Ground } from "./ground";
import { fractal, lerp, smoothstep } from "../noise";
import { type Lit, patch, type Patch, type SharedUniforms } from "../shading";
import type { Tier } from "../types";

/** Side of the whole ground, of its largest and of its smallest tiles [m]; cells along a tile's side. */
const WHOLE = 8192;
const LARGEST = 256;
const SMALLEST = 16;
const CELLS = 4;

/** A tile is divided if the road is nearer than this many of its sides; above 1.42 neighbours differ by one step at most. */
const REACH = 1.5;

/** Side of the squares that are drawn if any of them is in sight [m] (guess: some twelve in a picture). */
const SECTOR = 1024;

/** A square of ground, by its corner with the least coordinates [m]. */
interface Tile {
  x: number;
  z: number;
  size: number;
}

/** Builds the mesh of a ground around a centre. */
class TileMesh {
  private readonly positions: number[] = [];
  private readonly distances: number[] = [];
  private readonly colours: number[] = [];
  private readonly indices: number[] = [];
  private readonly vertices = new Map<string, number>();
  private readonly tiles = new Map<string, number>();
  private readonly list: Tile[] = [];

  constructor(
    private readonly ground: Ground,
    centreX: number,
    centreZ: number,
  ) {
    const snap = (value: number): number => Math.round(value / LARGEST) * LARGEST - WHOLE / 2;
    for (let x = 0; x < WHOLE; x += LARGEST) {
      for (let z = 0; z < WHOLE; z += LARGEST) {
        this.divide({ x: snap(centreX) + x, z: snap(centreZ) + z, size: LARGEST });
      }
    }
    this.list.sort((a, b) => sector(a) - sector(b));
    for (const tile of this.list) this.fill(tile);
  }

  geometry(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.positions), 3));
    geometry.setIndex(this.indices);
    geometry.computeVertexNormals();
    this.paint(geometry.getAttribute("normal") as BufferAttribute);
    geometry.setAttribute("color", new BufferAttribute(new Float32Array(this.colours), 3));
    const count = this.indices.length / this.list.length;
    this.list.forEach((tile, i) => {
      if (i > 0 && sector(tile) === sector(this.list[i - 1]!)) geometry.groups.at(-1)!.count += count;
      else geometry.addGroup(i * count, count);
    });
    return geometry;
  }

  private divide(tile: Tile): void {
    const half = tile.size / 2;
    const middle = this.ground.at(tile.x + half, tile.z + half).distance;
    if (tile.size === SMALLEST || middle - half * Math.SQRT2 > REACH * tile.size) {
      this.list.push(tile);
      this.tiles.set(`${tile.x},${tile.z}`, tile.size);
      return;
    }
    for (const dx of [0, half])
      for (const dz of [0, half]) this.divide({ x: tile.x + dx, z: tile.z + dz, size: half });
  }

  private fill(tile: Tile): void {
    const step = tile.size / CELLS;
    const coarse = [
      this.isCoarse(tile, -1, 0),
      this.isCoarse(tile, 1, 0),
      this.isCoarse(tile, 0, -1),
      this.isCoarse(tile, 0, 1),
    ] as const;
    const vertex = (i: number, k: number): number => {
      const acrossX = k % 2 === 1 && ((i === 0 && coarse[0]) || (i === CELLS && coarse[1]));
      const acrossZ = i % 2 === 1 && ((k === 0 && coarse[2]) || (k === CELLS && coarse[3]));
      return this.vertex(tile.x + i * step, tile.z + k * step, acrossZ ? step : 0, acrossX ? step : 0);
    };
    for (let i = 0; i < CELLS; i++) {
      for (let k = 0; k < CELLS; k++) {
        const [a, b, c, d] = [vertex(i, k), vertex(i + 1, k), vertex(i, k + 1), vertex(i + 1, k + 1)];
        if ((i + k) % 2 === 0) this.indices.push(a, c, d, a, d, b);
        else this.indices.push(a, c, b, b, c, d);
      }
    }
  }

  /** Whether the neighbour in a direction is larger. */
  private isCoarse(tile: Tile, dx: number, dz: number): boolean {
    const double = 2 * tile.size;
    const x = Math.floor((tile.x + dx * tile.size) / double) * double;
    const z = Math.floor((tile.z + dz * tile.size) / double) * double;
    return this.tiles.get(`${x},${z}`) === double;
  }

  /** A vertex; on the border of a larger tile it lies on that tile's edge, `dx` or `dz` [m] from its ends. */
  private vertex(x: number, z: number, dx: number, dz: number): number {
    const key = `${x},${z}`;
    const known = this.vertices.get(key);
    if (known !== undefined) return known;
    const { height, distance } = this.ground.at(x, z);
    const onEdge = (): number =>
      (this.ground.heightAt(x - dx, z - dz) + this.ground.heightAt(x + dx, z + dz)) / 2;
    const index = this.distances.length;
    this.positions.push(x, dx || dz ? onEdge() : height, z);
    this.distances.push(distance);
    this.vertices.set(key, index);
    return index;
  }

  /** Colours of the vertices: grass, bare earth on slopes, rock and snow on mountains. */
  private paint(normal: BufferAttribute): void {
    for (let i = 0; i < normal.count; i++) {
      const [x, y, z] = [this.positions[3 * i]!, this.positions[3 * i + 1]!, this.positions[3 * i + 2]!];
      this.colours.push(...colour(x, y, z, normal.getY(i), this.distances[i]!));
    }
  }
}

/** Number of the square that a tile lies in. */
function sector({ x, z }: Tile): number {
  return Math.floor(x / SECTOR) * WHOLE + Math.floor(z / SECTOR);
}

type Colour = [number, number, number]; // linear

const MOWN: Colour = [0.125, 0.225, 0.045];
const MEADOW: Colour = [0.105, 0.175, 0.04];
const DRY: Colour = [0.19, 0.2, 0.07];
const WOOD: Colour = [0.045, 0.095, 0.03];
const EARTH: Colour = [0.19, 0.15, 0.09];
const ROCK: Colour = [0.15, 0.145, 0.15];
const SNOW: Colour = [0.78, 0.82, 0.88];

/** What grows at a place: `steepness` is the normal's y, `distance` the way to the road [m]. */
function colour(x: number, y: number, z: number, steepness: number, distance: number): Colour {
  const patches = fractal(x / 90, z / 90, 3, 41);
  let out = blend(MEADOW, DRY, smoothstep(0.45, 0.75, patches));
  out = blend(
    out,
    WOOD,
    0.75 * smoothstep(0.5, 0.62, fractal(x / 400, z / 400, 3, 43)) * smoothstep(120, 500, distance),
  );
  out = blend(MOWN, out, smoothstep(9, 26, distance + 8 * (patches - 0.5)));
  const wild = fractal(x / 130, z / 130, 3, 47);
  out = blend(out, EARTH, 0.7 * smoothstep(0.9, 0.82, steepness) * smoothstep(2, 8, distance));
  const high = smoothstep(110, 210, y + 90 * (wild - 0.5)) * smoothstep(600, 1100, distance);
  out = blend(out, ROCK, Math.max(high, smoothstep(0.8, 0.7, steepness) * smoothstep(300, 700, distance)));
  const snow = smoothstep(250, 330, y + 130 * (wild - 0.5)) * smoothstep(0.55, 0.72, steepness);
  return blend(out, SNOW, snow * smoothstep(900, 1300, distance));
}

function blend(from: Colour, to: Colour, share: number): Colour {
  return [lerp(from[0], to[0], share), lerp(from[1], to[1], share), lerp(from[2], to[2], share)];
}

const SHADER: Patch = {
  uniforms: /* glsl */ `
    uniform float wetness;
    uniform sampler2D noiseMap;
  `,
  vertexHead: "varying vec3 vGround;",
  vertex: "vGround = position;",
  fragmentHead: "varying vec3 vGround;",
  colour: /* glsl */ `
    {
      float far = length(vViewPosition);
      vec2 turned = mat2(0.8, 0.6, -0.6, 0.8) * vGround.xz;
      vec4 broad = texture2D(noiseMap, turned / 133.0);
      vec4 fine = texture2D(noiseMap, vGround.xz / 4.3);
      float near = 1.0 - smoothstep(15.0, 140.0, far);
      diffuseColor.rgb *= mix(1.0, 0.5 + 1.0 * (0.55 * fine.r + 0.45 * fine.a), 0.8 * near);
      #ifdef STANDARD
        vec4 vast = texture2D(noiseMap, vGround.xz / 790.0);
        diffuseColor.rgb *= 0.8 + 0.4 * vast.g;
      #endif
      float soft = 1.0 - smoothstep(120.0, 900.0, far);
      diffuseColor.rgb *= mix(0.95, 0.72 + 0.46 * broad.g, soft);
      diffuseColor.rgb *= mix(vec3(1.0), vec3(1.2, 1.02, 0.72), 0.4 * smoothstep(0.45, 0.8, broad.b));
      diffuseColor.rgb *= 1.0 - 0.3 * wetness;
    }
  `,
  light: /* glsl */ `
    #ifdef STANDARD
      reflectedLight.indirectSpecular *= 0.15; // leaves and stones hide most of the sky's gloss
      reflectedLight.directSpecular *= 0.15;
    #endif
  `,
};

/** The ground around the middle of a track, in meshes of which those out of sight are not drawn. */
export function terrainGroup(
  ground: Ground,
  centreX: number,
  centreZ: number,
  shared: SharedUniforms,
  noise: Texture,
  tier: Tier,
): Group {
  const whole = terrainGeometry(ground, centreX, centreZ);
  const material = terrainMaterial(shared, noise, tier);
  const group = new Group();
  group.name = "terrain";
  for (const { start, count } of whole.groups) {
    const mesh = new Mesh(partOf(whole, start, count), material);
    mesh.receiveShadow = true;
    group.add(mesh);
  }
  return group;
}

/** Some of a geometry's triangles: it shares all data with the whole, but knows where its own part lies. */
function partOf(whole: BufferGeometry, start: number, count: number): BufferGeometry {
  const part = new BufferGeometry();
  const position = whole.getAttribute("position");
  const index = whole.getIndex()!;
  for (const name of ["position", "normal", "color"]) part.setAttribute(name, whole.getAttribute(name));
  part.setIndex(index);
  part.setDrawRange(start, count);
  const corners = Array.from({ length: count }, (_, i) =>
    new Vector3().fromBufferAttribute(position, index.getX(start + i)),
  );
  part.boundingSphere = new Sphere().setFromPoints(corners);
  return part;
}

/** The ground's mesh as a whole; its groups are the squares that it is drawn in. */
export function terrainGeometry(ground: Ground, centreX: number, centreZ: number): BufferGeometry {
  return new TileMesh(ground, centreX, centreZ).geometry();
}

function terrainMaterial(shared: SharedUniforms, noise: Texture, tier: Tier): Lit {
  const uniforms: Record<string, IUniform> = { ...shared, noiseMap: { value: noise } };
  const options = { vertexColors: true };
  if (tier === "light") return patch(new MeshLambertMaterial(options), "terrain-light", uniforms, SHADER);
  return patch(
    new MeshStandardMaterial({ ...options, roughness: 1, metalness: 0 }),
    "terrain",
    uniforms,
    SHADER,
  );
}
