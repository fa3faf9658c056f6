/** Flags along the straight at the start and before the finish; they wave with the time. */

import {
  Color,
  DoubleSide,
  InstancedMesh,
  Matrix4,
  MeshLambertMaterial,
  PlaneGeometry,
  Vector3,
} from "three";

import { besideRoad } from "../road/border";
import { gateArcs } from "./gates";
import type { Props } from "./props";
import { newRibbonPoint, type Ribbon } from "../road/ribbon";
import { patch, type SharedUniforms } from "../shading";
import { offset } from "../road/sweep";

/** Width and height of the cloth, height of its lower edge above the road [m]. */
const WIDTH = 1.2;
const HEIGHT = 3.6;
const RAISED = 2;

/** Distance between flags, and the length of road that has them, ahead of the start and before the finish [m]. */
const SPACING = 12;
const STRETCH = 84;

const COLOURS = ["#2ee6a6", "#eef1f3", "#1a2029"];

/** Where flags stand: arc length [m] and side (+1 left). */
function flagPlaces(ribbon: Ribbon): { arc: number; side: number }[] {
  const { track } = ribbon;
  const gates = gateArcs(ribbon);
  const out: { arc: number; side: number }[] = [];
  for (let along = SPACING; along <= STRETCH; along += SPACING) {
    for (const arc of [track.start + along, track.finish - along]) {
      if (gates.some((gate) => Math.abs(gate - arc) < 5)) continue;
      out.push({ arc, side: 1 }, { arc, side: -1 });
    }
  }
  return out;
}

/** The cloths as instances; their poles are added to `props`. */
export function flagMesh(props: Props, ribbon: Ribbon, shared: SharedUniforms): InstancedMesh {
  const places = flagPlaces(ribbon);
  const geometry = new PlaneGeometry(WIDTH, HEIGHT, 6, 2).translate(WIDTH / 2, HEIGHT / 2, 0);
  const material = patch(new MeshLambertMaterial({ side: DoubleSide }), "flag", { ...shared }, WAVING);
  const mesh = new InstancedMesh(geometry, material, places.length);
  const point = newRibbonPoint();
  const place = new Vector3();
  const matrix = new Matrix4();
  places.forEach(({ arc, side }, i) => {
    ribbon.at(arc, point);
    const aside = side * (besideRoad(ribbon, point, side) + 0.5);
    props.at(point).column([aside, -0.5, 0], RAISED + HEIGHT + 0.7, [0.05, 0.035], { colour: "#c9ced3" });
    matrix.makeBasis(point.tangent, point.up, new Vector3().copy(point.left).negate());
    mesh.setMatrixAt(i, matrix.setPosition(offset(point, aside, RAISED, place)));
    mesh.setColorAt(i, new Color(COLOURS[(i >> 1) % COLOURS.length]!));
  });
  mesh.name = "flags";
  mesh.castShadow = true;
  mesh.computeBoundingSphere();
  return mesh;
}

const WAVING = {
  uniforms: "uniform float time;\nuniform float lamps;\n",
  vertex: /* glsl */ `
    {
      float phase = 5.0 * time - 3.2 * position.x + 0.9 * position.y + instanceMatrix[3].x + 0.7 * instanceMatrix[3].z;
      transformed.z += 0.16 * position.x * sin(phase) + 0.05 * position.x * sin(2.3 * phase);
      transformed.y -= 0.12 * position.x * position.x;
    }
  `,
  emissive: "totalEmissiveRadiance += diffuseColor.rgb * (0.25 * lamps);",
};
