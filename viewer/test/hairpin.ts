import type { TrackGeometry } from "../src/protocol/messages";

/** 200 m straight ahead, a half circle of radius 20 m to the left, and 200 m back; checkpoint at 150 m. */
export function hairpin(): TrackGeometry {
  const arc = Array.from({ length: 464 }, (_, metre) => metre);
  const half = 20 * Math.PI;
  const tangent = arc.flatMap((at) => {
    const yaw = Math.min(Math.max((at - 200) / 20, 0), Math.PI);
    return [Math.sin(yaw), 0, Math.cos(yaw)];
  });
  const position = arc.flatMap((at) => {
    const yaw = Math.min(Math.max((at - 200) / 20, 0), Math.PI);
    const z = at <= 200 ? at : at <= 200 + half ? 200 + 20 * Math.sin(yaw) : 400 + half - at;
    return [20 * (1 - Math.cos(yaw)), 0, z];
  });
  return {
    arc,
    tangent,
    position,
    start: 10,
    length: 440,
    closed: false,
    checkpoints: [150],
  } as unknown as TrackGeometry;
}
