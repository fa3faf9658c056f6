import type { EventMessage } from "../protocol/messages";

/** Times at the checkpoints of one heat [s], by the checkpoint's number, which counts from 1. */
export interface Splits {
  own: Readonly<Record<number, number>>;
  /** The fastest of the others. */
  others: Readonly<Record<number, number>>;
  /** The checkpoint passed last; 0 before the first. */
  latest: number;
  /** Own time at the finish [s]. */
  finish: number | null;
}

/** A heat begins. */
export const NO_SPLITS: Splits = { own: {}, others: {}, latest: 0, finish: null };

/** The splits after something has happened; `me` is one's own agent. */
export function withEvent(splits: Splits, event: EventMessage, me: string): Splits {
  const { kind, agent_id, time, value } = event;
  if (kind === "start") return NO_SPLITS;
  if (kind === "finish" && agent_id === me) return { ...splits, finish: time };
  if (kind !== "checkpoint" || value === undefined) return splits;
  if (agent_id === me) return { ...splits, own: { ...splits.own, [value]: time }, latest: value };
  return {
    ...splits,
    others: { ...splits.others, [value]: Math.min(time, splits.others[value] ?? Infinity) },
  };
}
