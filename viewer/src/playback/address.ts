import { type PlaybackClock, SPEEDS } from "./playback-clock";

/** What an address says of how a replay plays: `t`, `speed`, `loop`, `reverse`, `paused`. */
export const CLOCK_PARTS = ["t", "speed", "loop", "reverse", "paused"] as const;

/** The parts of an address that lead to this moment, played like this. */
export function clockParts(clock: PlaybackClock): Record<string, string> {
  return {
    t: clock.time.toFixed(2),
    ...(clock.speed !== 1 && { speed: String(clock.speed) }),
    ...(clock.loop && { loop: clock.stretch?.map((time) => time.toFixed(2)).join(",") ?? "" }),
    ...(clock.reverse && { reverse: "" }),
    ...(!clock.playing && { paused: "" }),
  };
}

/** Set a clock as an address says; what it says wrongly is left as it is. */
export function setClock(clock: PlaybackClock, query: URLSearchParams): void {
  clock.seek(Number(query.get("t")) || 0);
  const speed = SPEEDS.find((offered) => offered === Number(query.get("speed")));
  if (speed) clock.setSpeed(speed);
  clock.reverse = query.has("reverse");
  clock.playing = !query.has("paused");
  const loop = query.get("loop");
  if (loop === null) return;
  clock.loop = true;
  const [from, to] = loop.split(",").map(Number);
  if (from !== undefined && to !== undefined) clock.setStretch(from, to);
}

/** What an address says of how a replay plays and a clock cannot do, in sentences. */
export function clockRemarks(query: URLSearchParams): string[] {
  const wrong = (part: string, right: (asked: string) => boolean, expected: string) => {
    const asked = query.get(part);
    return !asked || right(asked) ? [] : [`${part} is «${asked}», expected ${expected}.`];
  };
  return [
    ...wrong("t", (asked) => Number.isFinite(Number(asked)), "a time in seconds"),
    ...wrong(
      "speed",
      (asked) => SPEEDS.some((speed) => speed === Number(asked)),
      `one of ${SPEEDS.join(", ")}`,
    ),
    ...wrong("loop", isStretch, "two times in seconds, such as 2,5"),
  ];
}

function isStretch(asked: string): boolean {
  const [from = NaN, to = NaN, ...more] = asked.split(",").map(Number);
  return from < to && more.length === 0;
}
