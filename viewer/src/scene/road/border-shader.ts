/** GLSL of barriers, edges, verges and slab. */

import { LAMP_LIGHT } from "./road-shader";
import type { Patch } from "../shading";

/** The patch of the borders' material. */
export const BORDER_SHADER: Patch = {
  uniforms: /* glsl */ `
    uniform float wetness;
    uniform float lamps;
    uniform sampler2D noiseMap;
    uniform sampler2D bannerMap;
  `,
  vertexHead: /* glsl */ `
    attribute vec3 trim;
    varying vec2 vPlace;
    varying vec3 vTrim;
  `,
  vertex: /* glsl */ `
    vPlace = uv;
    vTrim = trim;
  `,
  fragmentHead: /* glsl */ `
    varying vec2 vPlace;
    varying vec3 vTrim;
    float borderRough = 0.7;
    vec3 borderGlow = vec3(0.0);
    float softStep(float edge, float x, float pixel) { return smoothstep(edge - pixel, edge + pixel, x); }
    ${LAMP_LIGHT}
  `,
  colour: /* glsl */ `
    {
      float part = floor(vTrim.x + 0.5);
      float s = vPlace.y;
      float h = vPlace.x;
      vec4 broad = texture2D(noiseMap, vec2(h * 0.7, s) / 19.0);
      vec4 fine = texture2D(noiseMap, vec2(h, s) / 2.3);
      vec2 pixel = vec2(fwidth(h), fwidth(s)) * 0.6 + 0.001;
      vec3 mint = vec3(0.027, 0.79, 0.38);
      vec3 concrete = vec3(0.34, 0.345, 0.35) * (0.85 + 0.2 * broad.g + 0.1 * fine.r);
      vec3 base = concrete;
      if (part < 0.5) {
        float run = vTrim.y * s;
        vec3 panel = texture2D(bannerMap, vec2(run / 96.0, clamp((h - 0.24) / 0.54, 0.02, 0.98))).rgb;
        float tight = smoothstep(0.012, 0.016, abs(vTrim.z)) * step(vTrim.y * vTrim.z, 0.0); // outside of a tight curve
        if (tight > 0.01) {
          float towards = -vTrim.z / max(abs(vTrim.z), 1e-5);
          float lean = 0.9 * abs(h - 0.51);
          float phase = fract((s + lean) / 2.4);
          float soft = max(pixel.y / 2.4, 0.004);
          float arrow = smoothstep(0.5 - soft, 0.5 + soft, phase) * (1.0 - smoothstep(1.0 - soft, 1.0, phase));
          arrow = mix(arrow, 0.5, smoothstep(0.25, 0.7, soft));
          panel = mix(panel, mix(vec3(0.82), vec3(0.70, 0.03, 0.035), arrow), tight);
        }
        float inPanel = softStep(0.22, h, pixel.x) * (1.0 - softStep(0.80, h, pixel.x));
        vec3 shell = mix(vec3(0.055, 0.06, 0.068), vec3(0.115, 0.12, 0.13), step(0.5, h));
        base = mix(shell, panel, inPanel);
        float seam = smoothstep(0.035 + pixel.y, 0.02, abs(fract(s / 4.0 + 0.5) - 0.5) * 4.0) * min(1.0, 0.04 / pixel.y);
        base *= 1.0 - 0.6 * seam;
        base *= 0.86 + 0.14 * fine.r;
        base = mix(base, base * vec3(0.45, 0.42, 0.40), (1.0 - smoothstep(0.0, 0.5, h)) * (0.35 + 0.5 * broad.b)); // dirt
        float led = softStep(0.865, h, pixel.x) * (1.0 - softStep(0.915, h, pixel.x));
        base = mix(base, mint, led);
        borderGlow = mint * led * mix(0.55, 2.6, lamps) + base * inPanel * lamps * 0.12;
        borderRough = 0.45;
      } else if (part < 1.5) {
        base = vec3(0.16, 0.165, 0.18) * (0.9 + 0.2 * fine.r);
        borderRough = 0.5;
      } else if (part < 2.5) {
        float rib = abs(fract(s / 4.0 + 0.5) - 0.5) * 4.0;
        base *= 1.0 - 0.45 * (1.0 - softStep(0.05, rib, pixel.y)) * min(1.0, 0.06 / pixel.y);
        base *= 0.75 + 0.25 * softStep(-0.08, h, pixel.x);
        base = mix(base, mix(vec3(0.05, 0.055, 0.06), mint * 0.75, step(0.5, fract(s / 32.0))), softStep(0.62, h, pixel.x) * (1.0 - softStep(0.9, h, pixel.x)));
        base *= 1.0 - 0.35 * smoothstep(0.55, 0.9, broad.b);
        borderRough = 0.9;
      } else {
        base = mix(vec3(0.085, 0.16, 0.03), vec3(0.13, 0.225, 0.045), broad.g) * (0.55 + 0.6 * fine.r);
        base = mix(base, vec3(0.26, 0.17, 0.09), (1.0 - smoothstep(0.0, 1.4, h)) * smoothstep(0.3, 0.7, broad.a + 0.2));
        borderRough = 1.0;
      }
      diffuseColor.rgb = base * (1.0 - 0.3 * wetness);
    }
  `,
  light: /* glsl */ `
    #ifdef STANDARD
      if (vTrim.x > 2.5) reflectedLight.indirectSpecular *= 0.15;
    #endif
  `,
  roughness: /* glsl */ `
    roughnessFactor = mix(borderRough, 0.35 * borderRough, wetness * 0.7);
  `,
  emissive: /* glsl */ `
    totalEmissiveRadiance += borderGlow;
    totalEmissiveRadiance += diffuseColor.rgb * vec3(1.0, 0.82, 0.58) * (lamps * 1.5 * lampLight(vec2(vTrim.y * 11.0, vPlace.y)));
  `,
};
