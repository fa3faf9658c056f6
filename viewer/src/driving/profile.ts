import { create } from "zustand";
import { persist } from "zustand/middleware";

/** A finished drive: its time [s] and the times at the checkpoints, by number [s]. */
export interface Best {
  time: number;
  splits: Readonly<Record<number, number>>;
}

interface Profile {
  name: string;
  colour: string;
  /** The service's token; it is not remembered. */
  token: string;
  /** Own best drives, by the hash of the track. */
  bests: Readonly<Record<string, Best>>;
}

/** Who drives in this browser. */
export const useProfile = create<Profile>()(
  persist((): Profile => ({ name: "You", colour: "#ffd23f", token: "", bests: {} }), {
    name: "trackmania-rl.driver",
    partialize: ({ name, colour, bests }) => ({ name, colour, bests }),
  }),
);

/** Keep a drive if it is the best on its track; true when it is. */
export function keepBest(track: string, drive: Best): boolean {
  const { bests } = useProfile.getState();
  if (drive.time >= (bests[track]?.time ?? Infinity)) return false;
  useProfile.setState({ bests: { ...bests, [track]: drive } });
  return true;
}
