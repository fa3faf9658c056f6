/** What the scene is given: who drives, where they are at any time, and what is to be shown. */

import type { Quaternion, Vector3 } from "three";

import type { Weather as RecordedWeather } from "../protocol/messages";

/** A car's pose at one time; reusable, filled in place. Units and axes as in protocol/messages.ts. */
export interface Pose {
  readonly position: Vector3;
  readonly quaternion: Quaternion;
  readonly velocity: Vector3;
  /** 0 to 1. */
  brake: number;
  /** Distance along the track from the start [m]. */
  progress: number;
  /** Bits of protocol/messages.ts: grounded, sliding, wall, turbo, finished, out. */
  state: number;
  /** Compression of the wheels front left, front right, rear left, rear right [m]. */
  readonly suspension: [number, number, number, number];
  /** Front wheels, positive to the right [rad]. */
  wheelAngle: number;
  /** Distances right to left over 180 degrees [m], or null. */
  lidar: Float32Array | null;
}

/** Who drives a car. */
export interface CarInfo {
  readonly id: string;
  readonly name: string;
  /** "#rrggbb". */
  readonly colour: string;
  readonly ghost: boolean;
}

/** Where all cars are at any time. */
export interface PoseSource {
  readonly cars: readonly CarInfo[];
  /** Fill `out` with a car's pose at a time; false where the car is not there. */
  sample(car: number, time: number, out: Pose): boolean;
}

export type CameraKind = "chase" | "cockpit" | "overhead" | "trackside" | "orbit";
/** Weathers with a name, for those who choose one. */
export type Weather = "clear" | "sunset" | "rain" | "fog" | "night";
/** Any weather: rain, wetness, fog and night from 0 to 1, and the wind [m/s]. Half of a night is sunset. */
export type Conditions = Required<RecordedWeather>;
/** light: software rendering; standard: any GPU; show: presentations. */
export type Tier = "light" | "standard" | "show";

/** What is drawn besides the cars. */
export interface Layers {
  trails: "off" | "agent" | "speed";
  lidar: boolean;
  labels: boolean;
}
