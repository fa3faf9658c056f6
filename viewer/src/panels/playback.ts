import { useCallback, useMemo, useRef, useState } from "react";
import { PlaybackClock } from "../playback/playback-clock";
import { Recording } from "../playback/recording";
import { type RecordedCar, recordedCars, standingsAt } from "../playback/standings";
import type { Replay, Standing, TrackGeometry } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import { recordedDrive, type Drive } from "../stage/drive";

/** Replays as they are played together. */
export interface Playback {
  recording: Recording;
  cars: RecordedCar[];
  clock: PlaybackClock;
  drive: Drive;
  /** The order of the cars at the time drawn. */
  standings: Standing[];
}

/**
 * Replays of one track, started at the same moment.
 *
 * @param setUp Sets a new clock; must stay the same for the clock to go on.
 */
export function usePlayback(
  replays: readonly Replay[],
  track: TrackGeometry,
  setUp: (clock: PlaybackClock) => void,
): Playback {
  const recording = useMemo(() => new Recording(replays), [replays]);
  const cars = useMemo(() => recordedCars(replays), [replays]);
  const clock = useMemo(() => {
    const made = new PlaybackClock(Math.max(...replays.map((replay) => replay.duration)));
    setUp(made);
    return made;
  }, [replays, setUp]);
  const drive = useMemo(() => recordedDrive(track, cars, recording, clock), [track, cars, recording, clock]);
  return { recording, cars, clock, drive, standings: useStandings(recording, cars, clock) };
}

/** Time of the race after which the order is looked at anew [s]. */
const RENEWED = 0.2;

function useStandings(recording: Recording, cars: readonly RecordedCar[], clock: PlaybackClock): Standing[] {
  const [standings, setStandings] = useState<Standing[]>(() => standingsAt(recording, cars, clock.time));
  const drawn = useRef(NaN);
  useOverlay(
    useCallback(() => {
      if (Math.abs(clock.time - drawn.current) < RENEWED) return;
      drawn.current = clock.time;
      setStandings(standingsAt(recording, cars, clock.time));
    }, [recording, cars, clock]),
  );
  return standings;
}
