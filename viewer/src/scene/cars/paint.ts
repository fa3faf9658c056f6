/** What the cars are made of: paint, carbon, rubber, glass, lamps, and the air of ghosts. */

import {
  AdditiveBlending,
  type Material,
  MeshBasicMaterial,
  MeshLambertMaterial,
  MeshPhysicalMaterial,
  MeshStandardMaterial,
} from "three";

import type { Tier } from "../types";

/** Materials of a car's parts, for instanced meshes whose colours are the agents'. */
interface CarMaterials {
  readonly paint: Material;
  readonly dark: Material;
  readonly wheel: Material;
  readonly glass: Material;
  readonly lights: Material;
  readonly ghost: Material;
  readonly contact: Material;
}

/** Agent's colour where the vertex is tinted, the vertex's own colour elsewhere. */
const TINT = `
  vColor = vec4(color * mix(vec3(1.0), instanceColor.rgb, tint), 1.0);
`;
/** Brightness of brakes, head lamps and exhaust of a car, as colour of its instance, by the lamp's kind. */
const LAMP = `
  vColor = vec4(
    color.r * (vec3(0.2, 0.004, 0.006) + instanceColor.r * vec3(2.0, 0.0, 0.012)) +
    color.g * (vec3(0.35, 0.38, 0.42) + instanceColor.g * vec3(6.0, 6.4, 7.0)) +
    color.b * (vec3(0.012) + instanceColor.b * vec3(0.12, 0.9, 3.2)), 1.0);
`;

/** The materials of a tier; the caller disposes of them. */
export function carMaterials(tier: Tier): CarMaterials {
  const glass = { color: "#0b1016", transparent: true, opacity: 0.62, depthWrite: false };
  const lit =
    tier === "light"
      ? {
          paint: new MeshLambertMaterial({ vertexColors: true }),
          dark: new MeshLambertMaterial({ vertexColors: true }),
          wheel: new MeshLambertMaterial({ vertexColors: true }),
          glass: new MeshLambertMaterial(glass),
        }
      : {
          paint: new MeshPhysicalMaterial({
            vertexColors: true,
            metalness: 0.1,
            roughness: 0.5,
            clearcoat: 0.7,
            clearcoatRoughness: 0.06,
          }),
          dark: new MeshStandardMaterial({ vertexColors: true, metalness: 0, roughness: 0.6 }),
          wheel: new MeshStandardMaterial({ vertexColors: true, metalness: 0.1, roughness: 0.75 }),
          glass: new MeshStandardMaterial({ ...glass, metalness: 0.2, roughness: 0.05 }),
        };
  for (const part of [lit.paint, lit.dark, lit.wheel]) colourBy(part, "tint", TINT);
  return {
    ...lit,
    lights: colourBy(new MeshBasicMaterial({ vertexColors: true }), "lamp", LAMP),
    ghost: ghostMaterial(),
    contact: new MeshBasicMaterial({
      vertexColors: true,
      transparent: true,
      depthWrite: false,
      polygonOffset: true,
      polygonOffsetFactor: -4,
      polygonOffsetUnits: -4,
    }),
  };
}

/** Let `code` set the colour of each vertex. */
function colourBy<M extends Material>(material: M, name: string, code: string): M {
  material.customProgramCacheKey = () => `car-${name}`;
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", `#include <common>\nattribute float tint;`)
      .replace("#include <color_vertex>", code);
  };
  return material;
}

/** Light that is brightest where the surface turns away. */
function ghostMaterial(): MeshLambertMaterial {
  const material = new MeshLambertMaterial({
    vertexColors: true,
    transparent: true,
    depthWrite: false,
    blending: AdditiveBlending,
  });
  material.customProgramCacheKey = () => "car-ghost";
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader.replace(
      "#include <color_vertex>",
      "vColor = vec4(instanceColor, 1.0);",
    );
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <opaque_fragment>",
      `float edge = 1.0 - abs(dot(normalize(vViewPosition), normal));
       outgoingLight = vColor.rgb * (0.35 + 1.1 * edge * edge);
       diffuseColor.a = 0.10 + 0.55 * edge * edge;
       #include <opaque_fragment>`,
    );
  };
  return material;
}
