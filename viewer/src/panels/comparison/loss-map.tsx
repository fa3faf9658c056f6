import { useCallback, useMemo, useRef } from "react";
import { lossesAlong, type Loss } from "../../playback/gaps";
import type { Recording } from "../../playback/recording";
import type { RecordedCar } from "../../playback/standings";
import type { TrackGeometry } from "../../protocol/messages";
import { useOverlay } from "../../stage/context";
import type { Moment } from "../../stage/moment";
import { layOut, pathBetween } from "../track-map";

/** Length of the pieces that are coloured [m]: about a corner. */
const PIECE = 20;
/** The full colour is never for less than this [s per 100 m] (guess). */
const FULL_LEAST = 0.05;
/** So many of the pieces have less than the full colour: one crash must not leave all else grey (guess). */
const BELOW_FULL = 0.9;

interface Props {
  recording: Recording;
  cars: readonly RecordedCar[];
  track: TrackGeometry;
  /** Whose losses are shown, and to whom: numbers of cars. */
  shown: number;
  reference: number;
  /** Told the distance under the pointer [m], and null when it leaves. */
  onPoint: (progress: number | null) => void;
}

/** Grey where two drives are as fast as one another, orange where time is lost, blue where it is won. */
function heat(rate: number, full: number): string {
  if (Number.isNaN(rate)) return "#39424f";
  const share = Math.round(100 * Math.min(1, Math.abs(rate) / full));
  return `color-mix(in oklab, ${rate > 0 ? "#ff5a1f" : "#35a7ff"} ${share}%, #dfe6ee)`;
}

/** The track from above, coloured by the time that a car lost to another on each piece of road. */
export function LossMap({ recording, cars, track, shown, reference, onPoint }: Props) {
  const map = useMemo(() => layOut(track), [track]);
  const dots = useRef<(SVGCircleElement | null)[]>([]);
  const { pieces, full } = useMemo(() => {
    const losses = lossesAlong(recording, cars, shown, reference, track.length, PIECE);
    const rates = losses.map(({ rate }) => Math.abs(rate)).filter(Number.isFinite);
    rates.sort((a, b) => a - b);
    const pieces = losses.map((loss) => ({ loss, path: pathBetween(track, loss.from, loss.to) }));
    return { pieces, full: Math.max(FULL_LEAST, rates[Math.floor(BELOW_FULL * rates.length)] ?? 0) };
  }, [recording, cars, track, shown, reference]);

  const pair = useMemo(() => [shown, reference], [shown, reference]);
  useOverlay(
    useCallback(
      (moment: Moment) =>
        dots.current.forEach((dot, k) => {
          dot?.setAttribute("cx", String(moment.read(pair[k]!, "x")));
          dot?.setAttribute("cy", String(moment.read(pair[k]!, "z")));
        }),
      [pair],
    ),
  );

  const label = `Map of where ${cars[shown]!.name} loses time to ${cars[reference]!.name}`;
  return (
    <div className="loss-map">
      <svg viewBox={map.viewBox} role="img" aria-label={label} onPointerLeave={() => onPoint(null)}>
        <path className="road-edge" d={map.path} />
        {pieces.map(({ loss, path }) => (
          <path
            key={loss.from}
            className="piece"
            d={path}
            stroke={heat(loss.rate, full)}
            onPointerEnter={() => onPoint((loss.from + loss.to) / 2)}
          >
            <title>{told(loss)}</title>
          </path>
        ))}
        {pair.map((car, k) => (
          <circle
            key={k}
            ref={(dot) => {
              dots.current[k] = dot;
            }}
            r={map.unit * (k === 0 ? 2.2 : 1.6)}
            fill={cars[car]!.colour}
          />
        ))}
      </svg>
      <div className="heat-scale number" aria-hidden>
        <span>−{full.toFixed(2)}</span>
        <i />
        <span>+{full.toFixed(2)} s per 100 m</span>
      </div>
    </div>
  );
}

function told({ from, to, rate }: Loss): string {
  const where = `${from.toFixed(0)} to ${to.toFixed(0)} m`;
  if (Number.isNaN(rate)) return `${where}: never driven by both`;
  return `${where}: ${rate > 0 ? "+" : ""}${rate.toFixed(3)} s per 100 m`;
}
