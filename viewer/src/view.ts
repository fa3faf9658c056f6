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

/** What an address may ask for by name. */
const CHOICES = {
  camera: CAMERAS,
  weather: WEATHERS,
  trails: TRAILS,
  quality: [...TIERS, "auto"],
} as const satisfies Partial<Record<keyof View, readonly string[]>>;

/**
 * Look as the page's address says: `?camera=…&focus=…&weather=…&quality=…&trails=…&present`.
 *
 * @returns What it asks for and cannot have, in sentences.
 */
export function viewOf(query: URLSearchParams): string[] {
  const remarks: string[] = [];
  for (const [part, choices] of Object.entries(CHOICES)) {
    const asked = query.get(part);
    if (asked === null) continue;
    const choice = choices.find((one) => one === asked);
    if (choice) setView({ [part]: choice });
    else remarks.push(`${part} is «${asked}», expected one of ${choices.join(", ")}.`);
  }
  const focus = query.get("focus");
  if (focus) setView({ focus });
  if (query.has("present")) setView({ presenting: true });
  return remarks;
}
