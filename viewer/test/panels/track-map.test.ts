import { expect, it } from "vitest";
import { layOut, nodeAt, pathBetween } from "../../src/panels/track-map";
import { hairpin } from "../hairpin";

const track = hairpin();

it("finds the node at an arc length, round the end of a closed track and held at that of an open one", () => {
  expect([nodeAt(231, track), nodeAt(9999, track)]).toEqual([231, 463]);
  const closed = { ...track, closed: true };
  expect([nodeAt(463 + 5, closed), nodeAt(-5, closed)]).toEqual([5, 458]);
});

it("draws neighbouring pieces of road without a gap, from the start line on", () => {
  const [first, second] = [pathBetween(track, 0, 20), pathBetween(track, 20, 40)];
  expect(first.startsWith("M0.0 10.0L")).toBe(true);
  expect(second.slice(1).split("L")[0]).toBe(first.split("L").at(-1));
});

it("leaves an edge around the track", () => {
  const { viewBox, wide } = layOut(track);
  const [left, top, width, height] = viewBox.split(" ").map(Number);
  expect(left).toBeLessThan(0);
  expect(left! + width!).toBeGreaterThan(40);
  expect(top).toBeLessThan(0);
  expect(top! + height!).toBeGreaterThan(220);
  expect(wide).toBe(false);
});
