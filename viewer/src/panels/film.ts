import { useContext, useEffect } from "react";
import type { Standing } from "../protocol/messages";
import { StageContext } from "../stage/context";
import type { Drive } from "../stage/drive";
import { useFilmed, useFocus } from "../stage/focus";

/**
 * Shows a drive on the stage for as long as the component is there.
 *
 * @returns The id of the car on the screen.
 */
export function useFilm(drive: Drive, standings: readonly Standing[]): string | undefined {
  const stage = useContext(StageContext);
  const focus = useFocus(drive.drivers, standings);
  useEffect(() => {
    stage?.show(drive);
    return () => stage?.show(null);
  }, [stage, drive]);
  useEffect(() => {
    stage?.follow(drive.drivers.findIndex((driver) => driver.agent_id === focus));
  }, [stage, drive, focus]);
  return useFilmed() ?? focus;
}
