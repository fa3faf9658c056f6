import type { ReplaySummary } from "../protocol/messages";

/** Orders of the list of replays. */
export const ORDERS = ["newest", "oldest", "fastest", "largest"] as const;
export type Order = (typeof ORDERS)[number];

/** What is looked for among the replays; "" is anything. */
export interface Search {
  /** Part of a track's or a driver's name. */
  text: string;
  track: string;
  result: "" | "finished" | "unfinished";
  /** Recorded on this day or later, as 2026-01-31. */
  since: string;
  order: Order;
}

/** The best time at the finish [s]; Infinity when nobody came there. */
function bestTime({ cars }: ReplaySummary): number {
  return Math.min(...cars.filter((car) => car.finished).map((car) => car.time));
}

const COMPARE: Record<Order, (a: ReplaySummary, b: ReplaySummary) => number> = {
  newest: (a, b) => b.recorded.localeCompare(a.recorded),
  oldest: (a, b) => a.recorded.localeCompare(b.recorded),
  fastest: (a, b) => {
    const [first, second] = [bestTime(a), bestTime(b)];
    return first === second ? 0 : first - second;
  },
  largest: (a, b) => b.size_bytes - a.size_bytes,
};

/** The replays that fit, in the order asked for. */
export function found(replays: readonly ReplaySummary[], search: Search): ReplaySummary[] {
  const wanted = search.text.trim().toLowerCase();
  const fits = (replay: ReplaySummary) =>
    (!search.track || replay.track === search.track) &&
    (!search.result || Number.isFinite(bestTime(replay)) === (search.result === "finished")) &&
    (!search.since || replay.recorded >= search.since) &&
    [replay.track_name, replay.id, ...replay.cars.map((car) => car.name)].some((name) =>
      name.toLowerCase().includes(wanted),
    );
  return replays.filter(fits).sort(COMPARE[search.order]);
}
