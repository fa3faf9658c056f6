import { useEffect, useRef } from "react";
import type { Drive } from "../../stage/drive";
import { Stage } from "../../stage/stage";
import "./comparison.css";

interface Props {
  drive: Drive;
  /** Numbers of the cars that the two pictures follow. */
  left: number;
  right: number;
}

/**
 * A second picture beside the page's own, of another car at the same moment.
 *
 * Both ask the same clock in the same animation frame, so they cannot drift apart.
 */
export function Beside({ drive, left, right }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  useEffect(() => {
    stage.current = new Stage(canvas.current!, () => undefined);
    return () => stage.current?.dispose();
  }, []);
  useEffect(() => stage.current?.show(drive), [drive]);
  useEffect(() => stage.current?.follow(right), [drive, right]);
  return (
    <div className="beside">
      <canvas ref={canvas} className="stage" aria-label={`The race with ${drive.drivers[right]!.name}`} />
      {[left, right].map((car, side) => (
        <b key={side} className="panel beside-name" data-side={side === 0 ? "left" : "right"}>
          <span className="swatch" style={{ background: drive.drivers[car]!.colour }} />
          {drive.drivers[car]!.name}
        </b>
      ))}
    </div>
  );
}
