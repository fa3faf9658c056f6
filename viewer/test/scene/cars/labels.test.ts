import { describe, expect, it } from "vitest";

import { labelOpacity } from "../../../src/scene/cars/labels";

describe("a label", () => {
  it("fades near and far", () => {
    expect(labelOpacity(3, false)).toBe(0);
    expect(labelOpacity(40, false)).toBe(1);
    expect(labelOpacity(400, false)).toBe(0);
    expect(labelOpacity(285, false)).toBeCloseTo(0.5, 5);
  });

  it("is fainter and shorter ranged for ghosts", () => {
    expect(labelOpacity(40, true)).toBeLessThan(labelOpacity(40, false));
    expect(labelOpacity(200, true)).toBe(0);
  });
});
