import { useEffect } from "react";

/** Write what the page shows on its tab. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · TrackMania RL` : "TrackMania RL";
  }, [title]);
}
