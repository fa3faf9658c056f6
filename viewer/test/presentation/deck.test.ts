import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast } from "../../src/presentation/contrast";
import { NEW_SLIDES } from "../../src/presentation/deck";
import { DeckError, parseBranding, parseDeck, readDeck } from "../../src/presentation/reading";
import { draftOf, edited, type Draft, type Edit } from "../../src/presentation/edit";
import { COMMANDS, slideAfter, swiped } from "../../src/presentation/navigation";
import { parseText } from "../../src/presentation/text";

const deckOf = (...titles: string[]) =>
  parseDeck({ slides: titles.map((title) => ({ kind: "title", title })) });

/** What is wrong with a deck, as sentences. */
function problems(json: unknown): readonly string[] {
  try {
    parseDeck(json);
  } catch (error) {
    if (error instanceof DeckError) return error.problems;
    throw error;
  }
  return [];
}

describe("a deck", () => {
  it("of the page itself is right and shows every kind", () => {
    const deck = readDeck(readFileSync("public/decks/demo.json", "utf8"));
    expect(new Set(deck.slides.map((slide) => slide.kind))).toEqual(new Set(Object.keys(NEW_SLIDES)));
  });

  it("is the same after it was saved and read again", () => {
    const deck = parseDeck({ slides: Object.values(NEW_SLIDES) });
    expect(readDeck(JSON.stringify(deck))).toEqual(deck);
  });

  it("gets what it leaves out", () => {
    const [slide] = parseDeck({ slides: [{ kind: "replay" }] }).slides;
    expect(slide).toMatchObject({ replay: ["latest"], t: 0, speed: 1, loop: true, camera: "director" });
  });

  it("takes one id or several", () => {
    const [slide] = parseDeck({ slides: [{ kind: "curve", runs: ["a", "b"] }] }).slides;
    expect(slide).toMatchObject({ runs: ["a", "b"] });
  });

  it.each([
    [[], "The deck is []"],
    [{ slides: [] }, "at least one slide"],
    [{ slides: [{ kind: "film" }] }, 'Slide 1: kind is "film", expected one of title'],
    [{ slides: [{ kind: "title" }, { kind: "race", camera: "zoom" }] }, 'Slide 2: camera is "zoom"'],
    [{ slides: [{ kind: "title", duration: 0 }] }, "Slide 1: duration is 0, expected a number from 1"],
    [{ slides: [{ kind: "title", titel: "x" }] }, "Slide 1 has a field titel"],
    [{ slides: [{ kind: "curve", runs: [] }] }, "Slide 1: runs is []"],
    [{ slides: [{ kind: "race", overlays: ["speed"] }] }, "Slide 1: overlays is"],
  ])("that is wrong says where and what was expected: %j", (json, sentence) => {
    expect(problems(json).join(" ")).toContain(sentence);
  });

  it("names all its problems at once", () => {
    expect(problems({ titles: 1, slides: [{ kind: "film" }, { kind: "text", body: 3 }] })).toHaveLength(3);
  });

  it("that is no JSON says so", () => {
    expect(() => readDeck("{")).toThrow("not JSON");
  });
});

describe("branding", () => {
  it.each([
    "https://elsewhere.example/logo.png",
    "//elsewhere.example/l.png",
    "javascript:alert(1)",
    "data:text/html,x",
  ])("refuses the logo %s", (logo) => expect(() => parseBranding({ logo })).toThrow("branding.logo"));

  it("takes a logo from the server or from the file", () => {
    for (const logo of ["/team.png", "data:image/png;base64,AAAA"])
      expect(parseBranding({ logo }).logo).toBe(logo);
  });

  it("refuses words that cannot be read", () => {
    expect(() => parseBranding({ colours: { background: "#ffffff", ink: "#cccccc" } })).toThrow(
      "contrast of 1.6",
    );
  });

  it("measures contrast as WCAG does", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
    expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
  });
});

describe("words", () => {
  it("are headings, bullets, numbers, figures and paragraphs", () => {
    const blocks = parseText("# One\n\n- two\n3. three\n= 38 s | best lap\nfour");
    expect(blocks.map((block) => block.kind)).toEqual(["heading", "bullet", "number", "figure", "paragraph"]);
    expect(blocks[3]).toEqual({ kind: "figure", value: "38 s", label: "best lap" });
  });

  it("link to https and to nothing else", () => {
    const [good, bad] = parseText("see [us](https://a.example/x) now\n[us](javascript:alert(1))");
    expect(good).toMatchObject({
      spans: [{ text: "see " }, { text: "us", link: "https://a.example/x" }, { text: " now" }],
    });
    expect(bad).toEqual({ kind: "paragraph", spans: [{ text: "[us](javascript:alert(1))" }] });
  });
});

describe("navigation", () => {
  it("follows the keys of keyboards and remote controls", () => {
    const after = (key: string, at: number) => slideAfter(at, 3, COMMANDS[key]!);
    for (const key of ["ArrowRight", " ", "PageDown"]) expect(after(key, 0)).toBe(1);
    for (const key of ["ArrowLeft", "PageUp"]) expect(after(key, 1)).toBe(0);
    expect([after("Home", 2), after("End", 0), after("PageDown", 2), after("PageUp", 0)]).toEqual([
      0, 2, 2, 0,
    ]);
  });

  it("stays where it is for other commands", () => expect(slideAfter(1, 3, "black")).toBe(1));

  it("tells a swipe from a tap and from scrolling", () => {
    expect([swiped(-80, 10), swiped(80, -10), swiped(-20, 0), swiped(-80, 60)]).toEqual([
      "next",
      "back",
      null,
      null,
    ]);
  });
});

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
