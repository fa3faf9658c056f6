import type { Replay, TrackGeometry } from "../protocol/messages";
import { getReplay, getReplayTrack } from "./rest";

/** Recordings of one track. */
export interface Recorded {
  replays: Replay[];
  /** The road that they were driven on. */
  track: TrackGeometry;
}

/**
 * Recordings, to be shown together.
 *
 * @throws Error when they are of different tracks; ServiceError when one of them is not there.
 */
export async function getRecorded(base: string, ids: readonly string[]): Promise<Recorded> {
  const replays = await Promise.all(ids.map((id) => getReplay(base, id)));
  const tracks = new Set(replays.map((replay) => replay.track_hash));
  if (tracks.size > 1) throw new Error("These replays are of different tracks: choose some of the same.");
  return { replays, track: await getReplayTrack(base, replays[0]!.id) };
}
