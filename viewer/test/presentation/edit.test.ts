import { describe, expect, it } from "vitest";
import { draftOf, edited, type Draft, type Edit } from "../../src/presentation/edit";
import { parseDeck } from "../../src/presentation/reading";

const deckOf = (...titles: string[]) =>
  parseDeck({ slides: titles.map((title) => ({ kind: "title", title })) });

describe("editing", () => {
  const after = (draft: Draft, ...edits: Edit[]) => edits.reduce(edited, draft);
  const titles = (draft: Draft) => draft.deck.slides.map((slide) => slide.title).join("");

  it("adds, duplicates, moves and deletes at the slide at hand", () => {
    const draft = draftOf(deckOf("a", "b", "c"), 1);
    expect(titles(after(draft, { do: "duplicate" }))).toBe("abbc");
    expect(after(draft, { do: "add", kind: "race" }).deck.slides[2]!.kind).toBe("race");
    expect(titles(after(draft, { do: "move", by: -1 }))).toBe("bac");
    const deleted = after(draft, { do: "select", at: 2 }, { do: "delete" });
    expect([titles(deleted), deleted.at]).toEqual(["ab", 1]);
  });

  it("does nothing at the ends", () => {
    const draft = draftOf(deckOf("a"));
    for (const edit of [{ do: "delete" }, { do: "undo" }, { do: "move", by: 1 }] as Edit[]) {
      expect(edited(draft, edit)).toBe(draft);
    }
  });

  it("can be undone, change by change", () => {
    const draft = draftOf(deckOf("a", "b"));
    const changed = after(draft, { do: "move", by: 1 }, { do: "rename", title: "New" }, { do: "delete" });
    expect(after(changed, { do: "undo" }, { do: "undo" }, { do: "undo" })).toEqual(draft);
    expect(after(changed, { do: "undo" }).deck.title).toBe("New");
  });

  it("leaves the deck that it began with as it was", () => {
    const deck = deckOf("a", "b");
    const before = structuredClone(deck);
    after(draftOf(deck), { do: "duplicate" }, { do: "move", by: 1 }, { do: "delete" });
    expect(deck).toEqual(before);
  });
});
