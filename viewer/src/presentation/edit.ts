/** Changes of a deck, each of which can be undone. */

import { type Branding, type Deck, NEW_SLIDES, type Slide, type SlideKind } from "./deck";

/** A deck that is edited, the slide at hand, and the decks before each change. */
export interface Draft {
  deck: Deck;
  at: number;
  past: readonly { deck: Deck; at: number }[];
}

export type Edit =
  | { do: "open"; deck: Deck }
  | { do: "select"; at: number }
  | { do: "add"; kind: SlideKind }
  | { do: "duplicate" }
  | { do: "delete" }
  | { do: "undo" }
  | { do: "move"; by: 1 | -1 }
  | { do: "change"; slide: Slide }
  | { do: "brand"; branding: Branding }
  | { do: "rename"; title: string };

/** Changes that can be undone, at most. */
const PAST_MOST = 100;

/** A draft of a deck, at its first slide or another. */
export function draftOf(deck: Deck, at = 0): Draft {
  return { deck, at: within(at, deck), past: [] };
}

/** The draft after an edit; the same object when the edit changes nothing. */
export function edited(draft: Draft, edit: Edit): Draft {
  const { deck, at, past } = draft;
  if (edit.do === "open") return draftOf(edit.deck);
  if (edit.do === "select") return { ...draft, at: within(edit.at, deck) };
  if (edit.do === "undo") {
    const before = past.at(-1);
    return before ? { ...before, past: past.slice(0, -1) } : draft;
  }
  const after = changed(deck, at, edit);
  if (after === null) return draft;
  return { ...after, past: [...past, { deck, at }].slice(-PAST_MOST) };
}

type Change = Exclude<Edit, { do: "open" | "select" | "undo" }>;

function changed(deck: Deck, at: number, edit: Change): { deck: Deck; at: number } | null {
  const slides = [...deck.slides];
  switch (edit.do) {
    case "add":
      slides.splice(at + 1, 0, structuredClone(NEW_SLIDES[edit.kind]));
      return { deck: { ...deck, slides }, at: at + 1 };
    case "duplicate":
      slides.splice(at + 1, 0, structuredClone(slides[at]!));
      return { deck: { ...deck, slides }, at: at + 1 };
    case "delete":
      if (slides.length === 1) return null; // a deck has at least one slide
      slides.splice(at, 1);
      return { deck: { ...deck, slides }, at: Math.min(at, slides.length - 1) };
    case "move": {
      const to = at + edit.by;
      if (to < 0 || to >= slides.length) return null;
      [slides[at], slides[to]] = [slides[to]!, slides[at]!];
      return { deck: { ...deck, slides }, at: to };
    }
    case "change":
      slides[at] = edit.slide;
      return { deck: { ...deck, slides }, at };
    case "brand":
      return { deck: { ...deck, branding: edit.branding }, at };
    case "rename":
      return { deck: { ...deck, title: edit.title }, at };
  }
}

/** A slide's number held within the deck. */
function within(at: number, deck: Deck): number {
  return Math.min(deck.slides.length - 1, Math.max(0, Math.trunc(at) || 0));
}
