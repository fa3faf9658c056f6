/** The road's surface: asphalt and its kin, lines, kerbs, pads, all painted by shaders on one mesh. */

import {
  type BufferGeometry,
  type IUniform,
  Mesh,
  MeshLambertMaterial,
  MeshStandardMaterial,
  type Texture,
} from "three";

import { lerp, smoothstep } from "../noise";
import { Surface } from "./codes";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "./ribbon";
import { roadShader } from "./road-shader";
import { type Lit, patch, type SharedUniforms } from "../shading";
import { runs, type Stations, type Stretch } from "./stations";
import { type Corner, Sweep } from "./sweep";
import type { Tier } from "../types";

/** What is painted on a stretch; the numbers are the shader's. */
const PLAIN = 0;
const BOOSTER = 1;
const START = 2;
const CHECKPOINT = 3;
const FINISH = 4;

/** How far the start line and its portal lie ahead of the spawn point [m], so that the car's nose is just behind them. */
export const START_AHEAD = 3;

/** Lengths along the road of what is painted for starts, checkpoints and finishes [m] (guess). */
const START_LENGTH = 14;
const LINE_LENGTH = 3;
const FINISH_LENGTH = 4.5;

/** Curves tighter than this have kerbs [1/m] (guess), and how far the kerb runs beyond them [m]. */
const KERB_CURVATURE = 1 / 75;
const KERB_REACH = 14;

/** A stretch of road with one surface and one painting. */
interface RoadStretch extends Stretch {
  surface: number;
  mark: number;
}

/** All stretches of a track, in order: breaks are where the surface or the painting changes. */
export function roadStretches(ribbon: Ribbon): RoadStretch[] {
  const { track, total } = ribbon;
  const marks = paintings(ribbon);
  const surfaces = runs(track, total, track.surface);
  const edges = [...surfaces, ...marks].flatMap(({ begin, end }) => [begin, end]);
  const breaks = [...new Set([0, total, ...edges])].sort((a, b) => a - b);
  return breaks.slice(1).map((end, i) => {
    const middle = (breaks[i]! + end) / 2;
    const covers = (stretch: Stretch): boolean => stretch.begin <= middle && middle < stretch.end;
    return {
      begin: breaks[i]!,
      end,
      surface: surfaces.find(covers)!.value,
      mark: marks.find(covers)?.mark ?? PLAIN,
    };
  });
}

/** Boosters, start, checkpoints and finish as stretches between 0 and the road's end. */
function paintings(ribbon: Ribbon): (Stretch & { mark: number })[] {
  const { track } = ribbon;
  const all = track.boosters.map(({ begin, end }) => ({ begin, end, mark: BOOSTER }));
  const line = (middle: number, length: number, mark: number): void => {
    all.push({ begin: middle - length / 2, end: middle + length / 2, mark });
  };
  if (!track.closed) line(track.finish, FINISH_LENGTH, FINISH);
  track.checkpoints.forEach((arc) => line(arc, LINE_LENGTH, CHECKPOINT));
  if (track.closed) line(track.start + START_AHEAD, FINISH_LENGTH, FINISH);
  else line(track.start - START_LENGTH / 2 + START_AHEAD, START_LENGTH, START);
  return all.flatMap((stretch) => folded(stretch, ribbon));
}

/** The same stretch between 0 and the road's end, in two pieces where it runs over the joint of a circuit. */
function folded<S extends Stretch>(stretch: S, ribbon: Ribbon): S[] {
  const { total } = ribbon;
  const begin = ribbon.wrap(stretch.begin);
  const end = begin + stretch.end - stretch.begin;
  if (end <= total) return [{ ...stretch, begin, end }];
  if (!ribbon.track.closed) return [{ ...stretch, begin, end: total }];
  return [
    { ...stretch, begin, end: total },
    { ...stretch, begin: 0, end: end - total },
  ];
}

/** The road's surface as one mesh. */
export function roadMesh(stations: Stations, shared: SharedUniforms, noise: Texture, tier: Tier): Mesh {
  const materials = roadKinds(stations.ribbon).map((kind) => roadMaterial(kind, shared, noise, tier));
  const mesh = new Mesh(roadGeometry(stations), materials);
  mesh.name = "road";
  mesh.receiveShadow = true;
  return mesh;
}

/** What has a material of its own: a surface, plain or with something painted on it. */
interface RoadKind {
  surface: number;
  marked: boolean;
}

