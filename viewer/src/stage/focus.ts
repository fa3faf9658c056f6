import { useCallback, useEffect, useState } from "react";
import type { Standing } from "../protocol/messages";
import { useView } from "../view";
import { useOverlay } from "./context";
import type { Driver } from "./drive";
import type { Moment } from "./moment";

/** The cameras stay this long with a leader before they go to the next one [ms] (guess). */
const LEADER_HELD_MS = 4000;

/** The id of the car that the cameras follow: the one chosen, else whoever leads. */
export function useFocus(drivers: readonly Driver[], standings: readonly Standing[]): string | undefined {
  const chosen = useView((view) => view.focus);
  const [held, setHeld] = useState<{ id: string; since: number } | null>(null);
  const first = standings[0]?.agent_id;
  const present = (id: string | null | undefined) => drivers.some((driver) => driver.agent_id === id);
  const stale = held === null || !present(held.id);

  useEffect(() => {
    if (first === undefined || first === held?.id) return;
    const wait = stale ? 0 : Math.max(0, held.since + LEADER_HELD_MS - Date.now());
    const timer = window.setTimeout(() => setHeld({ id: first, since: Date.now() }), wait);
    return () => window.clearTimeout(timer);
  }, [first, held, stale]);

  if (chosen !== null && present(chosen)) return chosen;
  return stale ? drivers[0]?.agent_id : held.id;
}

/** The id of the car on the screen, which the director may have chosen. */
export function useFilmed(): string | undefined {
  const [filmed, setFilmed] = useState<string>();
  useOverlay(useCallback((moment: Moment) => setFilmed(moment.drive.drivers[moment.focus]?.agent_id), []));
  return filmed;
}
