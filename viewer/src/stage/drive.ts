import type { LiveBuffer } from "../playback/live-buffer";
import type { LiveClock } from "../playback/live-clock";
import type { PlaybackClock } from "../playback/playback-clock";
import type { PoseLayout } from "../playback/interpolation";
import type { Recording } from "../playback/recording";
import type { RecordedCar } from "../playback/standings";
import type { Car, TrackGeometry, Weather } from "../protocol/messages";

/** Who drives a car, as far as drawing goes. */
export interface Driver {
  agent_id: string;
  name: string;
  colour: string;
  ghost: boolean;
}

/** What the stage shows: a track, cars on it, and what time it is. */
export interface Drive {
  track: TrackGeometry;
  drivers: readonly Driver[];
  /** The time to draw at `now` on the page's clock [s]. */
  advance(now: number): number;
  /** First and last time that is known [s]; the last one grows while a race is watched. */
  start(): number;
  end(): number;
  /** The columns of a car's rows. */
  layout(car: number): PoseLayout;
  /** A car's row at a time [s]; false when nothing is known of it. */
  row(car: number, time: number, out: Float32Array): boolean;
  /** The weather at a time [s]; nothing where it is driven without any. */
  weather?(time: number): Weather | undefined;
}

/** A race as it comes in. */
export function liveDrive(
  track: TrackGeometry,
  cars: readonly Car[],
  buffer: LiveBuffer,
  clock: LiveClock,
  weather?: () => Weather | undefined,
): Drive {
  return {
    track,
    drivers: cars.map((car) => ({ ...car, ghost: car.ghost ?? false })),
    advance: (now) => clock.advance(now),
    start: () => buffer.oldest || 0, // NaN before the first frame
    end: () => buffer.newest || 0,
    layout: () => buffer.layout,
    row: (car, time, out) => buffer.row(car, time, out),
    weather,
  };
}

/** A recording as it is played. */
export function recordedDrive(
  track: TrackGeometry,
  cars: readonly RecordedCar[],
  recording: Recording,
  clock: PlaybackClock,
): Drive {
  return {
    track,
    drivers: cars,
    advance: (now) => clock.advance(now),
    start: () => 0,
    end: () => clock.duration,
    layout: (car) => recording.layout(car),
    row: (car, time, out) => recording.row(car, time, out),
    weather: (time) => recording.weather(time),
  };
}
