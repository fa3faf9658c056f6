/** Textures that are computed, not loaded. */

import {
  DataTexture,
  LinearFilter,
  LinearMipmapLinearFilter,
  LinearMipmapNearestFilter,
  RepeatWrapping,
  RGBAFormat,
} from "three";

import { fractal, random } from "../noise";

const SIZE = 256; // pixels of the noise texture's side (guess: 2 cm per pixel where one tile is 5 m)

/**
 * Four tiling noises in one texture: r fine grain, g clouds of 8 cells, b clouds of 4 cells, a clouds of 16 cells.
 */
export function noiseTexture(anisotropy: number): DataTexture {
  const data = new Uint8Array(4 * SIZE * SIZE);
  const grain = random(7);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const [x, y] = [column / SIZE, row / SIZE];
      const pixel = 4 * (row * SIZE + column);
      data[pixel] = 255 * (0.6 * grain() + 0.4 * grain());
      data[pixel + 1] = 255 * spread(fractal(8 * x, 8 * y, 4, 11, 8));
      data[pixel + 2] = 255 * spread(fractal(4 * x, 4 * y, 5, 23, 4));
      data[pixel + 3] = 255 * spread(fractal(16 * x, 16 * y, 3, 37, 16));
    }
  }
  const texture = new DataTexture(data, SIZE, SIZE, RGBAFormat);
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.magFilter = LinearFilter;
  // Where anisotropy is too dear, half of the pixels that this filter reads are, too.
  texture.minFilter = anisotropy > 1 ? LinearMipmapLinearFilter : LinearMipmapNearestFilter;
  texture.generateMipmaps = true;
  texture.anisotropy = anisotropy;
  texture.needsUpdate = true;
  return texture;
}

/** Stretch fractal noise, which keeps to the middle, over the whole range. */
function spread(value: number): number {
  return Math.min(1, Math.max(0, 0.5 + (value - 0.5) * 2));
}
