import { poseLayout } from "../../src/playback/interpolation";

export const FIELDS = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "gear", "progress", "state"];
export const layout = poseLayout(FIELDS);

/** A car on a circle of 20 m at 15 m/s: position, heading and velocity at a time. */
export function circling(time: number, gear = 3): number[] {
  const radius = 20;
  const speed = 15;
  const angle = (speed / radius) * time;
  const yaw = angle; // forward is (sin yaw, 0, cos yaw)
  return [
    -radius * Math.cos(angle),
    0,
    radius * Math.sin(angle),
    0,
    Math.sin(yaw / 2),
    0,
    Math.cos(yaw / 2),
    speed * Math.sin(angle),
    0,
    speed * Math.cos(angle),
    gear,
    speed * time,
    1,
  ];
}

export const row = (values: number[]) => Float32Array.from(values);
export const at = (values: Float32Array, name: string) => values[layout.index[name]!]!;
