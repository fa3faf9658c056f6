import { useCallback, useEffect, useRef, useState } from "react";
import { getVideos, makeVideo, removeVideo } from "../../connection/rest";
import { useProfile } from "../../driving/profile";
import type { Replay, TrackGeometry, Video } from "../../protocol/messages";
import type { Container } from "../../render/recorder";
import { filmOptions, type Choice } from "./choices";

/** Time between two looks at the service's videos [ms]. */
const POLL = 1000;

/** A video that this page makes. */
interface PageVideo {
  frames: number;
  total: number;
  /** Where it can be fetched, when it is done. */
  address?: string;
  name: string;
}

/** Makes a video with the browser's own encoders. */
export function useRecorder(replays: Replay[], track: TrackGeometry, refuse: (why: string) => void) {
  const [recording, setRecording] = useState<PageVideo | null>(null);
  const stop = useRef(new AbortController());
  const address = recording?.address;
  useEffect(() => () => stop.current.abort(), []);
  useEffect(() => () => void (address && URL.revokeObjectURL(address)), [address]);

  const cancel = () => {
    stop.current.abort();
    setRecording(null);
  };
  const start = async (choice: Choice) => {
    cancel();
    const { signal } = (stop.current = new AbortController());
    const container = choice.format as Container;
    const options = filmOptions(choice);
    const begun = { frames: 0, total: options.frames, name: `${replays[0]!.id}.${container}` };
    setRecording(begun);
    try {
      if (options.frames < 1) throw new Error("Nothing lies between these times.");
      const { record } = await import("../../render/recorder");
      const film = await record(replays, track, options, container, signal, (frames) => {
        if (!signal.aborted) setRecording({ ...begun, frames });
      });
      setRecording({ ...begun, frames: begun.total, address: URL.createObjectURL(film) });
    } catch (error) {
      if (signal.aborted) return;
      setRecording(null);
      refuse((error as Error).message);
    }
  };
  return { recording, start, cancel };
}

/** What the service has made of these replays, renewed while the form is open. */
export function useService(base: string, replays: Replay[], opened: boolean, refuse: (why: string) => void) {
  const [videos, setVideos] = useState<Video[]>([]);
  const id = replays[0]!.id;
  const look = useCallback(
    () =>
      getVideos(base).then(
        (all) => setVideos(all.filter((video) => video.replay === id)),
        () => undefined, // an older service has none
      ),
    [base, id],
  );
  const tell = (error: Error) => refuse(error.message);

  useEffect(() => {
    if (!opened) return;
    void look();
    const timer = window.setInterval(() => void look(), POLL);
    return () => window.clearInterval(timer);
  }, [look, opened]);

  const token = () => useProfile.getState().token;
  const make = (choice: Choice) => {
    const { width, height } = filmOptions(choice);
    const { camera, quality, weather, format, fps, begin, end } = choice;
    const others = replays.slice(1).map((replay) => replay.id);
    const request = { camera, quality, weather, format, fps, begin, end, width, height, others };
    return makeVideo(base, id, request, token()).then(look, tell);
  };
  const remove = (video: Video) => removeVideo(base, video.id, token()).then(look, tell);
  return { videos, make, remove };
}
