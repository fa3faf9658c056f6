import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { CameraKind, Layers, Tier, Weather } from "./scene/types";

/** The cameras, in the order of the keys 1 to 6. "director" cuts between the others by itself. */
export type CameraName = CameraKind | "director";
export const CAMERAS: readonly CameraName[] = [
  "chase",
  "overhead",
  "cockpit",
  "trackside",
  "orbit",
  "director",
];

export const TRAILS = ["agent", "speed", "off"] as const satisfies readonly Layers["trails"][];

/** "driven": the weather that the race is or was driven in. */
export const WEATHERS = ["driven", "clear", "sunset", "rain", "fog", "night"] as const satisfies readonly (
  Weather | "driven"
)[];

/** Quality of the picture, cheapest first. */
export const TIERS = ["light", "standard", "show"] as const satisfies readonly Tier[];

interface View {
  camera: CameraName;
  /** The car that the cameras follow; null: whoever leads. */
  focus: string | null;
  trails: Layers["trails"];
  lidar: boolean;
  /** Names over the cars. */
  labels: boolean;
  weather: Weather | "driven";
  /** "auto" goes by the measured time of a frame. */
  quality: Tier | "auto";
  /** Chrome hidden, title and lower third shown, the director at the camera. */
  presenting: boolean;
  helping: boolean;
  /** The panel of the learning agents is open. */
  agents: boolean;
}

/** How the race is looked at. Tastes are remembered, the moment's choices are not. */
export const useView = create<View>()(
  persist(
    (): View => ({
      camera: "chase",
      focus: null,
      trails: "agent",
      lidar: false,
      labels: true,
      weather: "driven",
      quality: "auto",
      presenting: false,
      helping: false,
      agents: true,
    }),
    {
      name: "trackmania-rl.view",
      partialize: ({ trails, lidar, weather, quality, agents }) => ({
        trails,
        lidar,
        weather,
        quality,
        agents,
      }),
    },
  ),
);

/** Change how the race is looked at. */
export const setView = useView.setState;

/** Look as the page's address says: `?camera=…&focus=…&weather=…&quality=…&trails=…&present`. */
export function viewOf(query: URLSearchParams): void {
  const choice = <T extends string>(name: string, known: readonly T[]) =>
    known.find((value) => value === query.get(name));
  const asked: Partial<View> = {
    camera: choice("camera", CAMERAS),
    weather: choice("weather", WEATHERS),
    trails: choice("trails", TRAILS),
    quality: choice("quality", [...TIERS, "auto"]),
    focus: query.get("focus") ?? undefined,
    presenting: query.has("present") || undefined,
  };
  setView(Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)));
}
