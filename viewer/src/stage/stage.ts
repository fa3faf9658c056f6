import { useView } from "../view";
import type { Drive, Driver } from "./drive";
import { Moment } from "./moment";

/** Overlays are drawn this often [s]; more often costs the compositor and reads no better. */
const OVERLAY_INTERVAL = 0.08;

/** Owns the canvas and the frame loop: advances the clock, draws the scene, then the overlays. */
export class Stage {
  private moment: Moment | null = null;
  private readonly overlays = new Set<(moment: Moment) => void>();
  private request = 0;
  private overlayDue = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onTier: (tier: string) => void,
  ) {
    this.request = requestAnimationFrame(this.frame);
    this.onTier(useView.getState().quality + this.canvas.width);
  }

  /** The drivers of the cars shown. */
  get drivers(): readonly Driver[] {
    return this.moment?.drive.drivers ?? [];
  }

  /** Who drives the car in view. */
  get driver(): Driver | undefined {
    return this.drivers[this.moment?.focus ?? 0];
  }

  /** Show a race or a recording; null clears the picture. */
  show(drive: Drive | null): void {
    this.moment = drive && new Moment(drive);
  }

  /** Point the cameras at a car. */
  follow(car: number): void {
    if (this.moment) this.moment.focus = Math.max(0, car);
  }

  /** Call `draw` whenever the overlays are due, until the returned function is called. */
  onMoment(draw: (moment: Moment) => void): () => void {
    this.overlays.add(draw);
    return () => this.overlays.delete(draw);
  }

  /** Stop, and free the GPU's memory. */
  dispose(): void {
    cancelAnimationFrame(this.request);
  }

  private readonly frame = (nowMs: number) => {
    this.request = requestAnimationFrame(this.frame);
    const { moment } = this;
    if (!moment) return;
    const now = nowMs / 1000;
    const time = moment.drive.advance(now);
    if (now < this.overlayDue) return;
    this.overlayDue = now + OVERLAY_INTERVAL;
    moment.seek(time);
    for (const draw of this.overlays) draw(moment);
  };
}
