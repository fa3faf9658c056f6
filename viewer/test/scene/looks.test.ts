import { Color } from "three";
import { describe, expect, test } from "vitest";

import {
  conditionsOf,
  type Look,
  lookOf,
  PRESETS,
  roundConditions,
  sameConditions,
} from "../../src/scene/looks";
import type { Conditions, Weather } from "../../src/scene/types";

const NAMES = Object.keys(PRESETS) as Weather[];

/** A look as numbers of the size of 1; the sun's place counts as much as it shines. */
function numbers({ elevation, bearing, haze, ...look }: Look): number[] {
  const rest = Object.values(look).flatMap((value: number | Color) =>
    value instanceof Color ? value.toArray() : [value],
  );
  return [(elevation * look.sunStrength) / 90, (bearing * look.sunStrength) / 180, haze / 20, ...rest];
}

/** Fog, as the eye finds it: how much of a thing's contrast is left at a distance [m]. */
function contrast({ density }: Look, distance: number): number {
  return Math.exp(-((density * distance) ** 2));
}

test("recorded weather may leave out what it has not", () => {
  expect(conditionsOf({ rain: 0.3 })).toEqual({
    ...{ rain: 0.3, wetness: 0, fog: 0, night: 0, wind_x: 0, wind_z: 0 },
  });
  expect(conditionsOf("night")).toEqual(PRESETS.night);
});

test.each([0.2, 0.5, 1])("fog %f hides what is beyond its sight, and nothing nearby", (fog) => {
  const sight = 1000 * 0.03 ** fog;
  for (const weather of [PRESETS.clear, PRESETS.rain, PRESETS.night]) {
    const look = lookOf({ ...weather, fog });
    expect(contrast(look, sight)).toBeCloseTo(0.02, 3);
    expect(contrast(look, sight / 8)).toBeGreaterThan(0.9);
  }
});

test("nights are dark, and their lamps on", () => {
  for (const weather of [PRESETS.clear, PRESETS.rain, PRESETS.fog]) {
    const day = lookOf(weather);
    const night = lookOf({ ...weather, night: 1 });
    expect(night.lamps).toBeGreaterThan(0.9);
    expect(night.sunStrength).toBeLessThan(day.sunStrength / 1.5);
    expect(night.air.getHSL({ h: 0, s: 0, l: 0 }).l).toBeLessThan(0.25);
  }
});

describe.each(["rain", "fog", "night"] as const)("%s comes", (what) => {
  test.each(NAMES)("smoothly upon %s", (name) => {
    let before: number[] | null = null;
    for (let amount = 0; amount <= 1; amount += 0.005) {
      const now = numbers(lookOf({ ...PRESETS[name], [what]: amount }));
      before?.forEach((value, k) =>
        expect(Math.abs(now[k]! - value), `${k} at ${amount}`).toBeLessThan(0.12),
      );
      before = now;
    }
  });
});

test("conditions are rounded to what can be told apart", () => {
  const here: Conditions = { rain: 0.501, wetness: 0.3, fog: 0, night: 0.26, wind_x: 3.2, wind_z: -1.1 };
  const near: Conditions = {
    rain: 0.504,
    wetness: 0.302,
    fog: 0.004,
    night: 0.255,
    wind_x: 2.9,
    wind_z: -0.8,
  };
  expect(sameConditions(here, near)).toBe(false);
  expect(sameConditions(roundConditions(here), roundConditions(near))).toBe(true);
  expect(sameConditions(roundConditions(here), roundConditions({ ...near, night: 0.4 }))).toBe(false);
});
