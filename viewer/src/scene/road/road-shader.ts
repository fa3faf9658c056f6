/** GLSL of the road's surface. Everything is painted by distances, so it stays sharp at any height. */

import type { Patch } from "../shading";

/** Distance between lamps along the road [m]. */
export const LAMP_SPACING = 40;

/** Light of the lamps along the road, shared by everything that stands at it. */
export const LAMP_LIGHT = /* glsl */ `
  // Pools of light under lamps on alternating sides, 6 m from the centre-line.
  float lampLight(vec2 place) {
    float cell = place.y / ${LAMP_SPACING.toFixed(1)};
    float side = mod(floor(cell + 0.5), 2.0) < 0.5 ? 1.0 : -1.0;
    vec2 away = vec2(place.x - side * 6.0, (fract(cell + 0.5) - 0.5) * ${LAMP_SPACING.toFixed(1)});
    float near = exp(-dot(away, away) / 190.0);
    vec2 next = vec2(place.x + side * 6.0, ${LAMP_SPACING.toFixed(1)} - abs(away.y));
    return near + exp(-dot(next, next) / 190.0) + 0.12;
  }
`;

const FRAGMENT_HEAD = /* glsl */ `
  varying vec2 vRoad;
  varying vec4 vEdges;
  varying vec4 vPaint;
  float roadRough = 0.85;
  float roadWet = 0.0;
  float roadGlow = 0.0;
  vec2 roadSlope = vec2(0.0);

  float square(float x) { return x * x; }

  // A band around a centre, faded by the size of a pixel so that it never flickers.
  float band(float x, float centre, float halfWidth, float pixel) {
    float soft = max(pixel, 0.003);
    float share = min(1.0, 2.0 * halfWidth / soft);
    return share * (1.0 - smoothstep(halfWidth - 0.5 * soft, halfWidth + 0.5 * soft, abs(x - centre)));
  }

  // 0 and 1 in turns of equal length; their mean where turns are smaller than pixels.
  float turns(float x, float period, float pixel) {
    float phase = abs(fract(x / period) - 0.5) * 2.0;
    float soft = 2.0 * pixel / period;
    return mix(smoothstep(0.5 - 0.5 * soft, 0.5 + 0.5 * soft, phase), 0.5, smoothstep(0.6, 1.6, soft));
  }
${LAMP_LIGHT}
`;

