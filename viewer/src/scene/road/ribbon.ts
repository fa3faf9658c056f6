/** The road as a ribbon along its centre-line: the frame at any distance. */

import { Vector3 } from "three";

import type { TrackGeometry } from "../../protocol/messages";
import { lerp } from "../noise";

/** Half of the stretch over which the curvature is averaged [m] (guess: hides the nodes' rounding). */
const CURVATURE_REACH = 4;

/** The road's frame at one place: position on the surface [m], orthonormal axes, borders. */
export interface RibbonPoint {
  readonly position: Vector3;
  /** Unit vector of driving direction. */
  readonly tangent: Vector3;
  /** Unit vector in the road plane to the left. */
  readonly left: Vector3;
  /** Unit normal of the road. */
  readonly up: Vector3;
  /** Distances from the centre-line to the borders [m]. */
  halfLeft: number;
  halfRight: number;
  /** Distance along the centre-line from the first node [m]. */
  arc: number;
  /** Curvature in the road plane [1/m], positive to the left. */
  curvature: number;
}

/** An empty point to be filled by `Ribbon.at`. */
export function newRibbonPoint(): RibbonPoint {
  return {
    position: new Vector3(),
    tangent: new Vector3(),
    left: new Vector3(),
    up: new Vector3(),
    halfLeft: 0,
    halfRight: 0,
    arc: 0,
    curvature: 0,
  };
}

/** A track's centre-line as a function of the arc length. */
export class Ribbon {
  /** Race distance from the spawn point to the finish [m]. */
  readonly length: number;
  /** Length of the whole centre-line, a circuit's closing piece included [m]. */
  readonly total: number;
  /** Number of nodes. */
  readonly count: number;
  private readonly curvature: Float32Array;

  constructor(readonly track: TrackGeometry) {
    this.count = track.arc.length;
    this.length = track.length;
    this.total = track.arc[this.count - 1]! + (track.closed ? this.gap() : 0);
    this.curvature = this.curvatures();
  }

  /** Fill `out` with the frame at an arc length [m]; circuits go round, open tracks end. */
  at(arc: number, out: RibbonPoint): RibbonPoint {
    const wrapped = this.wrap(arc);
    const node = this.nodeAt(wrapped);
    const next = this.track.closed ? (node + 1) % this.count : Math.min(node + 1, this.count - 1);
    const begin = this.track.arc[node]!;
    const end = next > node ? this.track.arc[next]! : this.total;
    const share = end > begin ? (wrapped - begin) / (end - begin) : 0;
    const { position, tangent, left, half_width_left, half_width_right } = this.track;
    blend(position, node, next, share, out.position);
    blend(tangent, node, next, share, out.tangent).normalize();
    blend(left, node, next, share, out.left)
      .addScaledVector(out.tangent, -out.left.dot(out.tangent))
      .normalize();
    out.up.crossVectors(out.tangent, out.left);
    out.halfLeft = lerp(half_width_left[node]!, half_width_left[next]!, share);
    out.halfRight = lerp(half_width_right[node]!, half_width_right[next]!, share);
    out.curvature = lerp(this.curvature[node]!, this.curvature[next]!, share);
    out.arc = wrapped;
    return out;
  }

  /** Index of the last node at or before an arc length [m] between 0 and `total`. */
  nodeAt(arc: number): number {
    const arcs = this.track.arc;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (arcs[middle]! <= arc) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The same place's arc length between 0 and `total` [m]. */
  wrap(arc: number): number {
    if (!this.track.closed) return Math.min(Math.max(arc, 0), this.total);
    return ((arc % this.total) + this.total) % this.total;
  }

  private gap(): number {
    const { position } = this.track;
    const first = new Vector3().fromArray(position, 0);
    return first.distanceTo(new Vector3().fromArray(position, 3 * (this.count - 1)));
  }

  /** Turn of the tangent per metre about the road's normal, at each node. */
  private curvatures(): Float32Array {
    const { tangent, left, arc, closed } = this.track;
    const out = new Float32Array(this.count);
    const spacing = this.total / this.count;
    const reach = Math.max(1, Math.round(CURVATURE_REACH / spacing));
    const before = new Vector3();
    const after = new Vector3();
    const side = new Vector3();
    for (let node = 0; node < this.count; node++) {
      const from = closed ? (node - reach + this.count) % this.count : Math.max(0, node - reach);
      const to = closed ? (node + reach) % this.count : Math.min(this.count - 1, node + reach);
      const distance = closed ? 2 * reach * spacing : arc[to]! - arc[from]!;
      const turn = after.fromArray(tangent, 3 * to).sub(before.fromArray(tangent, 3 * from));
      out[node] = turn.dot(side.fromArray(left, 3 * node)) / Math.max(distance, spacing);
    }
    return out;
  }
}

function blend(values: readonly number[], node: number, next: number, share: number, out: Vector3): Vector3 {
  const a = 3 * node;
  const b = 3 * next;
  return out.set(
    lerp(values[a]!, values[b]!, share),
    lerp(values[a + 1]!, values[b + 1]!, share),
    lerp(values[a + 2]!, values[b + 2]!, share),
  );
}
