import { describe, expect, it } from "vitest";
import { COMMANDS, slideAfter, swiped } from "../../src/presentation/navigation";

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
