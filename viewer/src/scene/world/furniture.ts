/** What stands along the road: lamps, warnings of curves, piers beneath bridges, stands for people. */

import { BufferAttribute, BufferGeometry, Vector3 } from "three";

import { besideRoad, SLAB_DEPTH } from "../road/border";
import { type Ground, UPRIGHT } from "./ground";
import { gateArcs } from "./gates";
import type { Props } from "./props";
import { Surface } from "../road/codes";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "../road/ribbon";
import { LAMP_SPACING } from "../road/road-shader";
import { offset } from "../road/sweep";

/** Height of the lamps' arms above the road [m]. */
const LAMP_HEIGHT = 9.5;

/** Distance between piers, and the height from which a road needs them [m]. */
const PIER_SPACING = 24;
const PIER_FROM = 1.6;

/** Curves tighter than this are announced [1/m], and over which length they must bend [m]. */
const WARNED_CURVATURE = 1 / 62;
const WARNED_LENGTH = 18;

const STEEL = { colour: "#3a414b" };
const CONCRETE = { colour: "#8d8f91" };

/** Lamps every LAMP_SPACING on alternating sides, the first on the left. */
export function buildLamps(props: Props, ribbon: Ribbon): void {
  const point = newRibbonPoint();
  const gates = gateArcs(ribbon);
  const count = Math.floor((ribbon.total - (ribbon.track.closed ? LAMP_SPACING / 2 : 0)) / LAMP_SPACING);
  for (let i = 0; i <= count; i++) {
    const arc = i * LAMP_SPACING;
    if (gates.some((gate) => Math.abs(gate - arc) < 6)) continue;
    const side = i % 2 === 0 ? 1 : -1;
    ribbon.at(arc, point);
    if (!carries(ribbon, point)) continue;
    const x = side * (besideRoad(ribbon, point, side) + 0.4);
    props.at(point);
    props.box([x, -0.6, 0], [0.7, 1.6, 0.7], CONCRETE);
    props.column([x, -SLAB_DEPTH, 0], LAMP_HEIGHT + SLAB_DEPTH, [0.17, 0.1], STEEL);
    const elbow = new Vector3(x, LAMP_HEIGHT - 0.05, 0);
    const head = new Vector3(x - side * 4.2, LAMP_HEIGHT + 0.55, 0);
    props.beam(elbow, head, 0.13, STEEL);
    props.box([head.x, head.y, 0], [1.5, 0.16, 0.5], STEEL);
    props.box([head.x, head.y - 0.1, 0], [1.3, 0.05, 0.4], { colour: "#fff0d2", glow: -1 });
  }
}

/** Whether there is a road to stand on or under: not in a gap, nor on a loop. */
function carries(ribbon: Ribbon, { up, arc }: RibbonPoint): boolean {
  return up.y > UPRIGHT && ribbon.track.surface[ribbon.nodeAt(arc)] !== Surface.GAP;
}

/** Boards with arrows at the outside of tight curves, and distances before them. */
export function buildWarnings(props: Props, ribbon: Ribbon): void {
  for (const { arc, direction, end } of tightCurves(ribbon)) {
    const outside = -direction;
    const sign = direction > 0 ? "turnLeft" : "turnRight";
    for (const [before, plate] of [
      [100, "metres100"],
      [50, "metres50"],
    ] as const) {
      if (!ribbon.track.closed && arc - before < 30) continue;
      buildBoard(props, ribbon, arc - before, outside, plate, 1.5);
    }
    for (let at = arc + 6; at <= Math.min(end, arc + 60); at += 16) {
      buildBoard(props, ribbon, at, outside, sign, 2.2);
    }
  }
}

function buildBoard(
  props: Props,
  ribbon: Ribbon,
  arc: number,
  side: number,
  sign: "metres50" | "metres100" | "turnLeft" | "turnRight",
  size: number,
): void {
  const point = ribbon.at(arc, newRibbonPoint());
  if (!carries(ribbon, point)) return;
  const x = side * (besideRoad(ribbon, point, side) + 0.2 + size / 2);
  props.at(point);
  for (const leg of [-0.3, 0.3]) props.box([x + leg * size, 0.8, 0.08], [0.1, 3.4, 0.1], STEEL);
  props.box([x, 1.4 + size / 2, 0], [size + 0.12, size + 0.12, 0.08], { colour: "#20252c" });
  props.sign([x, 1.4 + size / 2, -0.06], [size, size], sign, 0.45);
}

/** Where tight curves begin and end [m], and which way they turn (+1 left). */
export function tightCurves(ribbon: Ribbon): { arc: number; end: number; direction: number }[] {
  const out: { arc: number; end: number; direction: number }[] = [];
  const point = newRibbonPoint();
  let begin = -1;
  let sign = 0;
  for (let arc = 0; arc <= ribbon.total; arc += 2) {
    const { curvature } = ribbon.at(arc, point);
    const now = Math.abs(curvature) > WARNED_CURVATURE ? Math.sign(curvature) : 0;
    if (now === sign) continue;
    if (sign !== 0 && arc - begin > WARNED_LENGTH) out.push({ arc: begin, end: arc, direction: sign });
    [begin, sign] = [arc, now];
  }
  return out;
}

