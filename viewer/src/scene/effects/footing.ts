/** What a car drives on. */

import { newRibbonPoint, type Ribbon, type RibbonPoint } from "../road/ribbon";
import type { Pose } from "../types";

/** Codes of a track's `surface`; see protocol/messages.ts. */
export const Surface = { ASPHALT: 0, DIRT: 1, GRASS: 2, ICE: 3, PLASTIC: 4 } as const;
/** Code of a track's borders for a grass verge. */
const VERGE = 2;

/** The place on a track that a car is at. */
export class Footing {
  surface: number = Surface.ASPHALT;
  /** How far left of the centre-line the car is [m]. */
  left = 0;
  private readonly point: RibbonPoint = newRibbonPoint();

  /** Look up where a car is. */
  find(ribbon: Ribbon, pose: Pose): this {
    const { point } = this;
    const { track } = ribbon;
    ribbon.at(track.start + pose.progress, point);
    const node = ribbon.nodeAt(point.arc);
    this.left = point.left.dot(pose.position) - point.left.dot(point.position);
    const toLeft = this.left > 0;
    const border = toLeft ? track.border_left[node] : track.border_right[node];
    const outside = toLeft ? this.left > point.halfLeft : -this.left > point.halfRight;
    this.surface = outside && border === VERGE ? Surface.GRASS : track.surface[node]!;
    return this;
  }
}
