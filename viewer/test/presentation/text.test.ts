import { describe, expect, it } from "vitest";
import { parseText } from "../../src/presentation/text";

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
