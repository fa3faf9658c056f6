import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast } from "../../src/presentation/contrast";
import { NEW_SLIDES } from "../../src/presentation/deck";
import { DeckError, parseBranding, parseDeck, readDeck } from "../../src/presentation/reading";

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
