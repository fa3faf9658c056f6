import { Recording } from "../playback/recording";
import type { Replay, ReplayEvent, ReplaySummary } from "../protocol/messages";

/** What ends a drive that is not finished, among the events of a replay. */
const FAILURES = ["off_road", "stuck"] as const;

/** A recorded drive that failed. */
export interface RecordedFailure {
  /** The replay, and when in it the drive ended [s of race time]. */
  id: string;
  time: number;
  /** When it was recorded, in ISO 8601. */
  recorded: string;
  cause: (typeof FAILURES)[number];
  /** How far beyond the place that was asked for, along the track [m]; negative before it. */
  away: number;
}

/** Replays looked into for one place: each is fetched whole. */
const LOOKED_INTO = 8;
/** Failures offered. */
const OFFERED = 3;

/**
 * The recorded drives of an agent that failed nearest to a place; one that the race's end cut off did not fail.
 *
 * @param summaries Of races of the agent on the track, newest first.
 * @param load Fetches a replay by its id.
 * @param place Distance along the track past the start line [m].
 */
export async function failuresNear(
  summaries: readonly ReplaySummary[],
  load: (id: string) => Promise<Replay>,
  agent: string,
  place: number,
): Promise<RecordedFailure[]> {
  const gaveUp = summaries.filter(({ cars }) => cars.some((car) => car.agent_id === agent && !car.finished));
  const replays = await Promise.all(gaveUp.slice(0, LOOKED_INTO).map(({ id }) => load(id)));
  return replays
    .flatMap((replay) => {
      const car = replay.cars.findIndex((one) => one.agent_id === agent);
      const end = replay.events.findLast((event) => event.agent_id === agent && causeOf(event) !== undefined);
      if (car < 0 || !end) return [];
      const away = new Recording([replay]).value(car, "progress", end.time) - place;
      const { id, recorded } = replay;
      return [{ id, recorded, time: end.time, cause: causeOf(end)!, away }];
    })
    .sort((one, other) => Math.abs(one.away) - Math.abs(other.away))
    .slice(0, OFFERED);
}

const causeOf = ({ kind }: ReplayEvent) => FAILURES.find((cause) => cause === kind);
