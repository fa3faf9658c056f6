/** The sky: painted once per weather into a cube map, from which background and reflections come. */

import {
  BackSide,
  Color,
  CubeCamera,
  HalfFloatType,
  MathUtils,
  Mesh,
  PMREMGenerator,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  type Texture,
  Vector3,
  WebGLCubeRenderTarget,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from "three";
import { Sky as PhysicalSky } from "three/addons/objects/Sky.js";

import type { Look } from "../looks";

/** Radius of the dome that is painted [m]; only directions matter. */
const RADIUS = 400;

/** How much a clear sky's blue is paled where it lights things: the physical one is too blue for shadows (by eye). */
const PALING = 0.65;

const DOME_VERTEX = /* glsl */ `
  varying vec3 vDirection;
  void main() {
    vDirection = position;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }
`;

const DOME_FRAGMENT = /* glsl */ `
  uniform vec3 zenith;
  uniform vec3 air;
  uniform vec3 ground;
  uniform vec3 sun;
  uniform vec3 sunColour;
  uniform float cover;
  uniform float clearing;
  uniform float veil;
  uniform float clouds;
  uniform float stars;
  varying vec3 vDirection;

  float hash(vec3 p) {
    p = fract(p * vec3(0.1031, 0.1030, 0.0973));
    p += dot(p, p.yzx + 33.33);
    return fract((p.x + p.y) * p.z);
  }
  float noise(vec2 p) {
    vec2 i = floor(p);
    vec2 f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    vec3 o = vec3(0.0, 1.0, 7.0);
    float low = mix(hash(vec3(i, 7.0)), hash(vec3(i + o.yx, 7.0)), f.x);
    float high = mix(hash(vec3(i + o.xy, 7.0)), hash(vec3(i + o.yy, 7.0)), f.x);
    return mix(low, high, f.y);
  }
  float fractal(vec2 p) {
    float sum = 0.0;
    float height = 0.5;
    for (int i = 0; i < 5; i++) {
      sum += height * noise(p);
      p = p * 2.03 + 17.0;
      height *= 0.5;
    }
    return sum;
  }

  void main() {
    vec3 direction = normalize(vDirection);
    float up = direction.y;
    float haze = exp(-max(up, 0.0) * 9.0);
    vec3 colour = mix(zenith, air, clamp(haze + 0.35 * exp(-max(up, 0.0) * 2.5), 0.0, 1.0));
    float facing = max(dot(direction, sun), 0.0);

    if (stars > 0.0 && up > 0.0) {
      vec3 cell = floor(direction * 190.0);
      vec3 inside = fract(direction * 190.0) - 0.5;
      float bright = hash(cell);
      float star = smoothstep(0.985, 1.0, bright) * smoothstep(0.34, 0.06, length(inside));
      colour += star * vec3(0.85, 0.92, 1.0) * (0.5 + 1.4 * hash(cell + 5.0)) * (1.0 - haze);
      colour += vec3(0.95, 0.97, 1.0) * (2.6 * smoothstep(0.99965, 0.99975, facing) + 0.10 * pow(facing, 350.0));
      colour += vec3(0.05, 0.07, 0.13) * pow(facing, 6.0);
    }
    if (clouds > 0.0 && up > 0.0) {
      vec2 plane = direction.xz / (up + 0.13);
      float thick = fractal(plane * 1.3 + 3.0);
      float mask = smoothstep(0.75 - 0.55 * clouds, 0.95 - 0.3 * clouds, thick) * (1.0 - 0.9 * haze);
      float lit = 0.75 + 0.6 * fractal(plane * 2.9 + 9.0) + 0.3 * pow(facing, 4.0);
      vec3 cloud = mix(zenith, air, 0.65) * lit;
      colour = mix(colour, cloud, mask * mix(0.55, 0.85, clouds));
    }
    colour += sunColour * (1.0 - stars) * 0.06 * pow(facing, 8.0);
    float near = exp(-max(up - veil, 0.0) * clearing); // the air that distant mountains fade to
    float alpha = mix(near, 1.0, cover);
    colour = mix(colour, air, near);
    if (up < 0.0) {
      colour = mix(air, ground, smoothstep(0.0, 0.12, -up));
      alpha = 1.0;
    }
    gl_FragColor = vec4(colour, alpha);
  }
`;

/** Paints the sky of a look. */
export class Sky {
  private readonly physical = new PhysicalSky();
  private readonly uniforms = {
    zenith: { value: new Color() },
    air: { value: new Color() },
    ground: { value: new Color() },
    sun: { value: new Vector3() },
    sunColour: { value: new Color() },
    cover: { value: 0 },
    clearing: { value: 1 },
    veil: { value: 0 },
    clouds: { value: 0 },
    stars: { value: 0 },
  };
  private readonly dome = new Mesh(new SphereGeometry(RADIUS / 4, 48, 32), this.domeMaterial());
  private readonly stage = new Scene();
  private readonly cube: WebGLCubeRenderTarget;
  private readonly filter: PMREMGenerator;
  private reflections: WebGLRenderTarget | null = null;

  /** @param size Side of the cube map [pixels]. */
  constructor(
    private readonly renderer: WebGLRenderer,
    size: number,
  ) {
    this.cube = new WebGLCubeRenderTarget(size, { type: HalfFloatType });
    this.filter = new PMREMGenerator(renderer);
    this.physical.scale.setScalar(RADIUS);
    this.dome.renderOrder = 1;
    this.stage.add(this.physical, this.dome);
  }

  /** What is seen behind everything. */
  get background(): Texture {
    return this.cube.texture;
  }

  /** What shiny things reflect, and the light that comes from everywhere; null before the first `paint`. */
  get environment(): Texture | null {
    return this.reflections?.texture ?? null;
  }

  /** Paint the sky anew; `reflections` tells whether an environment is wanted too. */
  paint(look: Look, reflections: boolean): void {
    this.configure(look);
    const { uniforms } = this;
    const camera = new CubeCamera(1, 4 * RADIUS, this.cube);
    camera.update(this.renderer, this.stage);
    this.reflections?.dispose();
    this.reflections = null;
    if (!reflections) return;
    uniforms.ground.value.copy(look.groundLight).multiplyScalar(0.35);
    uniforms.zenith.value.lerp(look.skyLight, 0.6 * (1 - look.cover));
    uniforms.cover.value = PALING + (1 - PALING) * look.cover;
    this.physical.material.uniforms["showSunDisc"]!.value = 0; // the light itself makes its highlights
    this.reflections = this.filter.fromScene(this.stage, 0, 1, 4 * RADIUS);
  }

  dispose(): void {
    this.reflections?.dispose();
    this.cube.dispose();
    this.filter.dispose();
    this.dome.geometry.dispose();
    this.dome.material.dispose();
    this.physical.geometry.dispose();
    this.physical.material.dispose();
  }

  private configure(look: Look): void {
    const sun = sunDirection(look, new Vector3());
    this.physical.visible = look.cover < 1;
    const air = this.physical.material.uniforms;
    air["turbidity"]!.value = look.turbidity;
    air["rayleigh"]!.value = look.rayleigh;
    air["mieCoefficient"]!.value = look.mie;
    air["cloudCoverage"]!.value = look.cumulus;
    air["cloudDensity"]!.value = 0.45;
    air["showSunDisc"]!.value = 1;
    air["sunPosition"]!.value.copy(sun);
    const { uniforms } = this;
    uniforms.zenith.value.copy(look.zenith);
    uniforms.air.value.copy(look.air);
    uniforms.ground.value.copy(look.air);
    uniforms.sun.value.copy(sun);
    uniforms.sunColour.value.copy(look.sunColour);
    uniforms.cover.value = look.cover;
    uniforms.clearing.value = look.haze;
    uniforms.veil.value = look.veil;
    uniforms.clouds.value = look.clouds;
    uniforms.stars.value = look.stars;
  }

  private domeMaterial(): ShaderMaterial {
    return new ShaderMaterial({
      uniforms: this.uniforms,
      vertexShader: DOME_VERTEX,
      fragmentShader: DOME_FRAGMENT,
      side: BackSide,
      transparent: true,
      depthWrite: false,
      depthTest: false,
    });
  }
}

/** Unit vector to the sun or moon. */
export function sunDirection(look: Look, out: Vector3): Vector3 {
  const polar = MathUtils.degToRad(90 - look.elevation);
  return out.setFromSphericalCoords(1, polar, MathUtils.degToRad(look.bearing));
}