const COLOUR = /* glsl */ `
  {
    float u = vRoad.x;
    float s = vRoad.y;
    vec2 pixel = vec2(fwidth(u), fwidth(s));
    vec4 fine = texture2D(noiseMap, vRoad / 3.1);
    vec4 broad = texture2D(noiseMap, vRoad / 41.0 + 0.37);
    float toLeft = vEdges.x - u;
    float toRight = u + vEdges.y;
    float inner = min(toLeft, toRight);

    // Surfaces.
    vec3 base;
    #if SURFACE == 0
      base = mix(vec3(0.058, 0.061, 0.068), vec3(0.086, 0.088, 0.092), broad.g);
      base *= 0.82 + 0.36 * fine.r;
      base *= 1.0 - 0.28 * smoothstep(0.62, 0.8, broad.a) * broad.b; // patches of newer asphalt
      float worn = exp(-square((u - vPaint.w) / 3.2));
      float ruts = 0.6 + 0.4 * cos((u - vPaint.w) * 3.7);
      base *= 1.0 - 0.34 * worn * ruts * (0.7 + 0.6 * broad.b);
      base *= 1.0 - 0.35 * band(fract(u / 8.5333 + 0.5) * 8.5333, 4.2667, 0.025, pixel.x); // joints of the lanes
      base *= 1.0 + 0.5 * (1.0 - smoothstep(0.0, 2.2, inner)) * (0.3 + 0.5 * broad.b); // dust at the borders
      roadRough = 0.8 + 0.15 * fine.r - 0.12 * worn;
    #elif SURFACE == 1
      base = mix(vec3(0.20, 0.115, 0.055), vec3(0.33, 0.20, 0.105), broad.g);
      base *= 0.75 + 0.5 * fine.r;
      float tyre = cos((u - vPaint.w) * 2.6 + 0.8 * broad.b) * exp(-square((u - vPaint.w) / 5.0));
      base *= 1.0 - 0.30 * smoothstep(0.2, 0.9, tyre);
      base = mix(base, vec3(0.34, 0.27, 0.20), 0.4 * smoothstep(0.75, 1.0, fine.a) * fine.g); // stones
      roadRough = 0.96;
      roadSlope = (fine.ga - 0.5) * 0.5;
    #elif SURFACE == 2
      base = mix(vec3(0.075, 0.16, 0.03), vec3(0.13, 0.24, 0.045), broad.g) * (0.7 + 0.6 * fine.r);
      base *= 1.0 + 0.12 * (turns(s, 16.0, pixel.y) - 0.5);
      roadRough = 0.98;
    #elif SURFACE == 3
      base = mix(vec3(0.46, 0.66, 0.78), vec3(0.80, 0.90, 0.95), broad.g * 0.7 + 0.3 * fine.g);
      base = mix(base, vec3(0.93, 0.97, 1.0), 0.6 * smoothstep(0.58, 0.62, fine.g) * smoothstep(0.66, 0.62, fine.g));
      roadRough = 0.12 + 0.25 * broad.a;
    #else
      base = mix(vec3(0.62, 0.30, 0.05), vec3(0.72, 0.38, 0.07), turns(s, 8.0, pixel.y));
      base *= 0.95 + 0.1 * fine.r;
      roadRough = 0.35;
    #endif

    // Lines and kerbs.
    #if SURFACE == 0 || SURFACE == 4
    float kerbL = vEdges.z;
    float kerbR = vEdges.w;
    float wear = 0.72 + 0.28 * smoothstep(0.2, 0.6, broad.a + 0.3 * fine.r);
    float lines = band(toLeft, mix(0.75, 2.05, kerbL), 0.14, pixel.x) + band(toRight, mix(0.75, 2.05, kerbR), 0.14, pixel.x);
    float dash = turns(s, 12.0, pixel.y);
    lines += 0.55 * band(u, 0.0, 0.09, pixel.x) * dash;
    base = mix(base, vec3(0.74, 0.75, 0.75), clamp(lines, 0.0, 1.0) * wear);
    float kerb = max(
      band(toLeft, 0.95, 0.85, pixel.x) * step(0.5, kerbL),
      band(toRight, 0.95, 0.85, pixel.x) * step(0.5, kerbR)
    );
    vec3 kerbColour = mix(vec3(0.74, 0.74, 0.72), vec3(0.62, 0.022, 0.03), turns(s, 4.0, pixel.y));
    kerbColour *= 0.82 + 0.2 * fine.r;
    kerbColour *= 1.0 - 0.45 * smoothstep(0.2, 0.75, broad.b + 0.25 * fine.a) * smoothstep(1.0, 1.8, inner); // tyre marks
    base = mix(base, kerbColour, kerb);
    roadRough = mix(roadRough, 0.6, kerb);
    roadSlope.y += kerb * 0.35 * sin(s * 6.2831853 / 0.5) * (1.0 - smoothstep(0.1, 0.3, pixel.y));
    #endif

    // Pads, start, checkpoints, finish.
    #ifdef MARKED
    {
      float mark = floor(vPaint.y + 0.5);
      float along = vPaint.z;
      float wear = 0.72 + 0.28 * smoothstep(0.2, 0.6, broad.a + 0.3 * fine.r);
      float inside = 1.0 - smoothstep(-0.5, 0.5, (1.9 - inner) / max(pixel.x, 0.01));
      if (mark < 1.5) {
        float shift = along - 0.55 * abs(u) - 9.0 * time;
        float chevron = turns(shift, 5.3333, pixel.y + 0.55 * pixel.x);
        vec3 pad = mix(vec3(0.06, 0.045, 0.01), vec3(0.95, 0.62, 0.02), chevron);
        base = mix(base, pad, inside);
        roadGlow = inside * chevron;
        roadRough = mix(roadRough, 0.4, inside);
      } else if (mark < 2.5) {
        float column = mod(u + 3.2, 6.4) - 3.2; // boxes side by side, one of them around the spawn point
        float row = along - 10.9;
        float edge = max(band(abs(column), 1.5, 0.08, pixel.x) * step(abs(row), 2.4), band(row, 2.4, 0.12, pixel.y) * step(abs(column), 1.58));
        edge = max(edge, band(along, 13.6, 0.16, pixel.y) * step(1.9, inner));
        base = mix(base, vec3(0.78), edge * wear * step(2.4, inner));
      } else if (mark < 3.5) {
        float light = band(along, 1.5, 1.1, pixel.y) * inside;
        float arrows = turns(u, 1.6, pixel.x);
        base = mix(base, mix(vec3(0.012, 0.10, 0.42), vec3(0.05, 0.32, 0.85), arrows), light);
        base = mix(base, vec3(0.8), inside * max(band(along, 0.25, 0.12, pixel.y), band(along, 2.75, 0.12, pixel.y)));
        roadGlow = light * arrows * 0.6;
      } else {
        float size = 1.5;
        float a = turns(u, 2.0 * size, pixel.x) * 2.0 - 1.0;
        float b = turns(along + 0.5 * size, 2.0 * size, pixel.y) * 2.0 - 1.0;
        base = mix(base, mix(vec3(0.03), vec3(0.78), 0.5 + 0.5 * a * b), inside);
      }
    }
    #endif

    // Water: darkens and smooths, most where the road is low.
    float film = wetness * (SURFACE < 3 ? 1.0 : 0.4);
    roadWet = film * mix(0.45, 1.0, smoothstep(0.35, 0.62, broad.b * 0.6 + broad.g * 0.4));
    base *= 1.0 - 0.45 * film;
    roadRough = mix(roadRough, 0.07, roadWet * 0.92);
    roadSlope *= 1.0 - 0.8 * roadWet;
    #if SURFACE == 0
      roadSlope += (fine.ra - 0.5) * 0.10 * (1.0 - roadWet) * (1.0 - smoothstep(0.02, 0.2, pixel.x));
    #endif
    diffuseColor.rgb = base;
  }
`;

