/** What bounds the road: barriers, open edges, verges, and the slab beneath them. */

import {
  type BufferGeometry,
  type IUniform,
  Mesh,
  MeshLambertMaterial,
  MeshStandardMaterial,
  type Texture,
} from "three";

import { BORDER_SHADER } from "./border-shader";
import { Border, Surface } from "./codes";
import type { Ribbon, RibbonPoint } from "./ribbon";
import { type Lit, patch, type SharedUniforms } from "../shading";
import { runs, type Stations, type Stretch } from "./stations";
import { type Corner, Sweep } from "./sweep";
import type { Tier } from "../types";

/** Beside a gap in the road. */
const NOTHING = -1;

/** Height and thickness of a barrier, which leans outwards by LEAN [m]: low, so that the chase camera sees over it. */
export const WALL_HEIGHT = 1;
const WALL_THICKNESS = 0.5;
const LEAN = 0.1;

/** Thickness of the road's slab [m] (guess). */
export const SLAB_DEPTH = 0.9;

/** Width of a grass verge, and how far it falls to its outer edge [m] (guess). */
const VERGE_WIDTH = 4;
const VERGE_FALL = 0.25;

/** Parts that the shader paints differently. */
const INNER = 0;
const TOP = 1;
const CONCRETE = 2;
const VERGE = 3;

/** One flat face of the cross-section, from corner to corner as [m outwards of the border, m above the road]. */
interface Face {
  part: number;
  from: readonly [number, number];
  to: readonly [number, number];
}

const OUTER = LEAN + WALL_THICKNESS;
const WALL_FACES: readonly Face[] = [
  { part: INNER, from: [LEAN, WALL_HEIGHT], to: [0, -0.02] },
  { part: TOP, from: [OUTER, WALL_HEIGHT], to: [LEAN, WALL_HEIGHT] },
  { part: CONCRETE, from: [OUTER, -SLAB_DEPTH], to: [OUTER, WALL_HEIGHT] },
];
const OPEN_FACES: readonly Face[] = [
  { part: TOP, from: [0.3, 0.02], to: [0, 0.02] },
  { part: CONCRETE, from: [0.3, -SLAB_DEPTH], to: [0.3, 0.02] },
];
const VERGE_FACES: readonly Face[] = [
  { part: VERGE, from: [VERGE_WIDTH, -VERGE_FALL], to: [0, 0] },
  { part: VERGE, from: [VERGE_WIDTH + 1.2, -SLAB_DEPTH], to: [VERGE_WIDTH, -VERGE_FALL] },
];

/** Where the border changes, on either side [m]. */
export function borderBreaks({ track, total }: Ribbon): number[] {
  return [track.border_left, track.border_right].flatMap((borders) =>
    runs(track, total, borders).map(({ begin }) => begin),
  );
}

/** Distance from the road's border to the outermost face of what stands there [m]. */
function borderReach(border: number): number {
  return outline(border).reduce((most, { from }) => Math.max(most, from[0]), 0);
}

/** Barriers, edges, verges and underside as one mesh. */
export function borderMesh(
  stations: Stations,
  shared: SharedUniforms,
  noise: Texture,
  banner: Texture,
  tier: Tier,
): Mesh {
  const mesh = new Mesh(borderGeometry(stations), borderMaterial(shared, noise, banner, tier));
  mesh.name = "border";
  mesh.castShadow = true;
  mesh.receiveShadow = true;
  return mesh;
}

export function borderGeometry(stations: Stations): BufferGeometry {
  const { track, total } = stations.ribbon;
  const sweep = new Sweep(stations.ribbon, [{ name: "trim", size: 3 }]);
  for (const side of [1, -1] as const) {
    const borders = side > 0 ? track.border_left : track.border_right;
    const standing = borders.map((border, node) => (track.surface[node] === Surface.GAP ? NOTHING : border));
    for (const run of runs(track, total, standing)) {
      if (run.value !== NOTHING) addSide(sweep, stations, run, run.value, side);
    }
  }
  addUnderside(sweep, stations);
  return sweep.geometry();
}

/** Where there is room beside the road: distance from the centre-line to the left (side 1) or right (-1) [m]. */
export function besideRoad(ribbon: Ribbon, point: RibbonPoint, side: number): number {
  const { border_left, border_right } = ribbon.track;
  const node = ribbon.nodeAt(point.arc);
  if (side > 0) return point.halfLeft + borderReach(border_left[node]!);
  return point.halfRight + borderReach(border_right[node]!);
}

function outline(border: number): readonly Face[] {
  if (border === Border.WALL) return WALL_FACES;
  return border === Border.VERGE ? VERGE_FACES : OPEN_FACES;
}

function addSide(sweep: Sweep, stations: Stations, run: Stretch, border: number, side: 1 | -1): void {
  const arcs = stations.between(run);
  for (const { part, from, to } of outline(border)) {
    const corners = (point: RibbonPoint): Corner[] => {
      const half = side > 0 ? point.halfLeft : point.halfRight;
      const line = [from, to].map(([out, up]) => ({
        left: side * (half + out),
        up,
        across: part === INNER || part === CONCRETE ? up : out,
      }));
      return side > 0 ? line : line.reverse();
    };
    sweep.add(arcs, corners, (point) => [[part, side, point.curvature]]);
  }
}

function addUnderside(sweep: Sweep, stations: Stations): void {
  const { ribbon } = stations;
  const corners = (point: RibbonPoint): Corner[] => [
    { left: -besideRoad(ribbon, point, -1), up: -SLAB_DEPTH, across: 0 },
    { left: besideRoad(ribbon, point, 1), up: -SLAB_DEPTH, across: 0 },
  ];
  for (const run of runs(ribbon.track, ribbon.total, ribbon.track.surface)) {
    if (run.value !== Surface.GAP) sweep.add(stations.between(run), corners, () => [[CONCRETE, 0, 0]]);
  }
}

function borderMaterial(shared: SharedUniforms, noise: Texture, banner: Texture, tier: Tier): Lit {
  const uniforms: Record<string, IUniform> = {
    ...shared,
    noiseMap: { value: noise },
    bannerMap: { value: banner },
  };
  if (tier === "light") return patch(new MeshLambertMaterial(), "border-light", uniforms, BORDER_SHADER);
  return patch(new MeshStandardMaterial({ metalness: 0 }), "border", uniforms, BORDER_SHADER);
}
