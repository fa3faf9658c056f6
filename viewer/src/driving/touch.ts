import type { Action } from "../protocol/messages";
import type { Device } from "./controls";

/** A thumb's way from where it came down to full lock [CSS pixels] (guess: a comfortable roll of the thumb). */
const LOCK_PIXELS = 70;

/** Thumbs on glass: the left one slides to steer, the right one presses pedals. */
export class Touch implements Device {
  private origin: number | null = null;
  private steering = 0;
  private readonly pedals = new Set<"gas" | "brake">();

  /** The steering thumb comes down at, or moves to, `x` [CSS pixels]. */
  steer(x: number): void {
    this.origin ??= x;
    this.steering = Math.max(-1, Math.min(1, (x - this.origin) / LOCK_PIXELS));
  }

  /** The steering thumb is lifted: straight again. */
  straighten(): void {
    this.origin = null;
    this.steering = 0;
  }

  /** A pedal goes down or up. */
  pedal(pedal: "gas" | "brake", down: boolean): void {
    if (down) this.pedals.add(pedal);
    else this.pedals.delete(pedal);
  }

  read(): Action | null {
    if (this.origin === null && this.pedals.size === 0) return null;
    return {
      gas: Number(this.pedals.has("gas")),
      brake: Number(this.pedals.has("brake")),
      steering: this.steering,
    };
  }
}
