import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconArrowBackUp,
  IconBracketsContainEnd,
  IconBracketsContainStart,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerSkipBackFilled,
  IconPlayerSkipForwardFilled,
  IconPlayerTrackNextFilled,
  IconPlayerTrackPrevFilled,
  IconRepeat,
} from "@tabler/icons-react";
import { useCallback, useReducer, useRef } from "react";
import { raceTime } from "../format";
import { SPEEDS, type PlaybackClock } from "../playback/playbackclock";
import type { Recording } from "../playback/recording";
import type { TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import { ScrubBar } from "./scrubbar";

/** One step of control [s]. */
export const STEP = 0.05;

interface Props {
  clock: PlaybackClock;
  recording: Recording;
  track: TrackGeometry;
  drivers: readonly Driver[];
  /** Moments to jump to [s], ascending. */
  stops: readonly number[];
}

/** Play, pause, speed, direction, scrub, step, loop, and the events to jump to. */
export function Transport({ clock, recording, track, drivers, stops }: Props) {
  const shown = useRef<HTMLSpanElement>(null);
  const buttons = useRef("");
  const [, render] = useReducer((count: number) => count + 1, 0);

  useOverlay(
    useCallback(() => {
      shown.current!.textContent = raceTime(clock.time);
      const state = `${clock.playing}/${clock.speed}/${clock.loop}/${clock.reverse}/${clock.stretch?.join()}`; // keys change it too
      if (state !== buttons.current) {
        buttons.current = state;
        render();
      }
    }, [clock]),
  );

  const jump = (direction: 1 | -1) => () => clock.jump(stops, direction);
  return (
    <section className="panel transport" aria-label="Playback">
      <ScrubBar clock={clock} recording={recording} track={track} drivers={drivers} />
      <div className="transport-row">
        <div className="transport-begin">
          <span className="time">
            <span ref={shown}>0:00.00</span>
            <small> / {raceTime(clock.duration)}</small>
          </span>
          <Switch
            label="Backwards"
            hint="Backwards (R)"
            icon={IconArrowBackUp}
            on={clock.reverse}
            run={() => clock.turn()}
          />
        </div>
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
          <Button label="Loop from here (U)" icon={IconBracketsContainStart} run={() => clock.mark("from")} />
          <Switch
            label="Loop"
            hint="Loop (O)"
            icon={IconRepeat}
            on={clock.loop}
            run={() => clock.toggleLoop()}
          />
          <Button label="Loop to here (I)" icon={IconBracketsContainEnd} run={() => clock.mark("to")} />
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

interface SwitchProps {
  label: string;
  hint: string;
  icon: typeof IconRepeat;
  on: boolean;
  run: () => void;
}

function Switch({ label, hint, icon: Icon, on, run }: SwitchProps) {
  return (
    <Tooltip label={hint} openDelay={400}>
      <ActionIcon
        variant={on ? "light" : "subtle"}
        color={on ? "accent" : "gray"}
        aria-label={label}
        aria-pressed={on}
        onClick={run}
      >
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
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
