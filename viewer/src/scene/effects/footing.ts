/** What a car drives on. */

import { Border, Surface } from "../road/codes";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "../road/ribbon";
import type { Pose } from "../types";

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
    this.surface = outside && border === Border.VERGE ? Surface.GRASS : track.surface[node]!;
    return this;
  }
}