/** Piers where the road runs above the ground, beside any road beneath. */
export function buildPiers(props: Props, ribbon: Ribbon, ground: Ground): void {
  const point = newRibbonPoint();
  const foot = new Vector3();
  for (let arc = PIER_SPACING / 2; arc < ribbon.total; arc += PIER_SPACING) {
    ribbon.at(arc, point);
    if (!carries(ribbon, point)) continue;
    const beneath = offset(point, 0, -SLAB_DEPTH, new Vector3());
    if (beneath.y - ground.heightAt(beneath.x, beneath.z) < PIER_FROM) continue;
    const feet = [0.62 * point.halfLeft, -0.62 * point.halfRight].map((x) =>
      offset(point, x, -SLAB_DEPTH, foot).clone(),
    );
    if (feet.some((place) => ground.isRoadBeneath(place, 2.5))) continue;
    props.at(point, true);
    const drop = (x: number): number => point.left.y * x;
    for (const [i, x] of [0.62 * point.halfLeft, -0.62 * point.halfRight].entries()) {
      const place = feet[i]!;
      const height = place.y - ground.heightAt(place.x, place.z) + 1.5;
      props.column([x, drop(x) - SLAB_DEPTH - height + 0.2, 0], height, [1.15, 0.9], CONCRETE);
    }
    props.at(point);
    props.box([0, -SLAB_DEPTH - 0.45, 0], [1.7 * point.halfLeft, 0.9, 1.9], CONCRETE);
  }
}

const ROWS = 8;
const ROW_DEPTH = 1;
const ROW_RISE = 0.62;
const STAND_LENGTH = 32;

/** Stands for people near the start, the finish and the first tight curves, where there is room. */
export function buildStands(props: Props, ribbon: Ribbon, ground: Ground): void {
  const { track } = ribbon;
  const wishes = [track.start + 30, track.finish - 30, ...tightCurves(ribbon).map(({ arc }) => arc - 30)];
  const taken: Vector3[] = [];
  const point = newRibbonPoint();
  for (const arc of wishes) {
    for (const side of [1, -1]) {
      ribbon.at(arc, point);
      const depth = ROWS * ROW_DEPTH;
      const half = side > 0 ? point.halfLeft : point.halfRight;
      const middle = offset(point, side * (half + 6 + depth / 2), 0, new Vector3());
      const back = offset(point, side * (half + 6 + depth), 0, new Vector3());
      if (ground.at(back.x, back.z).distance < depth + 4 || ground.at(middle.x, middle.z).distance < 6)
        continue;
      if (Math.abs(point.curvature) > 1 / 150 || taken.some((other) => other.distanceTo(middle) < 90))
        continue;
      if (taken.length >= 6) return;
      taken.push(middle);
      buildStand(props, point, side, half + 6, ground);
    }
  }
}

function buildStand(props: Props, point: RibbonPoint, side: number, near: number, ground: Ground): void {
  const base = offset(point, side * near, 0, new Vector3());
  base.y = ground.heightAt(base.x, base.z);
  const outwards = point.left.clone().multiplyScalar(side);
  props.facing(base, outwards);
  const length = STAND_LENGTH;
  for (let row = 0; row < ROWS; row++) {
    const height = 1.6 + row * ROW_RISE;
    props.box([0, height / 2 - 1, (row + 0.5) * ROW_DEPTH], [length, height + 2, ROW_DEPTH], {
      colour: row % 2 ? "#5d646d" : "#6b727b",
    });
  }
  const depth = ROWS * ROW_DEPTH;
  props.add(crowdSheet(length - 1, depth), { colour: "#ffffff", glow: 0.12 }, "crowd");
  props.sign([0, 0.85, -0.05], [14, 1.25], "name", 0.4);
  const roof = 1.6 + ROWS * ROW_RISE + 3.4;
  for (const x of [-length / 2 + 0.4, -length / 6, length / 6, length / 2 - 0.4]) {
    props.box([x, roof / 2, depth + 0.2], [0.35, roof, 0.35], STEEL);
    props.beam(new Vector3(x, roof - 0.2, depth), new Vector3(x, roof + 0.5, 0.5), 0.25, STEEL);
  }
  const slope = new Vector3(0, roof + 0.2, depth / 2);
  props.box([slope.x, slope.y + 0.25, slope.z], [length + 1.5, 0.18, depth + 2], { colour: "#e8ebed" });
  props.box([0, slope.y + 0.2, -0.95], [length + 1.5, 0.55, 0.14], { colour: "#2ee6a6", glow: 0.5 });
}

/** A slanted sheet over the rows that shows people, facing the road. */
function crowdSheet(length: number, depth: number): BufferGeometry {
  const [low, high] = [1.75, 1.75 + ROWS * ROW_RISE];
  const h = length / 2;
  const geometry = new BufferGeometry();
  const corners = [h, low, 0.1, -h, low, 0.1, h, high + 0.5, depth, -h, high + 0.5, depth];
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(corners), 3));
  geometry.setAttribute("uv", new BufferAttribute(new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), 2));
  geometry.setIndex([0, 1, 2, 2, 1, 3]);
  geometry.computeVertexNormals();
  return geometry;
}
