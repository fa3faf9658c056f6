import { useCallback, useMemo, useRef, useState, type PointerEvent } from "react";
import { KMH, raceTime } from "../format";
import { happenings, labels, nearest } from "../playback/happenings";
import type { PlaybackClock } from "../playback/playback-clock";
import type { Recording } from "../playback/recording";
import type { ReplayEvent, TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import type { Moment } from "../stage/moment";
import { EVENTS, isNews } from "./events";
import { layOut } from "./track-map";

/** Least distance between two labels, as a share of the bar. */
const LABEL_ROOM = 0.075;
/** An event so near to the pointer is told, as a share of the bar. */
const REACH = 0.012;

interface Props {
  clock: PlaybackClock;
  recording: Recording;
  track: TrackGeometry;
  drivers: readonly Driver[];
}

/** What happened to whom, in words. */
function told(event: ReplayEvent, drivers: readonly Driver[]): string {
  const named = (id?: string) => drivers.find((driver) => driver.agent_id === id)?.name;
  const what = EVENTS[event.kind as keyof typeof EVENTS]?.text(event.value) ?? event.kind;
  return [named(event.agent_id), what, named(event.other)].filter(Boolean).join(" ");
}

/** The timeline of a recording: drag to go there, with a preview of the moment under the pointer. */
export function ScrubBar({ clock, recording, track, drivers }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  const filled = useRef<HTMLSpanElement>(null);
  const stretch = useRef<HTMLSpanElement>(null);
  const focus = useRef(0);
  const [under, setUnder] = useState<{ time: number; car: number } | null>(null);
  const events = useMemo(() => happenings(recording.replays).filter(isNews), [recording]);
  const percent = (time: number) => `${(100 * time) / (clock.duration || 1)}%`;

  useOverlay(
    useCallback(
      (moment: Moment) => {
        focus.current = moment.focus;
        filled.current!.style.transform = `scaleX(${clock.duration ? clock.time / clock.duration : 0})`;
        bar.current!.setAttribute("aria-valuenow", clock.time.toFixed(2));
        bar.current!.setAttribute("aria-valuetext", raceTime(clock.time));
        const [from, to] = clock.stretch ?? [0, 0];
        stretch.current!.style.left = `${(100 * from) / clock.duration}%`;
        stretch.current!.style.width = `${(100 * (to - from)) / clock.duration}%`;
      },
      [clock],
    ),
  );

  const point = (event: PointerEvent<HTMLDivElement>) => {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const time = Math.min(1, Math.max(0, (event.clientX - left) / width)) * clock.duration;
    setUnder({ time, car: focus.current });
    if (event.currentTarget.hasPointerCapture(event.pointerId)) clock.seek(time);
  };

  const colour = (agent?: string) => drivers.find((driver) => driver.agent_id === agent)?.colour ?? "#f4f7fb";
  return (
    <div
      ref={bar}
      className="scrub"
      role="slider"
      tabIndex={0}
      aria-label="Time"
      aria-valuemin={0}
      aria-valuemax={clock.duration}
      aria-valuenow={0}
      onPointerDown={point}
      onPointerMove={point}
      onPointerLeave={() => setUnder(null)}
      onPointerUp={(event) => event.pointerType !== "mouse" && setUnder(null)}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
        if (by === undefined) return;
        event.stopPropagation();
        event.preventDefault();
        clock.seek(clock.time + by);
      }}
    >
      <span className="scrub-track">
        <span ref={filled} className="scrub-filled" />
      </span>
      <span ref={stretch} className="scrub-stretch" />
      {events.map((event, number) => (
        <span
          key={number}
          className={`mark ${event.kind}`}
          style={{ left: percent(event.time), background: colour(event.agent_id) }}
        />
      ))}
      {labels(events, LABEL_ROOM * clock.duration).map(({ time, text }) => (
        <small
          key={time}
          className="mark-label"
          style={{ left: `clamp(14px, ${percent(time)}, calc(100% - 14px))` }} // within the bar
          aria-hidden
        >
          {text}
        </small>
      ))}
      {under !== null && (
        <Preview
          time={under.time}
          place={`clamp(84px, ${percent(under.time)}, calc(100% - 84px))`}
          event={nearest(events, under.time, REACH * clock.duration)}
          car={under.car}
          {...{ recording, track, drivers }}
        />
      )}
    </div>
  );
}

interface PreviewProps extends Omit<Props, "clock"> {
  time: number;
  /** CSS place along the bar. */
  place: string;
  event: ReplayEvent | undefined;
  /** The car whose speed is told. */
  car: number;
}

/** A moment of the recording at a glance: where the cars are, how fast, and what happens. */
function Preview({ time, place, event, car, recording, track, drivers }: PreviewProps) {
  const map = useMemo(() => layOut(track), [track]);
  const speed = Math.round(KMH * recording.speed(car, time));
  return (
    <div className="panel preview" style={{ left: place }}>
      <svg viewBox={map.viewBox} aria-hidden>
        <path className="road" d={map.path} />
        {drivers.map((driver, number) => (
          <circle
            key={driver.agent_id}
            cx={recording.value(number, "x", time)}
            cy={recording.value(number, "z", time)}
            r={map.unit * (number === car ? 3.4 : 2.2)}
            fill={driver.colour}
          />
        ))}
      </svg>
      <b className="number">{raceTime(time)}</b>
      <span className="number">{speed} km/h</span>
      {event && <span className="preview-event">{told(event, drivers)}</span>}
    </div>
  );
}
