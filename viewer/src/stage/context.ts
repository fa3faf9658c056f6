import { createContext, useContext, useLayoutEffect } from "react";
import type { Moment } from "./moment";
import type { Stage } from "./stage";

/** The one stage of the page; null until its canvas is there. */
export const StageContext = createContext<Stage | null>(null);

/**
 * Draw an overlay whenever the stage says so, about 12 times a second, past React.
 *
 * @param draw Called with the moment on the screen; must be stable (useCallback).
 */
export function useOverlay(draw: (moment: Moment) => void): void {
  const stage = useContext(StageContext);
  // A layout effect: a passive one would still draw on an overlay that is gone.
  useLayoutEffect(() => stage?.onMoment(draw), [stage, draw]);
}
