/** Tracks for the tests of the scene: one made here, and the bundled ones where Python has them. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import type { TrackGeometry } from "../../src/protocol/messages";

const PYTHON = "../.venv/bin/python";
const PRINT_GEOMETRIES = `
import msgspec, sys
from trackmania_rl.environment.tracks import library
geometries = [library.geometry(library.load(name)) for name in library.bundled_ids()]
sys.stdout.buffer.write(msgspec.json.encode(geometries))
`;

/** A figure of eight whose second half crosses 12 m above the first, banked by 10 degrees [n nodes]. */
export function figureOfEight(n = 1200): TrackGeometry {
  const width = 300;
  const bank = (10 * Math.PI) / 180;
  const place = (t: number): [number, number, number] => [
    width * Math.sin(t),
    16 - 6 * Math.cos(t),
    (width / 2) * Math.sin(2 * t),
  ];
  const track = emptyTrack("figure-of-eight", true);
  let arc = 0;
  for (let i = 0; i < n; i++) {
    const t = (2 * Math.PI * i) / n;
    const here = place(t);
    const next = place(t + 1e-4);
    const [dx, dy, dz] = [next[0] - here[0], next[1] - here[1], next[2] - here[2]];
    const size = Math.hypot(dx, dy, dz);
    const flat = Math.hypot(dx, dz);
    const [tx, ty, tz] = [dx / size, dy / size, dz / size];
    const [hx, hz] = [dz / flat, -dx / flat]; // level, to the left
    const up = cross([tx, ty, tz], [hx, 0, hz]);
    const left = [hx, 0, hz].map((value, k) => value * Math.cos(bank) - up[k]! * Math.sin(bank));
    track.arc.push(arc);
    track.position.push(...here);
    track.tangent.push(tx, ty, tz);
    track.left.push(...left);
    track.up.push(...cross([tx, ty, tz], left));
    const following = place((2 * Math.PI * (i + 1)) / n);
    arc += Math.hypot(following[0] - here[0], following[1] - here[1], following[2] - here[2]);
  }
  return finish(track, n, arc);
}

/** The first nodes of a track as an open one, which is built sooner. */
export function beginning(track: TrackGeometry, nodes: number): TrackGeometry {
  const first = (values: readonly number[]) => values.slice(0, (nodes * values.length) / track.arc.length);
  const cut = Object.entries(track).map(([name, value]) => {
    return [name, Array.isArray(value) && value.length >= track.arc.length ? first(value) : value];
  });
  const length = track.arc[nodes - 1]! - track.start;
  const finish = track.start + length - 20;
  return { ...track, ...Object.fromEntries(cut), closed: false, checkpoints: [], length, finish };
}

/** The tracks that come with the Python package; none where it is not installed. */
export function bundledTracks(): TrackGeometry[] {
  if (!existsSync(PYTHON)) return [];
  const json = execFileSync(PYTHON, ["-c", PRINT_GEOMETRIES], { maxBuffer: 64e6, encoding: "utf8" });
  return JSON.parse(json) as TrackGeometry[];
}

function emptyTrack(id: string, closed: boolean): TrackGeometry {
  return {
    id,
    name: id,
    hash: "",
    closed,
    length: 0,
    start: 0,
    finish: 0,
    arc: [],
    position: [],
    tangent: [],
    left: [],
    up: [],
    half_width_left: [],
    half_width_right: [],
    surface: [],
    border_left: [],
    border_right: [],
    checkpoints: [],
    boosters: [],
  };
}

function finish(track: TrackGeometry, n: number, total: number): TrackGeometry {
  return {
    ...track,
    length: total,
    start: 16,
    finish: 16 + total,
    half_width_left: new Array<number>(n).fill(12),
    half_width_right: new Array<number>(n).fill(12),
    surface: new Array<number>(n).fill(0),
    border_left: new Array<number>(n).fill(0),
    border_right: new Array<number>(n).fill(1),
    checkpoints: [total / 3],
    boosters: [{ begin: 100, end: 116, factor: 5 }],
  };
}

function cross(a: readonly number[], b: readonly number[]): [number, number, number] {
  return [a[1]! * b[2]! - a[2]! * b[1]!, a[2]! * b[0]! - a[0]! * b[2]!, a[0]! * b[1]! - a[1]! * b[0]!];
}
