import type { TrackGeometry } from "../protocol/messages";

/** Distance between the points of the map's line [m]. */
const SPACING = 5;
/** Empty edge around the track, as a share of its longer side. */
const MARGIN = 0.08;

/** A track as a map draws it, in metres: x to the right, z downward. */
export interface TrackMap {
  /** The centre-line, as an SVG path. */
  path: string;
  viewBox: string;
  /** Wider than high. */
  wide: boolean;
  /** Where the centre-line begins and ends: x, z. */
  start: readonly number[];
  end: readonly number[];
  /** Size of a small mark, in metres of the map. */
  unit: number;
}

/** Lay a track out on a map. */
export function layOut(track: TrackGeometry): TrackMap {
  const { position, arc, closed } = track;
  const points: [number, number][] = [];
  let due = -Infinity;
  arc.forEach((at, node) => {
    if (at < due && node < arc.length - 1) return;
    due = at + SPACING;
    points.push([position[3 * node]!, position[3 * node + 2]!]);
  });
  const xs = points.map(([x]) => x);
  const zs = points.map(([, z]) => z);
  const [left, top] = [Math.min(...xs), Math.min(...zs)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...zs) - top];
  const longer = Math.max(width, height, 60);
  const [mapWidth, mapHeight] = [width, height].map(
    (side) => Math.max(side, longer / 3) + 2 * MARGIN * longer,
  );
  const line = points.map(([x, z]) => `${x.toFixed(1)} ${z.toFixed(1)}`).join("L");
  return {
    path: `M${line}${closed ? "Z" : ""}`,
    viewBox: `${left + (width - mapWidth!) / 2} ${top + (height - mapHeight!) / 2} ${mapWidth} ${mapHeight}`,
    wide: mapWidth! > mapHeight!,
    start: points[0]!,
    end: points.at(-1)!,
    unit: longer / 60,
  };
}

/** The centre-line between two distances past the start line [m], as an SVG path on the map. */
export function pathBetween(track: TrackGeometry, from: number, to: number): string {
  const { position, start } = track;
  const count = Math.max(1, Math.ceil((to - from) / SPACING));
  const points = Array.from({ length: count + 1 }, (_, k) => {
    const node = nodeAt(start + from + ((to - from) * k) / count, track);
    return `${position[3 * node]!.toFixed(1)} ${position[3 * node + 2]!.toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}

/** The node of the centre-line at an arc length [m]; beyond an open track's end its last. */
export function nodeAt(arc: number, track: TrackGeometry): number {
  const total = track.arc.at(-1)!;
  const wanted = track.closed ? ((arc % total) + total) % total : arc;
  let [low, high] = [0, track.arc.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track.arc[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
