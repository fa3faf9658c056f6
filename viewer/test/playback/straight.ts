import type { Replay } from "../../src/protocol/messages";

const FIELDS = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "gear", "progress", "state"];

/** Cars that drive straight ahead at even speeds [m/s] over 100 m; those who gave up stop half way. */
export function straight(speeds: Record<string, number>, gaveUp: string[] = []): Replay {
  const cars = Object.entries(speeds).map(([agent_id, speed]) => {
    const length = gaveUp.includes(agent_id) ? 50 : 100;
    const samples = Array.from({ length: 401 }, (_, k) => {
      const progress = Math.min(length, (speed * k) / 20);
      return [0, 0, progress, 0, 0, 0, 1, 0, 0, speed, 3, progress, 1];
    }).flat();
    const finished = length === 100;
    return {
      agent_id,
      name: agent_id,
      colour: "#ff0000",
      policy: "",
      finished,
      time: length / speed,
      samples,
    };
  });
  return {
    id: "r",
    track: "line",
    track_name: "Line",
    track_hash: "",
    recorded: "",
    duration: 20,
    rate_hz: 20,
    pose_fields: FIELDS,
    events: [],
    physics: "",
    seed: 0,
    cars,
  };
}
