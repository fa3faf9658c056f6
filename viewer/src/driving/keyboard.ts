import type { Action } from "../protocol/messages";
import type { Device } from "./controls";

/** What a key does, by its place on the keyboard, so that WASD lies where it lies on every layout. */
const KEYS: Readonly<Record<string, "left" | "right" | "gas" | "brake">> = {
  ArrowLeft: "left",
  KeyA: "left",
  ArrowRight: "right",
  KeyD: "right",
  ArrowUp: "gas",
  KeyW: "gas",
  ArrowDown: "brake",
  KeyS: "brake",
  Space: "brake",
};

/** From straight to full lock [s]: four steps of control, so that a tap is a small correction (guess). */
const LOCK_SECONDS = 0.2;
/** From full lock back to straight [s] (guess). */
const CENTRE_SECONDS = 0.1;

/** Keys as pedals and a steering wheel that takes its time. */
export class Keyboard implements Device {
  private readonly held = new Set<string>();
  private steering = 0;
  private previous = 0;

  /** Take in a key that goes down or up; false when it is none to drive with. */
  press(code: string, down: boolean): boolean {
    if (!(code in KEYS)) return false;
    if (down) this.held.add(code);
    else this.held.delete(code);
    return true;
  }

  /** Let go of everything: the window has lost the keyboard. */
  release(): void {
    this.held.clear();
  }

  read(now: number): Action | null {
    const dt = Math.max(0, now - this.previous);
    this.previous = now;
    const pressed = new Set([...this.held].map((code) => KEYS[code]));
    const target = Number(pressed.has("right")) - Number(pressed.has("left"));
    if (target * this.steering < 0) this.steering = 0; // to the other side: not by way of the slow return
    const most = dt / (target === 0 ? CENTRE_SECONDS : LOCK_SECONDS);
    this.steering += Math.max(-most, Math.min(most, target - this.steering));
    if (pressed.size === 0 && this.steering === 0) return null;
    return { gas: Number(pressed.has("gas")), brake: Number(pressed.has("brake")), steering: this.steering };
  }
}
