/** Seeded randomness and smooth noise: the same on every machine and at every call. */

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Smooth noise in [0, 1] with features of size 1; repeats every `period` if one is given. */
export function noise(x: number, y: number, seed = 0, period = 0): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const u = fade(x - column);
  const v = fade(y - row);
  const low = lerp(lattice(column, row, seed, period), lattice(column + 1, row, seed, period), u);
  const high = lerp(lattice(column, row + 1, seed, period), lattice(column + 1, row + 1, seed, period), u);
  return lerp(low, high, v);
}

/** Sum of `octaves` noises, each half as high and twice as fine as the one before, in [0, 1]. */
export function fractal(x: number, y: number, octaves: number, seed = 0, period = 0): number {
  let sum = 0;
  let height = 0.5;
  let scale = 1;
  for (let octave = 0; octave < octaves; octave++) {
    sum += height * noise(x * scale, y * scale, seed + octave, period * scale);
    height /= 2;
    scale *= 2;
  }
  return sum / (1 - 2 * height);
}

/** Fractal noise with sharp crests, as of mountains, in [0, 1]. */
export function ridges(x: number, y: number, octaves: number, seed = 0): number {
  let sum = 0;
  let height = 0.5;
  let scale = 1;
  let before = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const crest = 1 - Math.abs(2 * noise(x * scale, y * scale, seed + octave) - 1);
    sum += height * crest * crest * before;
    before = crest;
    height /= 2;
    scale *= 2.1;
  }
  return sum;
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothstep(from: number, to: number, value: number): number {
  const share = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return share * share * (3 - 2 * share);
}

export function lerp(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

function lattice(column: number, row: number, seed: number, period: number): number {
  const x = period > 0 ? ((column % period) + period) % period : column;
  const y = period > 0 ? ((row % period) + period) % period : row;
  return hash(x, y, seed);
}

/** A number in [0, 1] that looks random but depends on three integers alone. */
export function hash(x: number, y: number, seed: number): number {
  let bits = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 4294967295;
}
