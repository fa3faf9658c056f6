import { describe, expect, it } from "vitest";
import { count, duration, gap, percent, raceTime } from "../src/format";

describe("numbers for people", () => {
  it("show race times", () => {
    expect(raceTime(38.712)).toBe("0:38.71");
    expect(raceTime(38.712, 3)).toBe("0:38.712");
    expect(raceTime(59.999)).toBe("1:00.00");
    expect(raceTime(-2.5, 1)).toBe("-0:02.5");
    expect(raceTime(-0.001)).toBe("0:00.00");
    expect(raceTime(null)).toBe("–");
    expect(raceTime(125.5, 0)).toBe("2:06");
  });

  it("show gaps, counts, shares and durations", () => {
    expect(gap(1.714)).toBe("+1.71");
    expect(gap(undefined)).toBe("–");
    expect([count(950), count(12_345), count(4_560_000), count(999_700)]).toEqual([
      "950",
      "12.3k",
      "4.56M",
      "1M",
    ]);
    expect(percent(0.874)).toBe("87 %");
    expect([duration(42), duration(720), duration(11_100)]).toEqual(["42 s", "12 min", "3 h 05"]);
  });
});
