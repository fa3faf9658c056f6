/** Additions to three's own materials: what all surfaces of the world share. */

import { type IUniform, type MeshLambertMaterial, type MeshStandardMaterial, Color } from "three";

/** A material that is lit. */
export type Lit = MeshStandardMaterial | MeshLambertMaterial;

/** Values that the whole world's materials read. */
export interface SharedUniforms {
  /** Time [s]. */
  readonly time: IUniform<number>;
  /** 0 dry, 1 wet road. */
  readonly wetness: IUniform<number>;
  /** Light of lamps and signs, 0 at day, 1 at night. */
  readonly lamps: IUniform<number>;
  /** Colour that a wet road reflects where nothing else does. */
  readonly reflection: IUniform<Color>;
  readonly [name: string]: IUniform;
}

export function newSharedUniforms(): SharedUniforms {
  return {
    time: { value: 0 },
    wetness: { value: 0 },
    lamps: { value: 0 },
    reflection: { value: new Color(0.5, 0.6, 0.7) },
  };
}

/** GLSL put into a material's own code, at the named places. */
export interface Patch {
  /** Declarations of both shaders: uniforms. */
  uniforms?: string;
  /** Declarations of the vertex shader and statements after the position is known (`transformed`). */
  vertexHead?: string;
  vertex?: string;
  /** Declarations of the fragment shader. */
  fragmentHead?: string;
  /** Changes `diffuseColor`. */
  colour?: string;
  /** Changes `normal` (in view space). */
  normal?: string;
  /** Changes `roughnessFactor` (and `metalnessFactor`); MeshStandardMaterial only. */
  roughness?: string;
  /** Adds to `totalEmissiveRadiance`. */
  emissive?: string;
  /** Changes `reflectedLight`, when all lights have been added. */
  light?: string;
}

/** Put GLSL into a material; materials with the same `key` share a program. */
export function patch<M extends Lit>(
  material: M,
  key: string,
  uniforms: Record<string, IUniform>,
  code: Patch,
): M {
  material.customProgramCacheKey = () => key;
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, uniforms);
    const head = code.uniforms ?? "";
    shader.vertexShader = insert(shader.vertexShader, {
      common: head + (code.vertexHead ?? ""),
      begin_vertex: code.vertex ?? "",
    });
    shader.fragmentShader = insert(shader.fragmentShader, {
      common: head + (code.fragmentHead ?? ""),
      color_fragment: code.colour ?? "",
      roughnessmap_fragment: code.roughness ?? "",
      normal_fragment_maps: code.normal ?? "",
      emissivemap_fragment: code.emissive ?? "",
      aomap_fragment: code.light ?? "",
    });
  };
  return material;
}

/** Add code after the named chunks of a shader. */
function insert(shader: string, parts: Record<string, string>): string {
  return Object.entries(parts).reduce(
    (text, [chunk, code]) => text.replace(`#include <${chunk}>`, `#include <${chunk}>\n${code}`),
    shader,
  );
}
