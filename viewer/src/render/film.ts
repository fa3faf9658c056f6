import { PlaybackClock } from "../playback/playback-clock";
import { Recording } from "../playback/recording";
import { recordedCars, standingsAt } from "../playback/standings";
import type { Replay, Standing, TrackGeometry } from "../protocol/messages";
import { RaceScene } from "../scene/race-scene";
import type { Tier, Weather } from "../scene/types";
import { Director, type Shot } from "../stage/director";
import { type Drive, recordedDrive } from "../stage/drive";
import { Moment } from "../stage/moment";
import { DrivePoses } from "../stage/poses";
import type { CameraName } from "../view";
import { type Caption, drawOverlays } from "./overlays";

/** Cameras that need nobody's hand. */
type FilmCamera = Exclude<CameraName, "orbit">;

/** What a video shows, and how. */
export interface FilmOptions {
  camera: FilmCamera;
  /** The car in view; null: the best one. The director chooses by itself. */
  focus: string | null;
  quality: Tier;
  weather: Weather;
  /** Title, time and order of the cars over the picture. */
  overlays: boolean;
  /** Size of the picture [pixels]. */
  width: number;
  height: number;
  /** Pictures per second of the video. */
  fps: number;
  /** Seconds of the race in a second of the video. */
  speed: number;
  /** Time of the race in the first picture [s]. */
  begin: number;
  /** Number of pictures. */
  frames: number;
}

/** A replay as a row of pictures: the same number gives the same picture, in any order. */
export class Film {
  private readonly drive: Drive;
  private readonly moment: Moment;
  private readonly scene: RaceScene;
  private readonly glass = document.createElement("canvas");
  private readonly paper: CanvasRenderingContext2D;
  private readonly print: CanvasRenderingContext2D;
  private readonly pixels: ImageData;
  private readonly standings: (time: number) => Standing[];
  private readonly shots: Shot[];
  private readonly title: string;
  private shot: Shot | null = null;

  /**
   * @param canvas Where the pictures are put together; gets the video's size.
   * @throws Error when the browser has no WebGL 2, or `focus` did not drive.
   */
  constructor(
    canvas: HTMLCanvasElement,
    replays: readonly Replay[],
    track: TrackGeometry,
    private readonly options: FilmOptions,
  ) {
    const { width, height, quality, weather } = options;
    const recording = new Recording(replays);
    const cars = recordedCars(replays);
    const duration = Math.max(...replays.map((replay) => replay.duration));
    this.drive = recordedDrive(track, cars, recording, new PlaybackClock(duration));
    this.moment = new Moment(this.drive);
    this.standings = (time) => standingsAt(recording, cars, time);
    this.title = track.name;
    this.shots = this.plan();

    this.paper = paperOf(canvas, width, height);
    this.paper.imageSmoothingQuality = "low"; // "high" costs a processor as much as half the scene
    this.scene = new RaceScene(this.glass, quality);
    this.scene.resize(width, height, 1);
    this.scene.setLayers({ trails: "agent", lidar: false, labels: options.overlays });
    this.scene.setTrack(track);
    this.scene.setSource(new DrivePoses(this.drive));
    this.scene.setWeather(weather);
    this.print = paperOf(document.createElement("canvas"), this.glass.width, this.glass.height);
    this.pixels = this.print.createImageData(this.glass.width, this.glass.height);
  }

  /** Name of the graphics processor. */
  get processor(): string {
    return this.scene.processor;
  }

  /** Draw picture `frame` on the canvas. */
  draw(frame: number): void {
    const time = this.time(frame);
    const shot = this.shots[frame]!;
    if (shot.camera !== this.shot?.camera || shot.car !== this.shot.car) {
      this.scene.setCamera(shot.camera, shot.car, time, true);
      this.shot = shot;
    }
    this.scene.update(time);
    this.scene.render();
    const { width, height, overlays } = this.options;
    this.develop();
    if (overlays) drawOverlays(this.paper, width, height, this.caption(frame, time, shot.car));
  }

  /** Bring the picture from the glass to the paper; drawImage alone would let the GPU copy it first. */
  private develop(): void {
    const { paper, print, pixels } = this;
    const { width, height } = this.options;
    this.scene.read(pixels.data);
    print.putImageData(pixels, 0, 0);
    paper.setTransform(1, 0, 0, -1, 0, height); // the lowest row came first
    paper.drawImage(print.canvas, 0, 0, width, height);
    paper.resetTransform();
  }

  dispose(): void {
    this.scene.dispose();
  }

  /** Time of the race in a picture [s]. */
  private time(frame: number): number {
    const { begin, fps, speed } = this.options;
    return begin + (frame / fps) * speed;
  }

  /** Who is filmed in each picture, and how: known before the first one, so that parts fit together. */
  private plan(): Shot[] {
    const { camera, fps, frames } = this.options;
    const numbers = Array.from({ length: frames }, (_, frame) => frame);
    if (camera !== "director") {
      const car = this.focus();
      return numbers.map(() => ({ camera, car }));
    }
    const director = new Director();
    return numbers.map((frame) => {
      this.moment.seek(this.time(frame));
      return director.film(frame / fps, this.moment);
    });
  }

  private focus(): number {
    const { focus, frames } = this.options;
    const chosen = focus ?? this.standings(this.time(frames))[0]?.agent_id;
    const { drivers } = this.drive;
    const car = drivers.findIndex((driver) => driver.agent_id === chosen || driver.name === chosen);
    if (car >= 0) return car;
    const known = drivers.map((driver) => driver.agent_id).join(", ");
    throw new Error(`no agent ${focus} in this replay: it has ${known}`);
  }

  private caption(frame: number, time: number, car: number): Caption {
    this.moment.seek(time);
    return {
      title: this.title,
      shown: frame / this.options.fps,
      clock: time < 0 ? time : this.moment.read(car, "lap_time"),
      speed: this.moment.speed(car),
      driver: this.drive.drivers[car]!,
      drivers: this.drive.drivers,
      standings: this.standings(time),
    };
  }
}

/** Give a canvas a size, and a paper that is kept in the processor's memory: text on it costs the GPU nothing. */
function paperOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  Object.assign(canvas, { width, height });
  return canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
}
