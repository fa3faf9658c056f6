import type { Action } from "../protocol/messages";
import type { Device } from "./controls";

/** Places in the standard mapping (W3C Gamepad, section "Remapping"). */
const BUTTON = { a: 0, b: 1, y: 3, leftTrigger: 6, rightTrigger: 7, left: 14, right: 15 } as const;
const STEERING_AXIS = 0;

/** Share of the stick's way that is nothing: worn sticks do not return to zero (guess). */
const DEAD_ZONE = 0.12;
/** A trigger pressed further than this is a pressed pedal: in the physics pedals are switches (guess). */
const TRIGGER = 0.1;

/** The part of a gamepad that is read. */
export type Pad = Pick<Gamepad, "axes"> & { buttons: readonly Pick<GamepadButton, "value" | "pressed">[] };

/** The stick without its dead zone, -1..1; it begins at zero where the zone ends. */
export function withoutDeadZone(value: number): number {
  const beyond = (Math.abs(value) - DEAD_ZONE) / (1 - DEAD_ZONE);
  return Math.sign(value) * Math.min(1, Math.max(0, beyond));
}

/** What a gamepad asks for: right trigger or A gas, left trigger or B brake, left stick or cross steering. */
export function actionOf(pad: Pad): Action {
  const pressed = (button: number) => {
    const { value = 0, pressed: down = false } = pad.buttons[button] ?? {};
    return down || value > TRIGGER;
  };
  const cross = Number(pressed(BUTTON.right)) - Number(pressed(BUTTON.left));
  return {
    gas: Number(pressed(BUTTON.rightTrigger) || pressed(BUTTON.a)),
    brake: Number(pressed(BUTTON.leftTrigger) || pressed(BUTTON.b)),
    steering: cross || withoutDeadZone(pad.axes[STEERING_AXIS] ?? 0),
  };
}

/** The gamepads that are plugged in. */
export class Gamepads implements Device {
  private wasRespawning = false;

  /** @param onRespawn Called when Y goes down. */
  constructor(private readonly onRespawn: () => void) {}

  read(): Action | null {
    const pad = connected()[0];
    if (!pad) return null;
    const respawning = pad.buttons[BUTTON.y]?.pressed ?? false;
    if (respawning && !this.wasRespawning) this.onRespawn();
    this.wasRespawning = respawning;
    return actionOf(pad);
  }
}

/** Gamepads in the standard mapping; a browser shows one when a button of it was pressed. */
export function connected(): Gamepad[] {
  return navigator.getGamepads().filter((pad) => pad !== null && pad.mapping === "standard") as Gamepad[];
}
