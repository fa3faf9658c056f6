import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerSkipBackFilled,
  IconPlayerSkipForwardFilled,
  IconPlayerTrackNextFilled,
  IconPlayerTrackPrevFilled,
  IconRepeat,
} from "@tabler/icons-react";
import { useCallback, useReducer, useRef, type PointerEvent } from "react";
import { raceTime } from "../format";
import { SPEEDS, type PlaybackClock } from "../playback/playbackclock";
import type { ReplayEvent } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import { EVENTS, isNews } from "./events";

/** One step of control [s]. */
export const STEP = 0.05;

interface Props {
  clock: PlaybackClock;
  events: readonly ReplayEvent[];
  drivers: readonly Driver[];
}

/** Moments worth jumping to [s], ascending. */
export function moments(events: readonly ReplayEvent[]): number[] {
  return [...new Set(events.filter(isNews).map((event) => event.time))].sort((a, b) => a - b);
}

/** Play, pause, speed, scrub, step, loop, and the events to jump to. */
export function Transport({ clock, events, drivers }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  const filled = useRef<HTMLSpanElement>(null);
  const shown = useRef<HTMLSpanElement>(null);
  const buttons = useRef("");
  const [, render] = useReducer((count: number) => count + 1, 0);

  useOverlay(
    useCallback(() => {
      filled.current!.style.transform = `scaleX(${clock.duration ? clock.time / clock.duration : 0})`;
      shown.current!.textContent = raceTime(clock.time);
      bar.current!.setAttribute("aria-valuenow", clock.time.toFixed(2));
      bar.current!.setAttribute("aria-valuetext", raceTime(clock.time));
      const state = `${clock.playing}/${clock.speed}/${clock.loop}`; // keys change it too
      if (state !== buttons.current) {
        buttons.current = state;
        render();
      }
    }, [clock]),
  );

  const scrub = (event: PointerEvent<HTMLDivElement>) => {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    else if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    clock.seek(((event.clientX - left) / width) * clock.duration);
  };

  const colour = (agent?: string) => drivers.find((driver) => driver.agent_id === agent)?.colour ?? "#f4f7fb";
  const jump = (direction: 1 | -1) => () => clock.jump(moments(events), direction);
  return (
    <section className="panel transport" aria-label="Playback">
      <div
        ref={bar}
        className="scrub"
        role="slider"
        tabIndex={0}
        aria-label="Time"
        aria-valuemin={0}
        aria-valuemax={clock.duration}
        aria-valuenow={0}
        onPointerDown={scrub}
        onPointerMove={scrub}
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
        {events.filter(isNews).map((event, number) => (
          <span
            key={number}
            className={`mark ${event.kind}`}
            title={`${raceTime(event.time)} ${EVENTS[event.kind as keyof typeof EVENTS]?.text(event.value) ?? event.kind}`}
            style={{ left: `${(100 * event.time) / clock.duration}%`, background: colour(event.agent_id) }}
          />
        ))}
      </div>
      <div className="transport-row">
        <span className="time">
          <span ref={shown}>0:00.00</span>
          <small> / {raceTime(clock.duration)}</small>
        </span>
        <div className="transport-buttons">
          <Button label="Previous event (B)" icon={IconPlayerTrackPrevFilled} run={jump(-1)} />
          <Button label="One step back (,)" icon={IconPlayerSkipBackFilled} run={() => clock.step(-STEP)} />
          <ActionIcon
            size="lg"
            radius="xl"
            aria-label={clock.playing ? "Pause" : "Play"}
            onClick={() => clock.toggle()}
          >
            {clock.playing ? <IconPlayerPauseFilled size={18} /> : <IconPlayerPlayFilled size={18} />}
          </ActionIcon>
          <Button
            label="One step ahead (.)"
            icon={IconPlayerSkipForwardFilled}
            run={() => clock.step(STEP)}
          />
          <Button label="Next event (N)" icon={IconPlayerTrackNextFilled} run={jump(1)} />
        </div>
        <div className="transport-end">
          <Tooltip label="Loop (O)" openDelay={400}>
            <ActionIcon
              variant={clock.loop ? "light" : "subtle"}
              color={clock.loop ? "accent" : "gray"}
              aria-label="Loop"
              aria-pressed={clock.loop}
              onClick={() => clock.toggleLoop()}
            >
              <IconRepeat size={18} />
            </ActionIcon>
          </Tooltip>
          <Menu position="top-end">
            <Menu.Target>
              <button className="speed-choice" aria-label="Speed">
                {clock.speed}×
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {SPEEDS.map((speed) => (
                <Menu.Item key={speed} onClick={() => clock.setSpeed(speed)}>
                  {speed}×
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </div>
      </div>
    </section>
  );
}

function Button({ label, icon: Icon, run }: { label: string; icon: typeof IconRepeat; run: () => void }) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={run}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
