import { useEffect } from "react";
import { create } from "zustand";
import { poseLayout } from "../playback/interpolation";
import { LiveBuffer } from "../playback/live-buffer";
import { LiveClock } from "../playback/live-clock";
import { decodeHeader, decodePicture, decodePoses, VersionMismatch, type Picture } from "../protocol/frames";
import {
  FrameKind,
  PROTOCOL_VERSION,
  type EventMessage,
  type Race,
  type ShowMessage,
  type Standing,
  type WatchMessage,
  type Weather,
} from "../protocol/messages";
import { socketAddress } from "./addresses";
import type { Remote } from "./rest";
import { Socket, type Status } from "./socket";

/** An event of the live race, numbered in order of arrival. */
export type NumberedEvent = EventMessage & { number: number };

interface EnvironmentState {
  status: Status;
  detail: string;
  race: Race | null;
  /** The weather of the race now. */
  weather: Weather | undefined;
  standings: Standing[];
  /** The latest events, newest last. */
  events: NumberedEvent[];
  /** The race's poses; a new one when the columns change. */
  buffer: LiveBuffer | null;
  /** The environment that is hosted in place of races. */
  show: ShowMessage | null;
  /** Its newest picture. */
  picture: Picture | null;
}

const EVENTS_KEPT = 40;

/** What the environment service says of the live race; poses go past React, into the buffer. */
export const useEnvironment = create<EnvironmentState>(() => ({
  status: "connecting",
  detail: "",
  race: null,
  weather: undefined,
  standings: [],
  events: [],
  buffer: null,
  show: null,
  picture: null,
}));

/** The clock of the live race. */
export const liveClock = new LiveClock();

/** The weather of the live race now. */
export const raceWeather = () => useEnvironment.getState().weather;

/** Try again what could not be fetched from the environment service when that comes. */
export function useRetryOnReturn({ state, retry }: Remote<unknown>): void {
  const here = useEnvironment(({ status }) => status === "open");
  useEffect(() => {
    if (here && state === "failed") retry();
    // Once at each coming: what fails though the service is there would fail again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [here]);
}

let eventCount = 0;

/** Watch a race of an environment service, by default its first, until the returned function is called. */
export function watchEnvironment(base: string, race: string | null): () => void {
  const set = useEnvironment.setState;
  set({ race: null, standings: [], events: [], buffer: null, show: null, picture: null });
  const path = race === null ? "/api/watch" : `/api/watch?race=${encodeURIComponent(race)}`;
  const socket = new Socket(socketAddress(base, path), {
    status: (status, detail) =>
      set(({ detail: said }) => ({ status, detail: status === "connecting" ? said : detail })),
    text: (text) => receive(JSON.parse(text) as WatchMessage),
    binary: (data) => {
      if (decodeHeader(data).kind === FrameKind.PICTURE) {
        set({ picture: decodePicture(data) });
        return;
      }
      const frame = decodePoses(data);
      const { buffer } = useEnvironment.getState();
      if (frame.columns !== buffer?.layout.columns) return;
      buffer.push(frame);
      liveClock.arrived(frame.time, performance.now() / 1000);
    },
  });
  return () => socket.close();
}

function receive(message: WatchMessage): void {
  const { race, buffer, events } = useEnvironment.getState();
  const set = useEnvironment.setState;
  switch (message.type) {
    case "race": {
      if (message.protocol !== PROTOCOL_VERSION) throw new VersionMismatch(message.protocol);
      const sameColumns = race?.pose_fields.join() === message.race.pose_fields.join();
      const sameCars =
        race?.cars.map((car) => car.agent_id).join() === message.race.cars.map((car) => car.agent_id).join();
      if (!sameCars) buffer?.clear();
      set({
        race: message.race,
        show: null,
        weather: message.race.weather ?? undefined,
        buffer: sameColumns ? buffer : new LiveBuffer(poseLayout(message.race.pose_fields)),
      });
      break;
    }
    case "show":
      if (message.protocol !== PROTOCOL_VERSION) throw new VersionMismatch(message.protocol);
      set({ show: message, ...(message.worlds === 0 && { picture: null }) });
      break;
    case "weather":
      set({ weather: message.weather });
      break;
    case "standings":
      set({ standings: message.standings });
      break;
    case "event":
      set({ events: [...events.slice(1 - EVENTS_KEPT), { ...message, number: ++eventCount }] });
      break;
  }
}
