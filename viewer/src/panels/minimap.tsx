import { useCallback, useMemo, useRef } from "react";
import type { TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import type { Moment } from "../stage/moment";

/** Distance between the points of the map's line [m]. */
const SPACING = 5;
/** Empty edge around the track, as a share of its longer side. */
const MARGIN = 0.08;

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

export interface MapLayout {
  path: string;
  viewBox: string;
  wide: boolean;
  start: readonly number[];
  end: readonly number[];
  /** Size of a small mark, in metres of the map. */
  unit: number;
}

/** A track as it lies on a map: x to the right, z downward. */
export function layOut(track: TrackGeometry): MapLayout {
  const { position, arc, closed } = track;
  const points: [number, number][] = [];
  let due = -Infinity;
  arc.forEach((at, node) => {
    if (at < due && node < arc.length - 1) return;
    due = at + SPACING;
    points.push([position[3 * node]!, position[3 * node + 2]!]);
  });
  const xs = points.map(([x]) => x);
  const zs = points.map(([, z]) => z);
  const [left, top] = [Math.min(...xs), Math.min(...zs)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...zs) - top];
  const longer = Math.max(width, height, 60);
  const [mapWidth, mapHeight] = [width, height].map(
    (side) => Math.max(side, longer / 3) + 2 * MARGIN * longer,
  );
  const line = points.map(([x, z]) => `${x.toFixed(1)} ${z.toFixed(1)}`).join("L");
  return {
    path: `M${line}${closed ? "Z" : ""}`,
    viewBox: `${left + (width - mapWidth!) / 2} ${top + (height - mapHeight!) / 2} ${mapWidth} ${mapHeight}`,
    wide: mapWidth! > mapHeight!,
    start: points[0]!,
    end: points.at(-1)!,
    unit: longer / 60,
  };
}
