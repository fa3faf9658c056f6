import { RaceScene } from "../scene/race-scene";
import type { Tier } from "../scene/types";
import { useView } from "../view";
import { Director, type Shot } from "./director";
import type { Drive, Driver } from "./drive";
import { Moment } from "./moment";
import { DrivePoses } from "./poses";
import { QualityGauge } from "./quality";

/** Overlays are drawn this often [s]; more often costs the compositor and reads no better. */
const OVERLAY_INTERVAL = 0.08;
/** Most pixels of the canvas per CSS pixel; beyond, nobody sees them and every GPU feels them (guess). */
const PIXEL_RATIO_MOST = 1.75;

/** Owns the canvas and the frame loop: advances the clock, draws the scene, then the overlays. */
export class Stage {
  private readonly scene: RaceScene;
  private readonly gauge: QualityGauge;
  private readonly overlays = new Set<(moment: Moment) => void>();
  private readonly resizing: ResizeObserver;
  private readonly unsubscribe: () => void;
  private director = new Director();
  private moment: Moment | null = null;
  private shot: Shot | null = null;
  private tier: Tier = "light";
  private trackHash = "";
  private followed = 0;
  private request = 0;
  private previous = 0;
  private overlayDue = 0;

  /**
   * @param canvas Where to draw.
   * @param onTier Told the quality that is drawn with, now and whenever it changes.
   * @throws Error when the browser has no WebGL 2.
   */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onTier: (tier: Tier) => void,
  ) {
    this.scene = new RaceScene(canvas, this.tier);
    this.gauge = new QualityGauge(this.scene.software ? "light" : "standard");
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(canvas);
    this.unsubscribe = useView.subscribe(() => this.applyView());
    this.applyView();
    this.request = requestAnimationFrame(this.frame);
  }

  /** The drivers of the cars shown. */
  get drivers(): readonly Driver[] {
    return this.moment?.drive.drivers ?? [];
  }

  /** Who drives the car in view. */
  get driver(): Driver | undefined {
    return this.drivers[this.moment?.focus ?? 0];
  }

  /** Show a race or a recording; null hides the picture. */
  show(drive: Drive | null): void {
    this.moment = drive && new Moment(drive);
    this.canvas.hidden = drive === null;
    if (drive === null) return;
    if (drive.track.hash !== this.trackHash) this.scene.setTrack(drive.track);
    this.trackHash = drive.track.hash;
    this.scene.setSource(new DrivePoses(drive));
    this.director = new Director();
    this.shot = null;
  }

  /** Point the cameras at a car. */
  follow(car: number): void {
    this.followed = Math.max(0, car);
  }

  /** Call `draw` whenever the overlays are due, until the returned function is called. */
  onMoment(draw: (moment: Moment) => void): () => void {
    this.overlays.add(draw);
    return () => this.overlays.delete(draw);
  }

  /** Stop, and free the GPU's memory. */
  dispose(): void {
    cancelAnimationFrame(this.request);
    this.unsubscribe();
    this.resizing.disconnect();
    this.scene.dispose();
  }

  private readonly frame = (nowMs: number) => {
    this.request = requestAnimationFrame(this.frame);
    const now = nowMs / 1000;
    const { moment } = this;
    if (!moment) return;
    const time = moment.drive.advance(now);
    if (!Number.isFinite(time)) return;
    this.point(now, time, moment);
    const { weather } = useView.getState();
    this.scene.setWeather(weather === "driven" ? (moment.drive.weather?.(time) ?? "clear") : weather);
    this.scene.update(time);
    this.scene.render();
    if (useView.getState().quality === "auto" && this.gauge.measure(now - this.previous)) this.applyView();
    this.previous = now;
    if (now < this.overlayDue) return;
    this.overlayDue = now + OVERLAY_INTERVAL;
    moment.seek(time);
    for (const draw of this.overlays) draw(moment);
  };

  /** Let the scene look where the viewer or the director wants it to. */
  private point(now: number, time: number, moment: Moment): void {
    const { camera } = useView.getState();
    const shot = camera === "director" ? this.director.film(now, moment) : { camera, car: this.followed };
    if (shot.camera === this.shot?.camera && shot.car === this.shot.car) return;
    const cut = this.shot === null || camera === "director";
    this.scene.setCamera(shot.camera, shot.car, time, cut);
    this.shot = shot;
    moment.focus = shot.car;
  }

  private applyView(): void {
    const { quality, trails, lidar, labels } = useView.getState();
    const tier = quality === "auto" ? this.gauge.tier : quality;
    this.scene.setLayers({ trails, lidar, labels });
    if (tier !== this.tier) this.scene.setTier(tier);
    this.tier = tier;
    this.onTier(tier);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0) return; // hidden
    this.scene.resize(clientWidth, clientHeight, Math.min(PIXEL_RATIO_MOST, window.devicePixelRatio));
  }
}
