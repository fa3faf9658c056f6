import type { Action } from "../protocol/messages";

/** A way to drive; `null` while it is not touched. */
export interface Device {
  /** What it asks for at `now` on the page's clock [s]. */
  read(now: number): Action | null;
}

/** Nothing pressed, the wheel straight. */
export const RELEASED: Action = { gas: 0, brake: 0, steering: 0 };

/**
 * What all devices ask for together: the harder press of each pedal, and the wheel that is turned furthest.
 *
 * @param actions What each device asks for.
 */
export function together(actions: readonly (Action | null)[]): Action {
  return actions.reduce<Action>(
    (sum, action) =>
      action === null
        ? sum
        : {
            gas: Math.max(sum.gas, action.gas),
            brake: Math.max(sum.brake, action.brake),
            steering: Math.abs(action.steering) > Math.abs(sum.steering) ? action.steering : sum.steering,
          },
    RELEASED,
  );
}
