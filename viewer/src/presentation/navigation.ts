/** What a key does to a presentation; remote controls send the keys of pages. */
export type Command =
  "next" | "back" | "first" | "last" | "fullscreen" | "autoplay" | "edit" | "black" | "notes" | "leave";

/** The commands by key; letters in lower case. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ArrowRight: "next",
  ArrowDown: "next",
  PageDown: "next",
  " ": "next",
  Enter: "next",
  ArrowLeft: "back",
  ArrowUp: "back",
  PageUp: "back",
  Backspace: "back",
  Home: "first",
  End: "last",
  f: "fullscreen",
  a: "autoplay",
  e: "edit",
  b: "black",
  ".": "black",
  n: "notes",
  Escape: "leave",
};

/** The slide that a command leads to, of `count`; at the ends the deck stays. */
export function slideAfter(at: number, count: number, command: Command): number {
  const to = { next: at + 1, back: at - 1, first: 0, last: count - 1 }[command as string] ?? at;
  return Math.min(count - 1, Math.max(0, to));
}

/** A finger must move this far across [CSS px], and twice as far as down or up, to turn the slide (guess). */
const SWIPE_LEAST = 50;

/** What a finger's movement means: the slide follows the finger. */
export function swiped(dx: number, dy: number): Command | null {
  if (Math.abs(dx) < SWIPE_LEAST || Math.abs(dx) < 2 * Math.abs(dy)) return null;
  return dx < 0 ? "next" : "back";
}
