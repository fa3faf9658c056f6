import { Recording } from "../playback/recording";
import type { Replay, ReplaySummary } from "../protocol/messages";

/** A recorded drive that was not finished. */
export interface RecordedFailure {
  /** The replay, and when in it the drive ended [s of race time]. */
  id: string;
  time: number;
  /** How far beyond the place that was asked for, along the track [m]; negative before it. */
  away: number;
}

/** Replays looked into for one place: each is fetched whole. */
const LOOKED_INTO = 6;
/** Failures offered. */
const OFFERED = 3;

/**
 * The recorded drives of an agent that ended, unfinished, nearest to a place.
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
      if (car < 0) return [];
      const { time } = replay.cars[car]!;
      return [{ id: replay.id, time, away: new Recording([replay]).value(car, "progress", time) - place }];
    })
    .sort((one, other) => Math.abs(one.away) - Math.abs(other.away))
    .slice(0, OFFERED);
}
