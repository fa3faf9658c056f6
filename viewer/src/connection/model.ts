import { create } from "zustand";
import { VersionMismatch } from "../protocol/frames";
import {
  PROTOCOL_VERSION,
  type AgentStatus,
  type MetricsMessage,
  type ModelWatchMessage,
} from "../protocol/messages";
import { socketAddress } from "./addresses";
import { Socket, type Status } from "./socket";

interface ModelState {
  /** "absent": the page was told that there is no model service. */
  status: Status | "absent";
  detail: string;
  agents: AgentStatus[];
}

/** What the model service says of the learning agents. */
export const useModel = create<ModelState>(() => ({ status: "connecting", detail: "", agents: [] }));

/** Called with each new value of a learning curve. */
type MetricsListener = (message: MetricsMessage) => void;

const listeners = new Set<MetricsListener>();

/** Hear new values of all learning curves until the returned function is called. */
export function onMetrics(listener: MetricsListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Watch a model service until the returned function is called. */
export function watchModel(base: string | null): () => void {
  const set = useModel.setState;
  if (base === null) {
    set({ status: "absent" });
    return () => undefined;
  }
  const socket = new Socket(socketAddress(base, "/api/watch"), {
    status: (status, detail) => set({ status, detail }),
    text: (text) => {
      const message = JSON.parse(text) as ModelWatchMessage;
      if (message.type === "metrics") return listeners.forEach((listener) => listener(message));
      if (message.protocol !== PROTOCOL_VERSION) throw new VersionMismatch(message.protocol);
      set({ agents: message.agents });
    },
  });
  return () => socket.close();
}
