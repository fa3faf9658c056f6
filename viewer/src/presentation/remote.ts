/** The recordings that slides show, fetched once a page: the next slide's while one looks at this one. */

import { getRecorded, type Recorded } from "../connection/recorded";
import { getReplays } from "../connection/rest";
import type { Slide } from "./deck";

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
  return getRecorded(
    base,
    ids.map((id) => (id === "latest" ? newest : id)),
  );
}

async function latest(base: string): Promise<string> {
  const all = await getReplays(base);
  const newest = all.find((replay) => replay.complete !== false) ?? all[0];
  if (!newest) throw new NothingRecorded("No race was recorded yet. Let one be driven: trackmania-rl demo");
  return newest.id;
}