const ROAD_SHADER: Patch = {
  uniforms: /* glsl */ `
    uniform float time;
    uniform float wetness;
    uniform float lamps;
    uniform vec3 reflection;
    uniform sampler2D noiseMap;
  `,
  vertexHead: /* glsl */ `
    attribute vec4 edges;
    attribute vec4 paint;
    varying vec2 vRoad;
    varying vec4 vEdges;
    varying vec4 vPaint;
  `,
  vertex: /* glsl */ `
    vRoad = uv;
    vEdges = edges;
    vPaint = paint;
  `,
  fragmentHead: FRAGMENT_HEAD,
  colour: COLOUR,
  roughness: /* glsl */ `
    roughnessFactor = roadRough;
  `,
  normal: /* glsl */ `
    {
      vec3 sideways = normalize(dFdx(vViewPosition) * dFdy(vRoad.y) - dFdy(vViewPosition) * dFdx(vRoad.y) + 1e-9);
      vec3 forwards = normalize(dFdy(vViewPosition) * dFdx(vRoad.x) - dFdx(vViewPosition) * dFdy(vRoad.x) + 1e-9);
      normal = normalize(normal + roadSlope.x * sideways + roadSlope.y * forwards);
    }
  `,
  emissive: /* glsl */ `
    totalEmissiveRadiance += diffuseColor.rgb * (roadGlow * mix(0.35, 1.6, lamps));
    totalEmissiveRadiance += diffuseColor.rgb * vec3(1.0, 0.82, 0.58) * (lamps * 2.2 * lampLight(vRoad));
    // Inside a loop the road is lit by its other side.
    float over = 0.5 - 0.5 * dot(normalize(vNormal), (viewMatrix * vec4(0.0, 1.0, 0.0, 0.0)).xyz);
    totalEmissiveRadiance += diffuseColor.rgb * reflection * (0.9 * over);
    #ifndef STANDARD
    {
      float grazing = pow(1.0 - clamp(dot(normalize(vViewPosition), normalize(vNormal)), 0.0, 1.0), 4.0);
      totalEmissiveRadiance += reflection * (0.012 + mix(0.05, 0.7, roadWet) * grazing);
    }
    #endif
  `,
};

/**
 * The patch of the material of one surface, plain or with something painted on it: each has a shader of its own,
 * because software rendering works out both sides of every condition.
 */
export function roadShader(surface: number, marked: boolean): Patch {
  const kind = `#define SURFACE ${surface}\n${marked ? "#define MARKED\n" : ""}`;
  return { ...ROAD_SHADER, fragmentHead: kind + FRAGMENT_HEAD };
}
