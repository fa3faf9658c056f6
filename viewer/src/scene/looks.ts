/** How weathers look: light, sky, air. All colours and strengths are chosen by eye. */

import { Color } from "three";

import type { Weather as RecordedWeather } from "../protocol/messages";
import { lerp, smoothstep } from "./noise";
import type { Conditions, Weather } from "./types";

export interface Look {
  /** Direction of the sun or moon: height above the horizon and bearing from +z towards +x [degrees]. */
  readonly elevation: number;
  readonly bearing: number;
  readonly sunColour: Color;
  readonly sunStrength: number;
  /** Light from above and below where nothing is reflected (tier "light"). */
  readonly skyLight: Color;
  readonly groundLight: Color;
  readonly ambient: number;
  /** Strength of the sky's reflections and scattered light (other tiers). */
  readonly environment: number;
  readonly exposure: number;
  /** Colour of the air and how much of it there is [1/m]. */
  readonly air: Color;
  readonly density: number;
  /** The physical sky, and how much of it the own one covers: colours at zenith and horizon, clouds. */
  readonly turbidity: number;
  readonly rayleigh: number;
  readonly mie: number;
  readonly cumulus: number;
  readonly cover: number;
  readonly zenith: Color;
  /** How fast the air clears above the horizon: it has gone by 1/e at an elevation whose sine is 1/haze. */
  readonly haze: number;
  /** Sine of the elevation up to which the air hides everything as at the horizon: mountains in fog. */
  readonly veil: number;
  readonly clouds: number;
  readonly stars: number;
  /** Lamps, 0 off to 1 on. */
  readonly lamps: number;
}

/** The looks between which all others lie. */
const KEYS: Readonly<Record<Weather, Look>> = {
  clear: {
    elevation: 42,
    bearing: 128,
    sunColour: new Color("#fff1dc"),
    sunStrength: 4.2,
    skyLight: new Color("#bcd8ff"),
    groundLight: new Color("#8d9270"),
    ambient: 1.5,
    environment: 0.75,
    exposure: 0.62,
    air: new Color("#a9c6e2"),
    density: 0.00022,
    turbidity: 2.2,
    rayleigh: 1.15,
    mie: 0.003,
    cumulus: 0.38,
    cover: 0,
    zenith: new Color("#3f78c4"),
    haze: 22,
    veil: 0,
    clouds: 0,
    stars: 0,
    lamps: 0,
  },
  sunset: {
    elevation: 9,
    bearing: 118,
    sunColour: new Color("#ffae66"),
    sunStrength: 4.4,
    skyLight: new Color("#c9b7c9"),
    groundLight: new Color("#7a5f48"),
    ambient: 2.4,
    environment: 1.35,
    exposure: 0.7,
    air: new Color("#dba27c"),
    density: 0.00034,
    turbidity: 5,
    rayleigh: 2.4,
    mie: 0.006,
    cumulus: 0.42,
    cover: 0,
    zenith: new Color("#43598c"),
    haze: 16,
    veil: 0,
    clouds: 0,
    stars: 0,
    lamps: 0.35,
  },
  rain: {
    elevation: 50,
    bearing: 128,
    sunColour: new Color("#c9d4de"),
    sunStrength: 0.9,
    skyLight: new Color("#b4bfca"),
    groundLight: new Color("#5a5f5c"),
    ambient: 1.7,
    environment: 1.6,
    exposure: 1.0,
    air: new Color("#8d99a4"),
    density: 0.0016,
    turbidity: 5,
    rayleigh: 2.4,
    mie: 0.006,
    cumulus: 0.42,
    cover: 1,
    zenith: new Color("#5f6b77"),
    haze: 4.5,
    veil: 0,
    clouds: 1,
    stars: 0,
    lamps: 0.4,
  },
  fog: {
    elevation: 28,
    bearing: 128,
    sunColour: new Color("#fff0d6"),
    sunStrength: 1.5,
    skyLight: new Color("#d6dde2"),
    groundLight: new Color("#80857c"),
    ambient: 1.6,
    environment: 0.85,
    exposure: 0.82,
    air: new Color("#c3cbd0"),
    density: 0.0052,
    turbidity: 5,
    rayleigh: 2.4,
    mie: 0.006,
    cumulus: 0.42,
    cover: 1,
    zenith: new Color("#aebac4"),
    haze: 2.2,
    veil: 0,
    clouds: 0.4,
    stars: 0,
    lamps: 0.5,
  },
  night: {
    elevation: 38,
    bearing: 205,
    sunColour: new Color("#9fb9ff"),
    sunStrength: 0.95,
    skyLight: new Color("#6f8fd0"),
    groundLight: new Color("#283046"),
    ambient: 0.65,
    environment: 3.2,
    exposure: 0.95,
    air: new Color("#131d33"),
    density: 0.0006,
    turbidity: 5,
    rayleigh: 2.4,
    mie: 0.006,
    cumulus: 0.42,
    cover: 1,
    zenith: new Color("#070d1d"),
    haze: 9,
    veil: 0,
    clouds: 0.3,
    stars: 1,
    lamps: 1,
  },
};