/** The kinds that a road has, in the order of the groups of its geometry. */
function roadKinds(ribbon: Ribbon): RoadKind[] {
  const kinds = roadStretches(ribbon).map(({ surface, mark }) => ({ surface, marked: mark !== PLAIN }));
  const isFirst = (kind: RoadKind, i: number): boolean =>
    kinds.findIndex(({ surface, marked }) => surface === kind.surface && marked === kind.marked) === i;
  return kinds.filter(({ surface }) => surface !== Surface.GAP).filter(isFirst);
}

export function roadGeometry(stations: Stations): BufferGeometry {
  const { ribbon } = stations;
  const trim = new Trim(ribbon);
  const sweep = new Sweep(ribbon, [
    { name: "edges", size: 4 },
    { name: "paint", size: 4 },
  ]);
  const stretches = roadStretches(ribbon);
  const ends = roadKinds(ribbon).map(({ surface, marked }) => {
    for (const stretch of stretches) {
      if (stretch.surface !== surface || (stretch.mark !== PLAIN) !== marked) continue;
      sweep.add(stations.between(stretch), crossSection, (point, _corner, arc) => {
        const { kerbLeft, kerbRight, line } = trim.at(arc);
        const along = arc - stretch.begin;
        return [
          [point.halfLeft, point.halfRight, kerbLeft, kerbRight],
          [stretch.surface, stretch.mark, along, line],
        ];
      });
    }
    return sweep.count;
  });
  const geometry = sweep.geometry();
  ends.forEach((end, kind) => geometry.addGroup(ends[kind - 1] ?? 0, end - (ends[kind - 1] ?? 0), kind));
  return geometry;
}

function crossSection(point: RibbonPoint): Corner[] {
  return [-1, -0.5, 0, 0.5, 1]
    .map((side) => {
      const left = side < 0 ? side * point.halfRight : side * point.halfLeft;
      return { left, up: 0, across: left };
    })
    .reverse();
}

function roadMaterial(
  { surface, marked }: RoadKind,
  shared: SharedUniforms,
  noise: Texture,
  tier: Tier,
): Lit {
  const uniforms: Record<string, IUniform> = { ...shared, noiseMap: { value: noise } };
  const shader = roadShader(surface, marked);
  const key = `road ${surface} ${marked ? "marked" : "plain"}`;
  if (tier === "light") return patch(new MeshLambertMaterial(), `${key} light`, uniforms, shader);
  return patch(new MeshStandardMaterial({ metalness: 0 }), key, uniforms, shader);
}

/** Kerbs (0 none to 1 full) and the line that the cars have worn dark [m to the left]. */
interface TrimPoint {
  kerbLeft: number;
  kerbRight: number;
  line: number;
}

/** Distance between the samples that Trim keeps [m]. */
const SPACING = 4;

/** What follows from the curves: where kerbs lie and where the racing line runs. */
class Trim {
  private readonly samples: TrimPoint[];

  constructor(ribbon: Ribbon) {
    const count = Math.max(2, Math.ceil(ribbon.total / SPACING));
    const point = newRibbonPoint();
    const curvature = Array.from({ length: count }, (_, i) => ribbon.at(i * SPACING, point).curvature);
    const mean = (centre: number, reach: number): number => {
      let sum = 0;
      for (let i = -reach; i <= reach; i++) sum += pick(curvature, centre + i, ribbon.track.closed);
      return sum / (2 * reach + 1);
    };
    const most = (centre: number, sign: number): number => {
      let best = 0;
      const reach = Math.round(KERB_REACH / SPACING);
      for (let i = -reach; i <= reach; i++) {
        best = Math.max(best, sign * pick(curvature, centre + i, ribbon.track.closed));
      }
      return smoothstep(0.8 * KERB_CURVATURE, 1.2 * KERB_CURVATURE, best);
    };
    this.samples = curvature.map((_, i) => ({
      kerbLeft: most(i, 1),
      kerbRight: most(i, -1),
      line: 7.5 * Math.tanh(90 * (mean(i, 5) - mean(i, 22))),
    }));
  }

  at(arc: number): TrimPoint {
    const place = Math.min(arc / SPACING, this.samples.length - 1);
    const a = this.samples[Math.floor(place)]!;
    const b = this.samples[Math.min(Math.floor(place) + 1, this.samples.length - 1)]!;
    const share = place - Math.floor(place);
    return {
      kerbLeft: lerp(a.kerbLeft, b.kerbLeft, share),
      kerbRight: lerp(a.kerbRight, b.kerbRight, share),
      line: lerp(a.line, b.line, share),
    };
  }
}

function pick(values: readonly number[], index: number, closed: boolean): number {
  const n = values.length;
  return values[closed ? ((index % n) + n) % n : Math.min(Math.max(index, 0), n - 1)]!;
}
