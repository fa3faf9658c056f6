/** The page of the server's export: draws the pictures that it is asked for, and hands them back. */

import "@fontsource/barlow/latin-600.css";
import "@fontsource/barlow-condensed/latin-600.css";
import "@fontsource/barlow-condensed/latin-700.css";
import "@fontsource/barlow-condensed/latin-700-italic.css";
import type { Replay, TrackGeometry } from "../protocol/messages";
import { Film, type FilmOptions } from "./film";
import { loadFonts } from "./fonts";

/** What is to be filmed: the answer of the exporter's /film.json. */
interface Job {
  replays: Replay[];
  track: TrackGeometry;
  options: FilmOptions;
  /** JPEG quality 0 to 1 of what is handed over; null: PNG. */
  jpeg: number | null;
}

// Not on the page: the browser would put each picture on a screen that nobody sees.
const canvas = document.createElement("canvas");
const socket = new WebSocket(`ws://${window.location.host}/frames${window.location.search}`);
socket.binaryType = "arraybuffer";

async function shoot(first: number, last: number): Promise<void> {
  const job = (await (await fetch("/film.json")).json()) as Job;
  await loadFonts();
  const film = new Film(canvas, job.replays, job.track, job.options);
  socket.send(JSON.stringify({ processor: film.processor }));
  let before = Promise.resolve();
  for (let frame = first; frame < last; frame++) {
    film.draw(frame);
    const picture = encode(job.jpeg);
    await before; // one is on its way while the next is drawn
    before = picture.then((blob) => send(blob));
  }
  await before;
  socket.send(JSON.stringify({ done: true }));
}

function encode(jpeg: number | null): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be encoded"))),
      jpeg === null ? "image/png" : "image/jpeg",
      jpeg ?? undefined,
    ),
  );
}

/** Hand a picture over, and wait until it was taken. */
async function send(blob: Blob): Promise<void> {
  const bytes = await blob.arrayBuffer();
  const taken = new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  socket.send(bytes);
  await taken;
}

socket.onopen = () => {
  const query = new URLSearchParams(window.location.search);
  shoot(Number(query.get("first")), Number(query.get("last"))).catch((error: Error) =>
    socket.send(JSON.stringify({ error: error.message })),
  );
};
