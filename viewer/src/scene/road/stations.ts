/** Places along the road at which cross-sections are drawn: few on straights, many in curves. */

import type { TrackGeometry } from "../../protocol/messages";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "./ribbon";

/** Longest step between cross-sections [m] and largest turn from one to the next [rad] (guess: looks round). */
const LONGEST_STEP = 8;
const LARGEST_TURN = 0.045;

/** A stretch of road on which everything is the same, as arc lengths [m]. */
export interface Stretch {
  begin: number;
  end: number;
}

/** The cross-sections' arc lengths of one track, `breaks` among them, ascending from 0 to the road's end. */
export class Stations {
  readonly arcs: readonly number[];

  constructor(
    readonly ribbon: Ribbon,
    breaks: readonly number[],
  ) {
    const edges = [...new Set([0, ...breaks, ribbon.total])].filter((arc) => arc >= 0 && arc <= ribbon.total);
    edges.sort((a, b) => a - b);
    const arcs = [edges[0]!];
    for (let i = 1; i < edges.length; i++) arcs.push(...this.steps(edges[i - 1]!, edges[i]!));
    this.arcs = arcs;
  }

  /** The arc lengths of a stretch, both ends included [m]. */
  between({ begin, end }: Stretch): number[] {
    const inside = this.arcs.filter((arc) => arc > begin + 1e-6 && arc < end - 1e-6);
    return [begin, ...inside, end];
  }

  private steps(begin: number, end: number): number[] {
    const out: number[] = [];
    const last = this.ribbon.at(begin, newRibbonPoint());
    const here = newRibbonPoint();
    let from = begin;
    for (let arc = begin + 1; arc < end - 0.5; arc += 1) {
      this.ribbon.at(arc, here);
      if (arc - from < LONGEST_STEP && turn(last, here) < LARGEST_TURN) continue;
      out.push(arc);
      from = arc;
      this.ribbon.at(arc, last);
    }
    return [...out, end];
  }
}

/** Stretches of equal value in a list with one value per node. */
export function runs(
  track: TrackGeometry,
  total: number,
  values: readonly number[],
): (Stretch & { value: number })[] {
  const out: (Stretch & { value: number })[] = [];
  for (let node = 0; node < values.length; node++) {
    const last = out.at(-1);
    if (last?.value === values[node]) continue;
    if (last) last.end = track.arc[node]!;
    out.push({ begin: track.arc[node]!, end: total, value: values[node]! });
  }
  return out;
}

function turn(from: RibbonPoint, to: RibbonPoint): number {
  return from.tangent.angleTo(to.tangent) + from.up.angleTo(to.up);
}
