/** How each weather looks: light, sky, air. All colours and strengths are chosen by eye. */

import type { Weather } from "./types";

export interface Look {
  /** Direction of the sun or moon: height above the horizon and bearing from +z towards +x [degrees]. */
  readonly elevation: number;
  readonly bearing: number;
  readonly sunColour: string;
  readonly sunStrength: number;
  /** Light from above and below where nothing is reflected (tier "light"). */
  readonly skyLight: string;
  readonly groundLight: string;
  readonly ambient: number;
  /** Strength of the sky's reflections and scattered light (other tiers). */
  readonly environment: number;
  readonly exposure: number;
  /** Colour of the air and how much of it there is [1/m]. */
  readonly air: string;
  readonly density: number;
  /** Physical sky, or an own one: colours at zenith and horizon, how much of it clouds cover. */
  readonly physical: { turbidity: number; rayleigh: number; mie: number; clouds: number } | null;
  readonly zenith: string;
  /** How fast the air clears above the horizon: it has gone by 1/e at an elevation whose sine is 1/haze. */
  readonly haze: number;
  readonly clouds: number;
  readonly stars: number;
  /** 0 dry to 1 wet; lamps 0 off to 1 on. */
  readonly wetness: number;
  readonly lamps: number;
}

export const LOOKS: Readonly<Record<Weather, Look>> = {
  clear: {
    elevation: 42,
    bearing: 128,
    sunColour: "#fff1dc",
    sunStrength: 4.2,
    skyLight: "#bcd8ff",
    groundLight: "#6d7350",
    ambient: 1.5,
    environment: 0.75,
    exposure: 0.62,
    air: "#a9c6e2",
    density: 0.00022,
    physical: { turbidity: 2.2, rayleigh: 1.15, mie: 0.003, clouds: 0.38 },
    zenith: "#3f78c4",
    haze: 22,
    clouds: 0,
    stars: 0,
    wetness: 0,
    lamps: 0,
  },
  sunset: {
    elevation: 9,
    bearing: 118,
    sunColour: "#ffae66",
    sunStrength: 4.4,
    skyLight: "#c9b7c9",
    groundLight: "#7a5f48",
    ambient: 1.1,
    environment: 1.35,
    exposure: 0.7,
    air: "#dba27c",
    density: 0.00034,
    physical: { turbidity: 5, rayleigh: 2.4, mie: 0.006, clouds: 0.42 },
    zenith: "#43598c",
    haze: 16,
    clouds: 0,
    stars: 0,
    wetness: 0,
    lamps: 0.35,
  },
  rain: {
    elevation: 50,
    bearing: 128,
    sunColour: "#c9d4de",
    sunStrength: 0.9,
    skyLight: "#b4bfca",
    groundLight: "#5a5f5c",
    ambient: 1.7,
    environment: 1.6,
    exposure: 1.0,
    air: "#8d99a4",
    density: 0.0016,
    physical: null,
    zenith: "#5f6b77",
    haze: 4.5,
    clouds: 1,
    stars: 0,
    wetness: 1,
    lamps: 0.4,
  },
  fog: {
    elevation: 28,
    bearing: 128,
    sunColour: "#fff0d6",
    sunStrength: 1.5,
    skyLight: "#d6dde2",
    groundLight: "#80857c",
    ambient: 1.6,
    environment: 0.85,
    exposure: 0.82,
    air: "#c3cbd0",
    density: 0.0052,
    physical: null,
    zenith: "#aebac4",
    haze: 2.2,
    clouds: 0.4,
    stars: 0,
    wetness: 0.35,
    lamps: 0.5,
  },
  night: {
    elevation: 38,
    bearing: 205,
    sunColour: "#9fb9ff",
    sunStrength: 0.95,
    skyLight: "#6f8fd0",
    groundLight: "#283046",
    ambient: 0.65,
    environment: 3.2,
    exposure: 0.95,
    air: "#131d33",
    density: 0.0006,
    physical: null,
    zenith: "#070d1d",
    haze: 9,
    clouds: 0.3,
    stars: 1,
    wetness: 0,
    lamps: 1,
  },
};
