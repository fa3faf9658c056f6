/** The recordings that slides show, fetched once a page: the next slide's while one looks at this one. */

import { getReplay, getReplays, getTrack } from "../connection/rest";
import type { Replay, TrackGeometry } from "../protocol/messages";
import type { Slide } from "./deck";

/** Recordings of one track. */
export interface Recorded {
  replays: Replay[];
  track: TrackGeometry;
}

/** Why there is nothing to show, and what to do. */
export class NothingRecorded extends Error {}

const fetched = new Map<string, Promise<Recorded>>();

/** The recordings of a slide; "latest" is the newest one when it is first asked for. */
export function recordedOf(base: string, ids: readonly string[]): Promise<Recorded> {
  const key = `${base} ${ids.join()}`;
  const known = fetched.get(key);
  if (known) return known;
  const coming = fetchRecorded(base, ids);
  fetched.set(key, coming);
  coming.catch(() => fetched.delete(key)); // the next attempt asks again
  return coming;
}

/** Fetch what a slide will need, without waiting. */
export function prepare(base: string, slide: Slide | undefined): void {
  if (slide?.kind !== "replay" && slide?.kind !== "comparison") return;
  recordedOf(base, slide.replay).catch(() => undefined); // the slide itself will say it
}

async function fetchRecorded(base: string, ids: readonly string[]): Promise<Recorded> {
  const newest = ids.includes("latest") ? await latest(base) : "";
  const replays = await Promise.all(ids.map((id) => getReplay(base, id === "latest" ? newest : id)));
  const tracks = new Set(replays.map((replay) => replay.track_hash));
  if (tracks.size > 1) throw new Error("These replays are of different tracks: choose some of the same.");
  return { replays, track: await getTrack(base, replays[0]!.track) };
}

async function latest(base: string): Promise<string> {
  const all = await getReplays(base);
  const newest = all.find((replay) => replay.complete !== false) ?? all[0];
  if (!newest) throw new NothingRecorded("No race was recorded yet. Let one be driven: trackmania-rl demo");
  return newest.id;
}
