/** Videos made by the browser itself, with its own encoders. */

import {
  BufferTarget,
  CanvasSource,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  QUALITY_HIGH,
  WebMOutputFormat,
} from "mediabunny";
import type { Replay, TrackGeometry } from "../protocol/messages";
import { Film, type FilmOptions } from "./film";
import { loadFonts } from "./fonts";

/** Containers, and what goes into them: what plays in most places first. */
const CONTAINERS = {
  mp4: { format: () => new Mp4OutputFormat(), codecs: ["avc", "vp9", "av1"] },
  webm: { format: () => new WebMOutputFormat(), codecs: ["vp9", "vp8", "av1"] },
} as const;
/** Time between two pictures that stand for themselves, so that players can seek [s]. */
const KEY_SECONDS = 2;

export type Container = keyof typeof CONTAINERS;

/** Draw and encode a film.
 *
 * @param drawn Called with the number of pictures so far.
 * @throws Error when the browser cannot encode it, DOMException "AbortError" when `signal` says so.
 */
export async function record(
  replays: readonly Replay[],
  track: TrackGeometry,
  options: FilmOptions,
  container: Container,
  signal: AbortSignal,
  drawn: (frames: number) => void,
): Promise<Blob> {
  const { width, height, fps, frames } = options;
  const { format, codecs } = CONTAINERS[container];
  const codec = await getFirstEncodableVideoCodec([...codecs], { width, height, bitrate: QUALITY_HIGH });
  if (codec === null) {
    throw new Error(
      `This browser encodes no ${container} of ${width}x${height}: try another format or size.`,
    );
  }
  await loadFonts();
  const canvas = document.createElement("canvas");
  const film = new Film(canvas, replays, track, options);
  const output = new Output({ format: format(), target: new BufferTarget() });
  const source = new CanvasSource(canvas, { codec, bitrate: QUALITY_HIGH, keyFrameInterval: KEY_SECONDS });
  output.addVideoTrack(source, { frameRate: fps });
  try {
    await output.start();
    for (let frame = 0; frame < frames; frame++) {
      signal.throwIfAborted();
      film.draw(frame);
      await source.add(frame / fps, 1 / fps); // waits while the encoder has enough to do
      drawn(frame + 1);
      await breath();
    }
    await output.finalize();
  } catch (error) {
    await output.cancel();
    throw error;
  } finally {
    film.dispose();
  }
  return new Blob([output.target.buffer!], { type: `video/${container}` });
}

/** Let the page react; unlike a timer's, this pause is no longer while the page is hidden. */
function breath(): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}
