import { nodeAt } from "../panels/track-map";
import type { EndCause, Ending, TrackGeometry } from "../protocol/messages";

/** Why episodes end, the worst first. */
export const CAUSES = [
  "fault",
  "off_road",
  "stuck",
  "time_limit",
  "finish",
] as const satisfies readonly EndCause[];

export const CAUSE_WORDS: Readonly<Record<EndCause, string>> = {
  fault: "with a fault of the simulation",
  off_road: "off the road",
  stuck: "stuck",
  time_limit: "at the time limit",
  finish: "at the finish",
};

/** The causes as what went wrong. */
const FAILURE_WORDS: Readonly<Record<EndCause, string>> = {
  fault: "a fault of the simulation",
  off_road: "leaving the road",
  stuck: "getting stuck",
  time_limit: "running out of time",
  finish: "",
};

export const CAUSE_COLOURS: Readonly<Record<EndCause, string>> = {
  fault: "#c792ff",
  off_road: "#ff5a5a",
  stuck: "#ffb020",
  time_limit: "#5ab0ff",
  finish: "#2ee6a6",
};

/** Length of a place on the map [m] (guess: about a braking distance, so that one corner is one place). */
export const PLACE = 20;

/** A stretch of road and the episodes that ended on it. */
export interface Place {
  /** Where it begins, along the track past the start line [m]. */
  distance: number;
  endings: Ending[];
  /** What ends most of them. */
  cause: EndCause;
}

/** The endings of the stretches of road where there are any, along the track. */
export function placesOf(endings: readonly Ending[], track: TrackGeometry): Place[] {
  const places = new Map<number, Ending[]>();
  for (const ending of endings) {
    const at = Math.floor(onLap(ending.distance, track) / PLACE);
    places.set(at, [...(places.get(at) ?? []), ending]);
  }
  return [...places]
    .sort(([one], [other]) => one - other)
    .map(([at, here]) => ({ distance: at * PLACE, endings: here, cause: commonest(here) }));
}

/** Counts of each cause in equal parts of the run's steps, oldest first. */
export function causesOverTime(endings: readonly Ending[], parts: number): Record<EndCause, number>[] {
  const last = endings.at(-1)?.step ?? 0;
  const bins = Array.from({ length: parts }, () => countsOf([]));
  for (const ending of endings) {
    bins[Math.min(parts - 1, Math.floor((ending.step / last) * parts))]![ending.cause] += 1;
  }
  return bins;
}

/** How many endings have each cause. */
export function countsOf(endings: readonly Ending[]): Record<EndCause, number> {
  const counts: Record<EndCause, number> = { fault: 0, off_road: 0, stuck: 0, time_limit: 0, finish: 0 };
  for (const { cause } of endings) counts[cause] += 1;
  return counts;
}

/** How many episodes fail, of what most of them, and where, in two sentences. */
export function failuresInWords(endings: readonly Ending[], track: TrackGeometry): string {
  if (endings.length === 0) return "No episode ended in this part of the training.";
  const failures = endings.filter(({ cause }) => cause !== "finish");
  if (failures.length === 0) return "Every episode reaches the finish.";
  const cause = commonest(failures);
  const same = failures.filter((ending) => ending.cause === cause);
  const worst = placesOf(same, track).reduce((most, place) =>
    place.endings.length > most.endings.length ? place : most,
  );
  const middle = worst.distance + PLACE / 2;
  const there = worst.endings.length / same.length;
  const where = `${Math.round(middle / 10) * 10} m after the start, ${placeWords(middle, track)}`;
  return (
    `${portion(failures.length, endings.length)} before the finish, ` +
    (same.length === failures.length
      ? `all by ${FAILURE_WORDS[cause]}.`
      : `${Math.round((100 * same.length) / failures.length)} % of these by ${FAILURE_WORDS[cause]}.`) +
    (there < 0.05
      ? ` That happens all along the track, most often ${where}.`
      : ` ${Math.round(100 * there)} % of that happens ${where}.`)
  );
}

/** So many of the episodes end, in words. */
function portion(some: number, all: number): string {
  const share = Math.round((100 * some) / all);
  if (some === all) return "Every episode ends";
  return share === 0 ? "Fewer than 1 % of the episodes end" : `${share} % of the episodes end`;
}

/** Which part of the track a distance past the start line is: "in the hairpin to the left after checkpoint 3". */
export function placeWords(distance: number, track: TrackGeometry): string {
  const arc = track.start + onLap(distance, track);
  const checkpoint = track.checkpoints.filter((at) => at <= arc).length;
  const after = checkpoint > 0 ? `after checkpoint ${checkpoint}` : "after the start";
  const turn = turning(arc, track);
  const side = turn > 0 ? "left" : "right";
  const angle = (Math.abs(turn) * 180) / Math.PI;
  if (angle > HAIRPIN) return `in the hairpin to the ${side} ${after}`;
  if (angle > BEND) return `in the bend to the ${side} ${after}`;
  return `on the straight ${after}`;
}

/** Stretch of road to either side that a place is judged by [m] (guess). */
const AROUND = 40;
/** Turning over that stretch from which a bend is a hairpin, and one from which it is a bend [degrees] (guess). */
const HAIRPIN = 110;
const BEND = 15;

/** How far the road turns around an arc length [rad]; positive to the left. */
function turning(arc: number, track: TrackGeometry): number {
  const yaw = (at: number) => {
    const node = nodeAt(at, track);
    return Math.atan2(track.tangent[3 * node]!, track.tangent[3 * node + 2]!);
  };
  let turn = 0;
  let before = yaw(arc - AROUND);
  for (let at = arc - AROUND + 5; at <= arc + AROUND; at += 5) {
    const now = yaw(at);
    turn += Math.atan2(Math.sin(now - before), Math.cos(now - before));
    before = now;
  }
  return turn;
}

/** A distance past the start line within the lap [m]: who rolled back over the start is at it. */
function onLap(distance: number, track: TrackGeometry): number {
  return Math.min(Math.max(distance, 0), track.length);
}

function commonest(endings: readonly Ending[]): EndCause {
  const counts = countsOf(endings);
  return CAUSES.reduce((most, cause) => (counts[cause] > counts[most] ? cause : most));
}
