import { getReplayTrack, useRemote } from "../connection/rest";
import type { ReplaySummary } from "../protocol/messages";
import { layOut, type TrackMap } from "./track-map";

/** Maps by the hash of their track: many replays are of the same one. */
const maps = new Map<string, Promise<TrackMap>>();

function mapOf(base: string, { id, track_hash }: ReplaySummary): Promise<TrackMap> {
  const known = maps.get(track_hash);
  if (known) return known;
  const map = getReplayTrack(base, id).then(layOut);
  map.catch(() => maps.delete(track_hash)); // to be tried again
  maps.set(track_hash, map);
  return map;
}

/** The line of the track that a race was driven on, as small as a word; empty until it is known. */
export function TrackThumb({ base, replay }: { base: string; replay: ReplaySummary }) {
  const { value } = useRemote(`${base} ${replay.track_hash}`, () => mapOf(base, replay));
  return (
    <svg className="track-thumb" viewBox={value?.viewBox} aria-hidden>
      {value && <path d={value.path} />}
    </svg>
  );
}
