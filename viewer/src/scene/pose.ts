/** An empty pose, to be filled by a PoseSource. */

import { Quaternion, Vector3 } from "three";

import type { Pose } from "./types";

/** A car at the world's origin, at rest. */
export function newPose(): Pose {
  return {
    position: new Vector3(),
    quaternion: new Quaternion(),
    velocity: new Vector3(),
    brake: 0,
    progress: 0,
    state: 0,
    suspension: [0, 0, 0, 0],
    wheelAngle: 0,
    lidar: null,
  };
}
