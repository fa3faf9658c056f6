import { describe, expect, it } from "vitest";
import { QualityGauge } from "../../src/stage/quality";

const feed = (gauge: QualityGauge, interval: number, frames = 90) => {
  for (let k = 0; k < frames; k++) gauge.measure(interval);
};

describe("quality", () => {
  it("rises while frames are fast, and not again to what was too slow", () => {
    const gauge = new QualityGauge("standard");
    feed(gauge, 1 / 60);
    expect(gauge.tier).toBe("show");
    feed(gauge, 1 / 30);
    expect(gauge.tier).toBe("standard");
    feed(gauge, 1 / 60, 900);
    expect(gauge.tier).toBe("standard");
  });

  it("falls to the lightest and stays there", () => {
    const gauge = new QualityGauge("show");
    feed(gauge, 0.1, 900);
    expect(gauge.tier).toBe("light");
  });

  it("is not misled by a page that slept", () => {
    const gauge = new QualityGauge("show");
    for (let nap = 0; nap < 30; nap++) {
      feed(gauge, 30, 1);
      feed(gauge, 1 / 60, 20);
    }
    expect(gauge.tier).toBe("show");
  });

  it("falls within few frames on a machine that takes seconds for each", () => {
    const gauge = new QualityGauge("show");
    feed(gauge, 40, 5);
    expect(gauge.tier).toBe("standard");
    feed(gauge, 0.8, 5);
    expect(gauge.tier).toBe("light");
  });
});
