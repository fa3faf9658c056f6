/** What is built beside and over the road: boxes and signs, collected into one mesh with one material. */

import {
  BoxGeometry,
  BufferAttribute,
  type BufferGeometry,
  Color,
  CylinderGeometry,
  type IUniform,
  Matrix4,
  Mesh,
  MeshLambertMaterial,
  MeshStandardMaterial,
  PlaneGeometry,
  type Texture,
  Vector3,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";

import { type Sign, signArea } from "./signs";
import type { RibbonPoint } from "../road/ribbon";
import { type Lit, patch, type Patch, type SharedUniforms } from "../shading";
import type { Tier } from "../types";

/** Colour, and how much it shines: 0 not, 1 as a sign at night; negative: at night only. */
export interface Paint {
  colour: string;
  glow?: number;
}

/** Collects parts. Places are local to the frame set last: x left, y up, z forwards [m]. */
export class Props {
  private readonly parts: BufferGeometry[] = [];
  private readonly frame = new Matrix4();

  /** Build at a point of the road from now on; `upright` keeps to the vertical where the road is banked. */
  at(point: RibbonPoint, upright = false): this {
    if (!upright) {
      this.frame.makeBasis(point.left, point.up, point.tangent).setPosition(point.position);
      return this;
    }
    return this.facing(point.position, point.tangent);
  }

  /** Build at a place from now on, forwards being a direction's level part. */
  facing(place: Vector3, forwards: Vector3): this {
    const ahead = new Vector3(forwards.x, 0, forwards.z).normalize();
    const left = new Vector3(ahead.z, 0, -ahead.x);
    this.frame.makeBasis(left, new Vector3(0, 1, 0), ahead).setPosition(place);
    return this;
  }

  /** A box around a place. */
  box(place: readonly [number, number, number], size: readonly [number, number, number], paint: Paint): this {
    return this.add(new BoxGeometry(...size).translate(...place), paint, "plain");
  }

  /** A beam from one place to another. */
  beam(from: Vector3, to: Vector3, thickness: number, paint: Paint): this {
    const length = from.distanceTo(to);
    const geometry = new BoxGeometry(thickness, thickness, length);
    const aim = new Matrix4().lookAt(to, from, new Vector3(0, 1, 0.01));
    geometry.applyMatrix4(aim.setPosition(from.clone().lerp(to, 0.5)));
    return this.add(geometry, paint, "plain");
  }

  /** An upright round column that stands on a place; `top` and `foot` are radii. */
  column(
    foot: readonly [number, number, number],
    height: number,
    radii: readonly [number, number],
    paint: Paint,
  ): this {
    const geometry = new CylinderGeometry(radii[1], radii[0], height, 10, 1, true);
    return this.add(geometry.translate(foot[0], foot[1] + height / 2, foot[2]), paint, "plain");
  }

  /** A sign around a place, read by those who drive towards it, or with `back` by those who come from behind it. */
  sign(
    place: readonly [number, number, number],
    size: readonly [number, number],
    sign: Sign,
    glow: number,
    back = false,
  ): this {
    const geometry = new PlaneGeometry(...size);
    if (!back) geometry.rotateY(Math.PI);
    return this.add(geometry.translate(...place), { colour: "#ffffff", glow }, sign);
  }

  /** Any part, in local places. */
  add(geometry: BufferGeometry, { colour, glow = 0 }: Paint, sign: Sign): this {
    const [left, bottom, right, top] = signArea(sign);
    const uv = geometry.getAttribute("uv");
    const count = uv.count;
    const tint = new Color(colour);
    const colours = new Float32Array(3 * count);
    for (let i = 0; i < count; i++) {
      uv.setXY(i, left + uv.getX(i) * (right - left), bottom + uv.getY(i) * (top - bottom));
      tint.toArray(colours, 3 * i);
    }
    geometry.setAttribute("color", new BufferAttribute(colours, 3));
    geometry.setAttribute("glow", new BufferAttribute(new Float32Array(count).fill(glow), 1));
    this.parts.push(geometry.applyMatrix4(this.frame));
    return this;
  }

  /** All parts in one. */
  geometry(): BufferGeometry {
    return mergeGeometries(this.parts);
  }

  mesh(shared: SharedUniforms, signs: Texture, tier: Tier): Mesh {
    const mesh = new Mesh(this.geometry(), propMaterial(shared, signs, tier));
    mesh.name = "props";
    mesh.castShadow = true;
    mesh.receiveShadow = true;
    return mesh;
  }
}

const SHADER: Patch = {
  uniforms: "uniform float lamps;\nuniform float wetness;\n",
  vertexHead: "attribute float glow;\nvarying float vGlow;\n",
  vertex: "vGlow = glow;",
  fragmentHead: "varying float vGlow;",
  roughness: "roughnessFactor *= 1.0 - 0.5 * wetness;",
  emissive: /* glsl */ `
    totalEmissiveRadiance += diffuseColor.rgb * (vGlow < 0.0 ? -vGlow * lamps * 6.0 : vGlow * mix(0.25, 1.5, lamps));
    totalEmissiveRadiance += diffuseColor.rgb * vec3(1.0, 0.85, 0.65) * (0.06 * lamps);
  `,
};

function propMaterial(shared: SharedUniforms, signs: Texture, tier: Tier): Lit {
  const uniforms: Record<string, IUniform> = { ...shared };
  const options = { vertexColors: true, map: signs };
  if (tier === "light") return patch(new MeshLambertMaterial(options), "props-light", uniforms, SHADER);
  return patch(
    new MeshStandardMaterial({ ...options, roughness: 0.55, metalness: 0.1 }),
    "props",
    uniforms,
    SHADER,
  );
}
