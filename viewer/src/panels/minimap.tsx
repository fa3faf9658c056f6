import { useCallback, useMemo, useRef } from "react";
import type { TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import type { Moment } from "../stage/moment";
import { layOut } from "./track-map";

/** The track from above (x to the right, z downward) with a dot for each car. */
export function Minimap({ track, drivers }: { track: TrackGeometry; drivers: readonly Driver[] }) {
  const map = useMemo(() => layOut(track), [track]);
  const dots = useRef<(SVGGElement | null)[]>([]);

  useOverlay(
    useCallback((moment: Moment) => {
      dots.current.forEach((dot, car) => {
        if (!dot) return;
        dot.style.display = moment.has(car) ? "" : "none";
        dot.setAttribute("transform", `translate(${moment.read(car, "x")} ${moment.read(car, "z")})`);
        dot.dataset["focus"] = String(car === moment.focus);
      });
    }, []),
  );

  return (
    <section className="panel minimap" data-wide={map.wide} aria-label="Map">
      <svg viewBox={map.viewBox} role="img" aria-label={`Map of ${track.name}`}>
        <path className="road-edge" d={map.path} />
        <path className="road" d={map.path} />
        <g transform={`translate(${map.start.join(" ")})`}>
          <circle className="start" r={map.unit * 1.1} />
        </g>
        {!track.closed && (
          <g transform={`translate(${map.end.join(" ")})`}>
            <rect className="finish" x={-map.unit} y={-map.unit} width={2 * map.unit} height={2 * map.unit} />
          </g>
        )}
        {drivers.map((driver, car) => (
          <g
            key={driver.agent_id}
            className="dot"
            ref={(dot) => {
              dots.current[car] = dot;
            }}
          >
            <circle r={map.unit * 2} fill={driver.colour} />
          </g>
        ))}
      </svg>
    </section>
  );
}
