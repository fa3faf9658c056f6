import { useCallback, useEffect, useState } from "react";
import type { Standing } from "../protocol/messages";
import { useView } from "../view";
import { useOverlay } from "./context";
import type { Driver } from "./drive";
import type { Moment } from "./moment";

/** The cameras stay this long with a leader before they go to the next one [ms] (guess). */
const LEADER_HELD_MS = 4000;

/** A car that is out is still watched for so long [ms] (guess). */
const OUT_WATCHED_MS = 1500;

/** The first of those who are not out; the first of all where all are. */
export function leaderOf(standings: readonly Standing[]): Standing | undefined {
  return standings.find((line) => line.running || line.finished) ?? standings[0];
}

/** The id of the car that the cameras follow: the one chosen, else whoever leads. */
export function useFocus(drivers: readonly Driver[], standings: readonly Standing[]): string | undefined {
  const chosen = useView((view) => view.focus);
  const [held, setHeld] = useState<{ id: string; since: number } | null>(null);
  const first = leaderOf(standings)?.agent_id;
  const out = standings.some((line) => line.agent_id === held?.id && !line.running && !line.finished);
  const present = (id: string | null | undefined) => drivers.some((driver) => driver.agent_id === id);
  const stale = held === null || !present(held.id);

  useEffect(() => {
    if (first === undefined || first === held?.id) return;
    const until = stale ? 0 : out ? Date.now() + OUT_WATCHED_MS : held.since + LEADER_HELD_MS;
    const wait = Math.max(0, until - Date.now());
    const timer = window.setTimeout(() => setHeld({ id: first, since: Date.now() }), wait);
    return () => window.clearTimeout(timer);
  }, [first, held, stale, out]);

  if (chosen !== null && present(chosen)) return chosen;
  return stale ? drivers[0]?.agent_id : held.id;
}

/** The id of the car on the screen, which the director may have chosen. */
export function useFilmed(): string | undefined {
  const [filmed, setFilmed] = useState<string>();
  useOverlay(useCallback((moment: Moment) => setFilmed(moment.drive.drivers[moment.focus]?.agent_id), []));
  return filmed;
}
