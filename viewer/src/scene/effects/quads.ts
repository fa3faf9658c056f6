/** Many small rectangles drawn at once, each told by sixteen numbers. */

import {
  BufferAttribute,
  Color,
  DynamicDrawUsage,
  InstancedBufferGeometry,
  InstancedInterleavedBuffer,
  InterleavedBufferAttribute,
  type IUniform,
  Mesh,
  type ShaderMaterial,
} from "three";

/** What there is between the eye and a quad, as uniforms of its shader. */
export interface Air {
  /** Light that falls on what floats or lies in it. */
  readonly light: IUniform<Color>;
  /** Density of the fog [1/m], as three's FogExp2. */
  readonly density: IUniform<number>;
}

/** Clear air in full light. */
export function newAir(): Air {
  return { light: { value: new Color(1, 1, 1) }, density: { value: 0 } };
}

/** Numbers of a quad: four vectors of four. */
export const QUAD = 16;

/**
 * A mesh of quads. Its vertex shader reads the corner as `position` (-1 or 1 in x and y) and the quad's four vec4
 * attributes; a quad that is all zeros shall not be seen.
 */
export class Quads {
  readonly mesh: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  /** The quads' numbers, QUAD of each. */
  readonly numbers: Float32Array;
  private readonly buffer: InstancedInterleavedBuffer;

  /** @param names The four attributes. */
  constructor(count: number, names: readonly [string, string, string, string], material: ShaderMaterial) {
    this.numbers = new Float32Array(count * QUAD);
    this.buffer = new InstancedInterleavedBuffer(this.numbers, QUAD);
    this.buffer.setUsage(DynamicDrawUsage);
    const geometry = new InstancedBufferGeometry();
    const corners = new Float32Array([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0]);
    geometry.setAttribute("position", new BufferAttribute(corners, 3));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    names.forEach((name, k) => {
      geometry.setAttribute(name, new InterleavedBufferAttribute(this.buffer, 4, 4 * k));
    });
    geometry.instanceCount = count;
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
  }

  /** Tell that the quads from one up to another have changed. */
  changed(from: number, to: number): void {
    if (to <= from) return;
    this.buffer.addUpdateRange(from * QUAD, (to - from) * QUAD);
    this.buffer.needsUpdate = true;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
