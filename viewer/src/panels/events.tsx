import {
  IconBolt,
  IconCarCrash,
  IconFlag,
  IconFlag3,
  IconHourglass,
  IconMapPin,
  IconPlayerPlay,
  IconRefresh,
  IconRoadOff,
} from "@tabler/icons-react";
import type { NumberedEvent } from "../connection/environment";
import { KMH, raceTime } from "../format";
import type { EventKind } from "../protocol/messages";
import { addressOf, go } from "../route";
import type { Driver } from "../stage/drive";

/** Slower touches of a wall than this are no news [m/s] (guess). */
const IMPACT_LEAST = 5;
const SHOWN = 5;

/** What happens, in words and signs. */
export const EVENTS: Record<EventKind, { icon: typeof IconFlag; text: (value?: number) => string }> = {
  start: { icon: IconPlayerPlay, text: () => "Go" },
  checkpoint: { icon: IconMapPin, text: (value) => `checkpoint ${value ?? ""}` },
  finish: { icon: IconFlag, text: (value) => `finished in ${raceTime(value, 3)}` },
  wall: {
    icon: IconBolt,
    text: (value) => `hit the wall${value ? ` at ${Math.round(KMH * value)} km/h` : ""}`,
  },
  off_road: { icon: IconRoadOff, text: () => "left the road" },
  stuck: { icon: IconHourglass, text: () => "is stuck" },
  contact: { icon: IconCarCrash, text: () => "hit" },
  respawn: { icon: IconRefresh, text: () => "starts again" },
  heat_end: { icon: IconFlag3, text: () => "End of the heat" },
};

/** Is it worth telling? */
export function isNews(event: { kind: string; value?: number }): boolean {
  return event.kind !== "wall" || (event.value ?? 0) >= IMPACT_LEAST;
}

/** The latest events, newest first; each fades away by itself. */
export function EventFeed({
  events,
  drivers,
}: {
  events: readonly NumberedEvent[];
  drivers: readonly Driver[];
}) {
  const byId = new Map(drivers.map((driver) => [driver.agent_id, driver]));
  return (
    <section className="events" aria-label="Events" aria-live="polite">
      {events
        .filter(isNews)
        .slice(-SHOWN)
        .reverse()
        .map((event) => {
          const { icon: Icon, text } = EVENTS[event.kind];
          const driver = byId.get(event.agent_id ?? "");
          return (
            <p key={event.number} className={`panel event ${event.kind}`}>
              <Icon size={16} color={driver?.colour} aria-hidden />
              <span>
                {driver && <b>{driver.name} </b>}
                {text(event.value)}
                {event.other && <b> {byId.get(event.other)?.name ?? event.other}</b>}
              </span>
              {event.replay && (
                <button className="link" onClick={() => go(addressOf("replays", { replay: event.replay! }))}>
                  Watch again
                </button>
              )}
            </p>
          );
        })}
    </section>
  );
}
