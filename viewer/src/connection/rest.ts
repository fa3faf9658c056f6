import { useCallback, useEffect, useState } from "react";
import type {
  AgentAdd,
  CheckpointSummary,
  Problem,
  Race,
  Replay,
  ReplaySummary,
  ResetRequest,
  RunEndings,
  RunHighlights,
  RunMetrics,
  RunSummary,
  TrackGeometry,
  TrackSummary,
  Video,
  VideoRequest,
} from "../protocol/messages";

/** A service refused, or did not answer; the message is for people. */
export class ServiceError extends Error {
  /** @param status HTTP status; 0 when there was no answer. */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function get<T>(address: string): Promise<T> {
  return read(await request(address, {}));
}

async function read<T>(answer: Response): Promise<T> {
  return answer.json().catch(() => {
    throw new ServiceError(answer.status, `${answer.url} is no answer of a service of TrackMania RL.`);
  }) as Promise<T>;
}

/** Something that changes the service; `token` where it wants one. */
function change(
  address: string,
  method: "POST" | "DELETE",
  token: string,
  body?: unknown,
): Promise<Response> {
  return request(address, {
    method,
    keepalive: true, // leaving the page must not cut it off
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

async function request(address: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(address, {
    ...init,
    headers: { accept: "application/json", ...init.headers },
  }).catch(() => {
    throw new ServiceError(0, `The service at ${new URL(address).origin} does not answer.`);
  });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => null)) as Problem | null;
  throw new ServiceError(answer.status, problem?.detail ?? `${address} answered ${answer.status}.`);
}

/** The races that are driven now. */
export const getRaces = (base: string) => get<Race[]>(`${base}/api/races`);
/** A track's geometry. */
export const getTrack = (base: string, id: string) =>
  get<TrackGeometry>(`${base}/api/tracks/${encodeURIComponent(id)}`);
/** The recorded races, newest first. */
export const getReplays = (base: string, asked: { agent?: string; track?: string } = {}) => {
  const query = new URLSearchParams(asked).toString();
  return get<ReplaySummary[]>(`${base}/api/replays${query && `?${query}`}`);
};
/** A recorded race. */
export const getReplay = (base: string, id: string) =>
  get<Replay>(`${base}/api/replay/${encodeURIComponent(id)}`);
/** The road that a recorded race was driven on, though the service may not have that track any more. */
export const getReplayTrack = (base: string, id: string) =>
  get<TrackGeometry>(`${base}/api/replay/${encodeURIComponent(id)}/track`);
/** Where a recorded race is as a file to keep. */
export const replayFile = (base: string, id: string, format: "mcap" | "csv" | "json") =>
  `${base}/api/replay/${encodeURIComponent(id)}?format=${format}`;
/** Delete a recorded race. */
export const deleteReplay = (base: string, id: string, token: string) =>
  change(`${base}/api/replay/${encodeURIComponent(id)}`, "DELETE", token);
/** Keep a recording, or a human drive on `track`; the file's name without its ending tells who drove. */
export async function uploadReplay(
  base: string,
  file: File,
  track: string,
  token: string,
): Promise<ReplaySummary> {
  const told = { name: file.name.replace(/(\.(ghost|replay|map))?\.[^.]*$/i, ""), ...(track && { track }) };
  const answer = await request(`${base}/api/replays?${new URLSearchParams(told)}`, {
    method: "POST",
    headers: {
      "content-type": "application/octet-stream",
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: file,
  });
  return read(answer);
}
/** The tracks that the service has. */
export const getTracks = (base: string) => get<TrackSummary[]>(`${base}/api/tracks`);
/** The training runs. */
export const getRuns = (base: string) => get<RunSummary[]>(`${base}/api/runs`);
/** The learning curves of a run. */
export const getMetrics = (base: string, run: string) =>
  get<RunMetrics>(`${base}/api/runs/${encodeURIComponent(run)}/metrics`);
/** Where and why the episodes of a run ended. */
export const getEndings = (base: string, run: string, limit = 6000) =>
  get<RunEndings>(`${base}/api/runs/${encodeURIComponent(run)}/endings?limit=${limit}`);
/** The moments of a run that are worth seeing. */
export const getHighlights = (base: string, run: string) =>
  get<RunHighlights>(`${base}/api/runs/${encodeURIComponent(run)}/highlights`);
/** Let policies of increasing age of a run race in the environment service. */
export const raceAges = async (base: string, run: string, token: string) =>
  read<Race>(await change(ageRace(base, run), "POST", token, {}));
/** Take them out of that race. */
export const endAges = (base: string, run: string, token: string) =>
  change(ageRace(base, run), "DELETE", token);
const ageRace = (base: string, run: string) => `${base}/api/runs/${encodeURIComponent(run)}/race`;
/** The saved policies. */
export const getCheckpoints = (base: string) => get<CheckpointSummary[]>(`${base}/api/checkpoints`);

/** Bring an agent into a race; adding it again updates it. */
export const addAgent = (base: string, agent: AgentAdd, token: string) =>
  change(`${base}/api/agents/add`, "POST", token, agent);
/** Take an agent and its car out of its race. */
export const removeAgent = (base: string, id: string, token: string) =>
  change(`${base}/api/agents/${encodeURIComponent(id)}`, "DELETE", token);
/** Start a race anew, or put back one car. */
export const resetRace = (base: string, reset: ResetRequest, token: string) =>
  change(`${base}/api/reset`, "POST", token, reset);

/** The videos that the service makes or has made, newest first. */
export const getVideos = (base: string) => get<Video[]>(`${base}/api/videos`);
/** Where a finished video is. */
export const videoAddress = (base: string, id: string) => `${base}/api/videos/${encodeURIComponent(id)}/file`;
/** Have the service make a video of a replay. */
export const makeVideo = (base: string, replay: string, video: VideoRequest, token: string) =>
  change(`${base}/api/replay/${encodeURIComponent(replay)}/video`, "POST", token, video);
/** Cancel a video that is not finished; remove one that is. */
export const removeVideo = (base: string, id: string, token: string) =>
  change(`${base}/api/videos/${encodeURIComponent(id)}`, "DELETE", token);

/** Something that is being fetched, has failed, or is there. */
export type Remote<T> =
  | { state: "loading"; value?: undefined; retry: () => void }
  | { state: "failed"; error: Error; value?: undefined; retry: () => void }
  | { state: "ready"; value: T; retry: () => void };

/**
 * Fetch something.
 *
 * @param key What it is: at a new key the old value goes, and the new one is fetched.
 * @param age Fetched anew when it changes, as at a retry; the old value stays until the new one is there.
 */
export function useRemote<T>(key: string, fetcher: () => Promise<T>, age: string | number = 0): Remote<T> {
  const [attempt, setAttempt] = useState(0);
  const [result, setResult] = useState<{ key: string; value?: T; error?: Error } | null>(null);
  const retry = useCallback(() => {
    setAttempt((count) => count + 1);
  }, []);
  useEffect(() => {
    let current = true;
    fetcher().then(
      (value) => current && setResult({ key, value }),
      (error: Error) => current && setResult({ key, error }),
    );
    return () => {
      current = false;
    };
    // The fetcher is a new closure at each render; the key says when it means something else.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, age, attempt]);
  if (result?.key !== key) return { state: "loading", retry };
  if (result.error) return { state: "failed", error: result.error, retry };
  return { state: "ready", value: result.value as T, retry };
}
