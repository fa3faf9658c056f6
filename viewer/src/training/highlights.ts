import { Recording } from "../playback/recording";
import type { Replay, ReplaySummary } from "../protocol/messages";

/** A moment of a replay. */
export interface ReplayMoment {
  id: string;
  /** Race time [s]. */
  time: number;
}

/** Replays looked into for one place: each is fetched whole. */
const LOOKED_INTO = 6;

/**
 * The replays in which an agent's drive ended, unfinished, between two distances along the track [m].
 *
 * @param summaries Of races of the agent on the track, newest first.
 * @param load Fetches a replay by its id.
 */
export async function endedNear(
  summaries: readonly ReplaySummary[],
  load: (id: string) => Promise<Replay>,
  agent: string,
  [from, to]: readonly [number, number],
): Promise<ReplayMoment[]> {
  const gaveUp = summaries.filter(({ cars }) => cars.some((car) => car.agent_id === agent && !car.finished));
  const replays = await Promise.all(gaveUp.slice(0, LOOKED_INTO).map(({ id }) => load(id)));
  return replays.flatMap((replay) => {
    const car = replay.cars.findIndex((one) => one.agent_id === agent);
    if (car < 0) return [];
    const { time } = replay.cars[car]!;
    const distance = new Recording([replay]).value(car, "progress", time);
    return distance >= from && distance <= to ? [{ id: replay.id, time }] : [];
  });
}
