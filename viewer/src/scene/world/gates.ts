/** Gates over start, checkpoints and finish. */

import { Vector3 } from "three";

import type { Sign } from "./signs";
import { besideRoad } from "../road/border";
import type { Props } from "./props";
import { newRibbonPoint, type Ribbon } from "../road/ribbon";
import { START_AHEAD } from "../road/road";

/** Height of the beam's lower edge above the road, and its own height and depth [m]. */
const CLEAR_HEIGHT = 6.6;
const BEAM_HEIGHT = 2.1;
const BEAM_DEPTH = 1;

const STEEL = { colour: "#2b313a" };
const DARK = { colour: "#171b21" };

interface Gate {
  arc: number;
  sign: Sign;
  light: string;
}

/** Build all gates of a track. */
export function buildGates(props: Props, ribbon: Ribbon): void {
  for (const gate of gates(ribbon)) buildGate(props, ribbon, gate);
}

/** Arc lengths of all gates [m]. */
export function gateArcs(ribbon: Ribbon): number[] {
  return gates(ribbon).map(({ arc }) => arc);
}

function gates({ track }: Ribbon): Gate[] {
  const start: Gate = {
    arc: track.start + START_AHEAD,
    sign: track.closed ? "lap" : "start",
    light: "#2ee6a6",
  };
  const checkpoints = track.checkpoints.map((arc): Gate => ({ arc, sign: "checkpoint", light: "#2f7bff" }));
  if (track.closed) return [start, ...checkpoints];
  return [start, ...checkpoints, { arc: track.finish, sign: "finish", light: "#ff3040" }];
}

function buildGate(props: Props, ribbon: Ribbon, { arc, sign, light }: Gate): void {
  const point = ribbon.at(arc, newRibbonPoint());
  props.at(point);
  const left = besideRoad(ribbon, point, 1) + 0.8;
  const right = -(besideRoad(ribbon, point, -1) + 0.8);
  const middle = (left + right) / 2;
  const width = left - right;
  const top = CLEAR_HEIGHT + BEAM_HEIGHT;
  for (const side of [left, right]) {
    const inwards = side > 0 ? -1 : 1;
    props.box([side, (top - 2) / 2, 0], [1, top + 2, BEAM_DEPTH + 0.5], STEEL);
    props.box([side, 0.2, 0], [1.5, 2.4, BEAM_DEPTH + 1.1], DARK);
    props.box([side, top + 0.25, 0], [1.3, 0.5, BEAM_DEPTH + 0.8], DARK);
    for (const end of [-1, 1]) {
      const z = (end * (BEAM_DEPTH + 0.5)) / 2;
      props.box([side + inwards * 0.42, (top + 1.4) / 2, z], [0.16, top - 1.4, 0.08], {
        colour: light,
        glow: 1,
      });
    }
    const foot = new Vector3(side, CLEAR_HEIGHT - 2.2, 0);
    props.beam(foot, new Vector3(side + inwards * 2.6, CLEAR_HEIGHT + 0.1, 0), 0.45, STEEL);
  }
  props.box([middle, CLEAR_HEIGHT + BEAM_HEIGHT / 2, 0], [width, BEAM_HEIGHT, BEAM_DEPTH], DARK);
  for (const y of [CLEAR_HEIGHT - 0.06, top + 0.06]) {
    props.box([middle, y, 0], [width - 1, 0.12, BEAM_DEPTH + 0.2], { colour: light, glow: 1 });
  }
  const face = BEAM_DEPTH / 2 + 0.04;
  props.sign([middle, CLEAR_HEIGHT + BEAM_HEIGHT / 2, -face], [width - 1.2, BEAM_HEIGHT - 0.1], sign, 0.6);
  props.sign(
    [middle, CLEAR_HEIGHT + BEAM_HEIGHT / 2, face],
    [width - 1.2, BEAM_HEIGHT - 0.1],
    sign,
    0.6,
    true,
  );
  buildTruss(props, middle, width, top);
}

/** A lattice on top of the beam, with lights. */
function buildTruss(props: Props, middle: number, width: number, top: number): void {
  const height = 1.1;
  props.box([middle, top + height, 0], [width - 2, 0.16, 0.16], STEEL);
  const fields = 12;
  const step = (width - 2) / fields;
  for (let i = 0; i < fields; i++) {
    const x = middle - (width - 2) / 2 + i * step;
    const [low, high] = i % 2 === 0 ? [0, height] : [height, 0];
    props.beam(new Vector3(x, top + low, 0), new Vector3(x + step, top + high, 0), 0.13, STEEL);
    if (i % 3 === 1) {
      props.box([x + step / 2, CLEAR_HEIGHT - 0.25, -0.75], [0.7, 0.3, 0.35], DARK);
      props.box([x + step / 2, CLEAR_HEIGHT - 0.42, -0.75], [0.6, 0.06, 0.28], {
        colour: "#fff3dc",
        glow: -1,
      });
    }
  }
}
