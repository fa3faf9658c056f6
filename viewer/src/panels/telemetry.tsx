import { useCallback, useRef } from "react";
import { KMH, NONE } from "../format";
import { StateBit } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Moment } from "../stage/moment";

/** End of the speedometer's scale [km/h]. */
const SPEED_KMH_MAX = 400;

/** A circle's arc of 240 degrees, open below, around (110, 104). */
function arc(radius: number): string {
  const [x, y] = [radius * Math.cos(Math.PI / 6), radius * Math.sin(Math.PI / 6)];
  return `M${110 - x} ${104 + y} A${radius} ${radius} 0 1 1 ${110 + x} ${104 + y}`;
}

/** Speed, gear, revolutions, pedals and steering wheel of the car in view. */
export function Telemetry() {
  const speed = useRef<SVGTextElement>(null);
  const gear = useRef<SVGTextElement>(null);
  const dial = useRef<SVGPathElement>(null);
  const revolutions = useRef<SVGPathElement>(null);
  const gas = useRef<SVGRectElement>(null);
  const brake = useRef<SVGRectElement>(null);
  const steer = useRef<SVGRectElement>(null);
  const wheel = useRef<SVGGElement>(null);
  const panel = useRef<SVGSVGElement>(null);

  useOverlay(
    useCallback((moment: Moment) => {
      const read = (field: Parameters<Moment["read"]>[1]) => moment.read(moment.focus, field);
      const state = read("state");
      const fallen = (state & StateBit.OUT) > 0 && (state & StateBit.GROUNDED) === 0;
      const speedKmh = fallen ? 0 : moment.speed(moment.focus) * KMH;
      speed.current!.textContent = fallen ? NONE : String(Math.round(speedKmh));
      gear.current!.textContent = read("gear") < 1 ? "R" : String(read("gear"));
      dial.current!.style.strokeDasharray = `${Math.min(100, (100 * speedKmh) / SPEED_KMH_MAX)} 200`;
      revolutions.current!.style.strokeDasharray = `${100 * read("rpm")} 200`;
      gas.current!.style.transform = `scaleY(${read("gas")})`;
      brake.current!.style.transform = `scaleY(${read("brake")})`;
      steer.current!.style.transform = `scaleX(${read("steer")})`;
      wheel.current!.style.transform = `rotate(${90 * read("steer")}deg)`;
      panel.current!.dataset["turbo"] = String((state & StateBit.TURBO) > 0);
      panel.current!.dataset["sliding"] = String((state & StateBit.SLIDING) > 0);
    }, []),
  );

  return (
    <section className="panel telemetry" aria-label="Telemetry">
      <svg ref={panel} viewBox="0 0 276 190" role="img" aria-label="Speed, gear, pedals and steering">
        <defs>
          <linearGradient id="speed" x1="0" y1="1" x2="1" y2="0">
            <stop offset="0" stopColor="#12c98c" />
            <stop offset="0.6" stopColor="#c5f04a" />
            <stop offset="1" stopColor="#ff5a36" />
          </linearGradient>
        </defs>
        <path className="dial-track" d={arc(82)} />
        <path ref={dial} className="dial" d={arc(82)} pathLength={100} stroke="url(#speed)" />
        <path className="rpm-track" d={arc(97)} />
        <path ref={revolutions} className="rpm" d={arc(97)} pathLength={100} />
        <text ref={speed} className="speed" x="110" y="112">
          0
        </text>
        <text className="unit" x="110" y="132">
          km/h
        </text>
        <text ref={gear} className="gear" x="110" y="174">
          1
        </text>
        <text className="turbo" x="110" y="62">
          TURBO
        </text>
        <text className="slide" x="110" y="62">
          SLIDE
        </text>
        <g className="pedals">
          <rect className="pedal-track" x="218" y="14" width="16" height="92" rx="3" />
          <rect ref={brake} className="brake" x="218" y="14" width="16" height="92" rx="3" />
          <rect className="pedal-track" x="244" y="14" width="16" height="92" rx="3" />
          <rect ref={gas} className="gas" x="244" y="14" width="16" height="92" rx="3" />
          <text className="label" x="226" y="120">
            BRK
          </text>
          <text className="label" x="252" y="120">
            GAS
          </text>
        </g>
        <g transform="translate(239 150)">
          <g ref={wheel} className="wheel">
            <circle r="18" />
            <path d="M-18 0 H-6 M6 0 H18 M0 6 V18" />
            <circle r="6" />
            <path className="mark" d="M0 -21 V-15" />
          </g>
        </g>
        <g transform="translate(239 179)">
          <rect className="pedal-track" x="-24" y="-2.5" width="48" height="5" rx="2.5" />
          <rect ref={steer} className="steer" x="0" y="-2.5" width="24" height="5" rx="1" />
        </g>
      </svg>
    </section>
  );
}