/** Weathers with a name as conditions. */
export const PRESETS: Readonly<Record<Weather, Conditions>> = {
  clear: { rain: 0, wetness: 0, fog: 0, night: 0, wind_x: 2, wind_z: 1 },
  sunset: { rain: 0, wetness: 0, fog: 0, night: 0.5, wind_x: 1.5, wind_z: 0 },
  rain: { rain: 0.7, wetness: 1, fog: 0, night: 0, wind_x: 4, wind_z: 2 },
  fog: { rain: 0, wetness: 0.35, fog: 0.28, night: 0, wind_x: 0.5, wind_z: 0 },
  night: { rain: 0, wetness: 0, fog: 0, night: 1, wind_x: 2, wind_z: 1 },
};

/** The conditions of a weather with a name, or of one that was recorded. */
export function conditionsOf(weather: Weather | RecordedWeather): Conditions {
  if (typeof weather === "string") return PRESETS[weather];
  return { rain: 0, wetness: 0, fog: 0, night: 0, wind_x: 0, wind_z: 0, ...weather };
}

/** At this share of a night the sun has set and the moon has not risen. */
const DUSK = 0.74;
/** Amounts of rain and fog from which on clouds and fog hide the sky wholly. */
const OVERCAST = 0.35;
const HIDDEN = 0.25;
/** Optical depth at which nothing but air is seen: its contrast is 2 % (Koschmieder, 1924). */
const INVISIBLE = Math.sqrt(Math.log(50));
/** Sine of the elevation of the highest mountains' tops; densities that begin to hide and hide them [1/m] (guess). */
const MOUNTAIN_TOP = 0.34;
const SWALLOWING = [0.0008, 0.003] as const;
/** `Look.haze` of the densest fog: nothing of the sky is seen. */
const DENSE_HAZE = 0;
/** Steps from 0 to 1 in which the sky changes. */
const STEPS = 32;
const CONDITIONS = ["rain", "wetness", "fog", "night", "wind_x", "wind_z"] as const;

const { clear, sunset, rain, fog, night } = KEYS;
const dusk: Look = {
  ...blendLooks(sunset, night, 0.6),
  elevation: -2,
  bearing: 114,
  sunStrength: 0,
  stars: 0,
};
const moonrise: Look = { ...dusk, elevation: 24, bearing: night.bearing };
const rainyNight: Look = {
  ...night,
  sunStrength: 0.25,
  ambient: 0.8,
  air: new Color("#161c28"),
  density: rain.density,
  zenith: new Color("#0b1018"),
  haze: rain.haze,
  clouds: 1,
  stars: 0,
};
const foggyNight: Look = {
  ...rainyNight,
  air: new Color("#27303d"),
  zenith: new Color("#1a212c"),
  haze: fog.haze,
  clouds: fog.clouds,
};

/** How conditions look: the hour of the day, clouds drawn over it by rain, and fog before both. */
export function lookOf(conditions: Conditions): Look {
  const hour = conditions.night;
  const dark = smoothstep(0.1, 0.95, hour);
  let look = hourLook(hour);
  look = blendLooks(look, blendLooks(rain, rainyNight, dark), smoothstep(0, OVERCAST, conditions.rain));
  look = blendLooks(look, blendLooks(fog, foggyNight, dark), smoothstep(0, HIDDEN, conditions.fog));
  const sight = 1000 * 0.03 ** conditions.fog; // as protocol/messages.ts defines fog [m]
  const density = lerp(look.density, INVISIBLE / sight, smoothstep(0, 0.1, conditions.fog));
  const haze = lerp(look.haze, DENSE_HAZE, smoothstep(HIDDEN, 1, conditions.fog));
  const veil = MOUNTAIN_TOP * smoothstep(...SWALLOWING, density);
  return { ...look, density, haze, veil };
}

/** Conditions in so coarse steps that a change of the sky's look is just not seen; the wind in m/s. */
export function roundConditions({ rain, wetness, fog, night, wind_x, wind_z }: Conditions): Conditions {
  const round = (value: number): number => Math.round(value * STEPS) / STEPS;
  return {
    rain: round(rain),
    wetness: round(wetness),
    fog: round(fog),
    night: round(night),
    wind_x: Math.round(wind_x),
    wind_z: Math.round(wind_z),
  };
}

/** Whether two conditions are the same. */
export function sameConditions(one: Conditions, other: Conditions): boolean {
  return CONDITIONS.every((name) => one[name] === other[name]);
}

function hourLook(hour: number): Look {
  if (hour < 0.5) return blendLooks(clear, sunset, hour / 0.5);
  if (hour < DUSK) return blendLooks(sunset, dusk, (hour - 0.5) / (DUSK - 0.5));
  return blendLooks(moonrise, night, (hour - DUSK) / (1 - DUSK));
}

function blendLooks(from: Look, to: Look, share: number): Look {
  const names = Object.keys(from) as (keyof Look)[];
  const entries = names.map((name) => {
    const [a, b] = [from[name], to[name]];
    if (a instanceof Color) return [name, new Color().lerpColors(a, b as Color, share)];
    return [name, lerp(a, b as number, share)];
  });
  return Object.fromEntries(entries) as unknown as Look;
}
