import { ActionIcon, Menu } from "@mantine/core";
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
import { SPEEDS, type PlaybackClock } from "../playback/playback-clock";
import type { Recording } from "../playback/recording";
import type { TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Driver } from "../stage/drive";
import { IconButton } from "./icon-button";
import { ScrubBar } from "./scrub-bar";

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
          <IconButton
            label="Backwards"
            hint="Backwards (R)"
            pressed={clock.reverse}
            onClick={() => clock.turn()}
          >
            <IconArrowBackUp size={18} />
          </IconButton>
        </div>
        <div className="transport-buttons">
          <IconButton label="Previous event (B)" onClick={jump(-1)}>
            <IconPlayerTrackPrevFilled size={16} />
          </IconButton>
          <IconButton label="One step back (,)" onClick={() => clock.step(-STEP)}>
            <IconPlayerSkipBackFilled size={16} />
          </IconButton>
          <ActionIcon
            size="lg"
            radius="xl"
            aria-label={clock.playing ? "Pause" : "Play"}
            onClick={() => clock.toggle()}
          >
            {clock.playing ? <IconPlayerPauseFilled size={18} /> : <IconPlayerPlayFilled size={18} />}
          </ActionIcon>
          <IconButton label="One step ahead (.)" onClick={() => clock.step(STEP)}>
            <IconPlayerSkipForwardFilled size={16} />
          </IconButton>
          <IconButton label="Next event (N)" onClick={jump(1)}>
            <IconPlayerTrackNextFilled size={16} />
          </IconButton>
        </div>
        <div className="transport-end">
          <IconButton label="Loop from here (U)" onClick={() => clock.mark("from")}>
            <IconBracketsContainStart size={16} />
          </IconButton>
          <IconButton label="Loop" hint="Loop (O)" pressed={clock.loop} onClick={() => clock.toggleLoop()}>
            <IconRepeat size={18} />
          </IconButton>
          <IconButton label="Loop to here (I)" onClick={() => clock.mark("to")}>
            <IconBracketsContainEnd size={16} />
          </IconButton>
          <Menu position="top-end">
            <Menu.Target>
              <button className="speed-choice" aria-label={`Speed: ${clock.speed}×`}>
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
