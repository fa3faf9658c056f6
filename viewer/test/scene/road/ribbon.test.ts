import { expect, test } from "vitest";

import { newRibbonPoint, Ribbon } from "../../../src/scene/road/ribbon";
import { figureOfEight } from "../tracks";

const track = figureOfEight();
const ribbon = new Ribbon(track);

test("a circuit is as long as its lap and goes round", () => {
  expect(ribbon.total).toBeCloseTo(track.length, 3);
  const once = ribbon.at(50, newRibbonPoint());
  const again = ribbon.at(50 + 2 * ribbon.total, newRibbonPoint());
  expect(again.position.distanceTo(once.position)).toBeLessThan(1e-6);
  const before = ribbon.at(-10, newRibbonPoint());
  expect(before.arc).toBeCloseTo(ribbon.total - 10, 6);
});

test("an open track ends at its last node", () => {
  const open = new Ribbon({ ...track, closed: false });
  const end = open.at(1e6, newRibbonPoint());
  expect(end.position.toArray()).toEqual(track.position.slice(-3));
});

test("between nodes the frame is orthonormal and the position runs on", () => {
  const here = newRibbonPoint();
  const next = newRibbonPoint();
  for (let arc = 0; arc < ribbon.total; arc += 7.3) {
    ribbon.at(arc, here);
    ribbon.at(arc + 0.1, next);
    expect(here.position.distanceTo(next.position)).toBeCloseTo(0.1, 2);
    expect(here.left.dot(here.tangent)).toBeCloseTo(0, 6);
    expect(here.up.dot(here.left)).toBeCloseTo(0, 6);
    expect(here.up.length()).toBeCloseTo(1, 6);
    expect(here.up.y).toBeGreaterThan(0.9);
  }
});

test("the curvature of a circle is one over its radius, positive to the left", () => {
  const radius = 50;
  const n = 314;
  const circle = figureOfEight(n);
  for (let i = 0; i < n; i++) {
    const turn = (2 * Math.PI * i) / n; // from +z towards +x: to the left
    const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
    circle.position.splice(3 * i, 3, -radius * cos, 0, radius * sin);
    circle.tangent.splice(3 * i, 3, sin, 0, cos);
    circle.left.splice(3 * i, 3, cos, 0, -sin);
    circle.arc[i] = (2 * Math.PI * radius * i) / n;
  }
  const point = new Ribbon(circle).at(123, newRibbonPoint());
  expect(point.curvature).toBeCloseTo(1 / radius, 3);
});
