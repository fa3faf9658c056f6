/** A graphics processor that draws nothing: three counts draw calls, geometries and textures all the same. */

import { vi } from "vitest";

/** Types of uniforms by their names in GLSL, as WebGL numbers them. */
const SAMPLERS: Readonly<Record<string, number>> = { sampler2D: 0x8b5e, samplerCube: 0x8b60 };

/** What WebGL answers to the questions that three asks; to all others with nothing. */
class Answers {
  private readonly constants = new Map<string, number>();
  private readonly names = new Map<number, string>();
  private readonly sources = new WeakMap<object, string>();
  private readonly uniforms = new WeakMap<object, { name: string; type: number; size: number }[]>();

  /** The number of a constant. */
  constant(name: string): number {
    const known = this.constants.get(name);
    if (known !== undefined) return known;
    const number = 1 + this.constants.size;
    this.constants.set(name, number);
    this.names.set(number, name);
    return number;
  }

  getContextAttributes = () => ({ alpha: true });
  getExtension = (name: string) => (name === "EXT_color_buffer_float" ? {} : null);
  getShaderPrecisionFormat = () => ({ precision: 23, rangeMin: 127, rangeMax: 127 });
  getShaderInfoLog = () => "";
  getProgramInfoLog = () => "";
  getAttribLocation = () => 0;
  checkFramebufferStatus = () => this.constant("FRAMEBUFFER_COMPLETE");
  shaderSource = (shader: object, source: string) => void this.sources.set(shader, source);

  getParameter = (number: number) => {
    const name = this.names.get(number) ?? "";
    if (name === "VERSION") return "WebGL 2.0";
    if (name === "RENDERER") return "a processor for tests";
    return name === "VIEWPORT" || name === "SCISSOR_BOX" ? [0, 0, 960, 540] : 4096;
  };

  attachShader = (program: object, shader: object) => {
    const found = [...this.sources.get(shader)!.matchAll(/uniform\s+(?:\w+p\s+)?(sampler\w+)\s+(\w+);/g)];
    const samplers = found.flatMap(([, type, name]) =>
      type! in SAMPLERS ? [{ name: name!, type: SAMPLERS[type!]!, size: 1 }] : [],
    );
    this.uniforms.set(program, [...(this.uniforms.get(program) ?? []), ...samplers]);
  };

  getProgramParameter = (program: object, number: number) => {
    const name = this.names.get(number);
    if (name === "ACTIVE_UNIFORMS") return this.uniforms.get(program)!.length;
    return name === "ACTIVE_ATTRIBUTES" ? 0 : true;
  };

  getActiveUniform = (program: object, index: number) => this.uniforms.get(program)![index];
}

/** An object that has every method: what `known` does, or nothing. */
function pretended(known: object, other: (name: string) => unknown): object {
  return new Proxy(known, {
    get: (target, name) => Reflect.get(target, name) ?? other(String(name)),
    set: () => true,
  });
}

function context(kind: string): object {
  if (kind === "2d") return pretended({ measureText: () => ({ width: 80 }) }, () => () => undefined);
  const answers = new Answers();
  return pretended(answers, (name) => {
    if (/^[A-Z]/.test(name)) return answers.constant(name);
    return name.startsWith("create") || name === "getUniformLocation" ? () => ({}) : () => undefined;
  });
}

/** A canvas on that processor; `document` makes more of them for what is written. */
export function newCanvas(): HTMLCanvasElement {
  const canvas = () => {
    const listening = { addEventListener: () => undefined, removeEventListener: () => undefined };
    const size = { width: 960, height: 540, clientWidth: 960, clientHeight: 540 };
    return { ...listening, ...size, style: {}, getContext: context };
  };
  vi.stubGlobal("document", { createElement: canvas, createElementNS: canvas });
  return canvas() as unknown as HTMLCanvasElement;
}
