import { useCallback, useRef } from "react";
import { raceTime } from "../format";
import { useOverlay } from "../stage/context";
import type { Moment } from "../stage/moment";

/** How long "GO" stays [s]. */
const GO_SECONDS = 1.2;

/** The time of the car in view, its speed of progress, and the countdown. */
export function Timer() {
  const clock = useRef<HTMLSpanElement>(null);
  const name = useRef<HTMLSpanElement>(null);
  const swatch = useRef<HTMLSpanElement>(null);
  const bar = useRef<HTMLSpanElement>(null);
  const countdown = useRef<HTMLDivElement>(null);

  useOverlay(
    useCallback((moment: Moment) => {
      const { focus, drive } = moment;
      const time = Math.max(moment.time, drive.start()); // the picture lags behind the first frame
      const driver = drive.drivers[focus];
      const { start, finish } = drive.track;
      const share = moment.read(focus, "progress") / (finish - start);
      clock.current!.textContent = raceTime(time < 0 ? time : moment.read(focus, "lap_time"));
      name.current!.textContent = driver?.name ?? "";
      swatch.current!.style.background = driver?.colour ?? "transparent";
      bar.current!.style.transform = `scaleX(${Math.min(1, Math.max(0, share))})`;
      const shown =
        time < 0 && time > -10 ? String(Math.ceil(-time)) : time >= 0 && time < GO_SECONDS ? "GO" : "";
      if (countdown.current!.textContent !== shown) countdown.current!.textContent = shown;
    }, []),
  );

  return (
    <>
      <section className="panel timer" aria-label="Time of the car in view">
        <span className="driver">
          <span ref={swatch} className="swatch" />
          <span ref={name} />
        </span>
        <span ref={clock} className="clock">
          –
        </span>
        <span className="progress">
          <span ref={bar} />
        </span>
      </section>
      <div ref={countdown} className="countdown" aria-live="polite" />
    </>
  );
}
