import { describe, expect, it } from "vitest";
import { together } from "../../src/driving/controls";
import { actionOf, withoutDeadZone, type Pad } from "../../src/driving/gamepad";
import { Keyboard } from "../../src/driving/keyboard";
import { Touch } from "../../src/driving/touch";

const STEP = 0.05;

describe("keyboard", () => {
  it("turns the wheel to full lock in four steps and back in two", () => {
    const keyboard = new Keyboard();
    keyboard.read(0);
    keyboard.press("KeyA", true);
    const turning = [1, 2, 3, 4, 5].map((k) => keyboard.read(k * STEP)!.steering);
    [-0.25, -0.5, -0.75, -1, -1].forEach((value, k) => expect(turning[k]).toBeCloseTo(value));
    keyboard.press("KeyA", false);
    expect(keyboard.read(6 * STEP)!.steering).toBeCloseTo(-0.5);
    expect(keyboard.read(7.01 * STEP)).toBeNull();
  });

  it("goes to the other side at once", () => {
    const keyboard = new Keyboard();
    keyboard.read(0);
    keyboard.press("ArrowRight", true);
    expect(keyboard.read(1)!.steering).toBe(1);
    keyboard.press("ArrowRight", false);
    keyboard.press("ArrowLeft", true);
    expect(keyboard.read(1 + STEP)!.steering).toBeCloseTo(-0.25);
  });

  it("knows both sets of keys, and which are none to drive with", () => {
    const keyboard = new Keyboard();
    expect(keyboard.press("KeyC", true)).toBe(false);
    for (const [code, pedal] of [
      ["KeyW", "gas"],
      ["ArrowUp", "gas"],
      ["Space", "brake"],
      ["KeyS", "brake"],
    ] as const) {
      expect(keyboard.press(code, true)).toBe(true);
      expect(keyboard.read(1)![pedal]).toBe(1);
      keyboard.release();
    }
    expect(keyboard.read(2)).toBeNull();
  });
});

const pad = (axes: number[], values: Record<number, number> = {}): Pad => ({
  axes,
  buttons: Array.from({ length: 17 }, (_, k) => ({ value: values[k] ?? 0, pressed: (values[k] ?? 0) > 0.5 })),
});

describe("gamepad", () => {
  it("ignores a stick at rest and is continuous where the dead zone ends", () => {
    expect(withoutDeadZone(0.11)).toBeCloseTo(0);
    expect(withoutDeadZone(-0.121)).toBeCloseTo(-0.001, 2);
    expect(withoutDeadZone(-1)).toBe(-1);
    expect(actionOf(pad([0.56])).steering).toBeCloseTo(0.5);
  });

  it("takes triggers, buttons and the cross", () => {
    expect(actionOf(pad([0], { 7: 0.3 }))).toEqual({ gas: 1, brake: 0, steering: 0 });
    expect(actionOf(pad([0], { 1: 1, 14: 1 }))).toEqual({ gas: 0, brake: 1, steering: -1 });
  });

  it("is at rest without axes and buttons", () => {
    expect(actionOf({ axes: [], buttons: [] })).toEqual({ gas: 0, brake: 0, steering: 0 });
  });
});

describe("touch", () => {
  it("steers from where the thumb came down, and straightens when it is lifted", () => {
    const touch = new Touch();
    touch.steer(200);
    expect(touch.read()!.steering).toBe(0);
    touch.steer(165);
    expect(touch.read()!.steering).toBe(-0.5);
    touch.steer(900);
    expect(touch.read()!.steering).toBe(1);
    touch.straighten();
    expect(touch.read()).toBeNull();
  });

  it("holds both pedals at once", () => {
    const touch = new Touch();
    touch.pedal("gas", true);
    touch.pedal("brake", true);
    expect(touch.read()).toEqual({ gas: 1, brake: 1, steering: 0 });
    touch.pedal("gas", false);
    expect(touch.read()!.gas).toBe(0);
  });
});

describe("several devices", () => {
  it("add up", () => {
    const keyboard = { gas: 1, brake: 0, steering: 0.25 };
    expect(together([keyboard, null, { gas: 0, brake: 1, steering: -0.5 }])).toEqual({
      gas: 1,
      brake: 1,
      steering: -0.5,
    });
    expect(together([null])).toEqual({ gas: 0, brake: 0, steering: 0 });
  });
});
