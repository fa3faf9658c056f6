import { afterEach, expect, it, vi } from "vitest";
import { NEW_SLIDES } from "../../src/presentation/deck";
import { forgetDeck, storeDeck, storedDecks } from "../../src/presentation/library";

const deck = { title: "One", branding: null, slides: [NEW_SLIDES.title] };

afterEach(() => vi.unstubAllGlobals());

it("keeps decks by their names, and lets go of them", () => {
  const kept: Record<string, string> = {};
  const storage = {
    setItem: (key: string, value: string) => void (kept[key] = value),
    removeItem: (key: string) => void Reflect.deleteProperty(kept, key),
  };
  vi.stubGlobal("window", {
    localStorage: new Proxy(kept, { get: (_, name) => Reflect.get(storage, name) as unknown }),
  });
  expect(storeDeck("talk", deck)).toBe(true);
  expect(storedDecks()).toEqual(["talk"]);
  forgetDeck("talk");
  expect(storedDecks()).toEqual([]);
});

it("says so where the browser lets pages keep nothing", () => {
  const forbidden = Object.defineProperty({}, "localStorage", {
    get: () => {
      throw new DOMException("denied", "SecurityError");
    },
  });
  vi.stubGlobal("window", forbidden);
  expect(storeDeck("talk", deck)).toBe(false);
  expect(storedDecks()).toEqual([]);
  expect(() => forgetDeck("talk")).not.toThrow();
});
