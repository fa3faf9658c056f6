import type { Replay, ReplayEvent } from "../protocol/messages";
import { idTogether } from "./standings";

/** What happened in replays that are played together, by time; agents as in `recordedCars`. */
export function happenings(replays: readonly Replay[]): ReplayEvent[] {
  const events = replays.flatMap((replay, number) =>
    replay.events
      .filter((event) => number === 0 || event.agent_id !== undefined) // one start is enough
      .map((event) => ({
        ...event,
        agent_id: event.agent_id && idTogether(replays.length, number, event.agent_id),
        other: event.other && idTogether(replays.length, number, event.other),
      })),
  );
  return events.sort((a, b) => a.time - b.time);
}

/** Words under the timeline, where there is room for them. */
const SHORT: Record<string, (value?: number) => string> = {
  finish: () => "finish",
  checkpoint: (value) => `CP ${value ?? ""}`,
  stuck: () => "stuck",
  off_road: () => "off",
  contact: () => "hit",
  respawn: () => "respawn",
};
/** Which go first: the rarer it is, the more it tells. */
const ORDER = Object.keys(SHORT);

/** A word at a place of the timeline. */
interface Label {
  time: number;
  text: string;
}

/**
 * The labels of a timeline that do not overlap, by time.
 *
 * @param events What happened.
 * @param room Least time between two labels [s].
 */
export function labels(events: readonly ReplayEvent[], room: number): Label[] {
  const wanted = events
    .filter((event) => event.kind in SHORT)
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.time - b.time);
  const placed: Label[] = [];
  for (const event of wanted) {
    if (placed.some((label) => Math.abs(label.time - event.time) < room)) continue;
    placed.push({ time: event.time, text: SHORT[event.kind]!(event.value) });
  }
  return placed.sort((a, b) => a.time - b.time);
}

/** The event nearest to a time, if it is within `reach` [s]. */
export function nearest(
  events: readonly ReplayEvent[],
  time: number,
  reach: number,
): ReplayEvent | undefined {
  let best: ReplayEvent | undefined;
  for (const event of events) {
    const away = Math.abs(event.time - time);
    if (away <= reach && (!best || away < Math.abs(best.time - time))) best = event;
  }
  return best;
}
