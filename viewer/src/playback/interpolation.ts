/** Poses between samples: smooth in position and attitude, exact at the samples. */

/** Where the columns of a pose row are. */
export interface PoseLayout {
  readonly fields: readonly string[];
  readonly columns: number;
  readonly index: Readonly<Record<string, number>>;
  /** Columns of the LIDAR beams, right to left. */
  readonly lidar: readonly number[];
}

const REQUIRED = ["x", "y", "z", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "state", "gear"];
const STEPPED = ["state", "gear"];

/** Further than this from where its velocity carries it [m], a car was put back rather than driven (guess). */
const JUMP = 3;

/**
 * Name the columns of pose rows.
 *
 * @throws Error when a column that a car cannot be drawn without is missing.
 */
export function poseLayout(fields: readonly string[]): PoseLayout {
  const index = Object.fromEntries(fields.map((name, column) => [name, column]));
  const missing = REQUIRED.filter((name) => !(name in index));
  if (missing.length) throw new Error(`The poses lack the columns ${missing.join(", ")}.`);
  const lidar = fields.flatMap((name, column) => (name.startsWith("lidar_") ? [column] : []));
  return { fields, columns: fields.length, index, lidar };
}

/**
 * The row at share `s` (0..1) of the way from row `a` to row `b`, `dt` seconds later.
 *
 * Positions follow the cubic Hermite curve through both positions and velocities, attitudes the great
 * circle; gear and state are those of the earlier sample. A car that was put back stays until it appears
 * at the new place.
 */
export function interpolateRow(
  layout: PoseLayout,
  values: Float32Array,
  a: number,
  next: Float32Array,
  b: number,
  dt: number,
  s: number,
  out: Float32Array,
): void {
  if (s <= 0 || (s < 1 && jumped(layout, values, a, next, b, dt))) {
    out.set(values.subarray(a, a + layout.columns));
    return;
  }
  if (s >= 1) {
    out.set(next.subarray(b, b + layout.columns));
    return;
  }
  for (let column = 0; column < layout.columns; column++) {
    const from = values[a + column]!;
    out[column] = from + (next[b + column]! - from) * s;
  }
  for (const name of STEPPED) out[layout.index[name]!] = values[a + layout.index[name]!]!;
  hermite(layout, values, a, next, b, dt, s, out);
  slerp(layout.index["qx"]!, values, a, next, b, s, out);
}

function jumped(
  { index }: PoseLayout,
  values: Float32Array,
  a: number,
  next: Float32Array,
  b: number,
  dt: number,
): boolean {
  let squared = 0;
  for (let axis = 0; axis < 3; axis++) {
    const position = index["x"]! + axis;
    const velocity = index["vx"]! + axis;
    const expected = ((values[a + velocity]! + next[b + velocity]!) / 2) * dt;
    squared += (next[b + position]! - values[a + position]! - expected) ** 2;
  }
  return squared > JUMP ** 2;
}

function hermite(
  { index }: PoseLayout,
  values: Float32Array,
  a: number,
  next: Float32Array,
  b: number,
  dt: number,
  s: number,
  out: Float32Array,
): void {
  const s2 = s * s;
  const s3 = s2 * s;
  for (let axis = 0; axis < 3; axis++) {
    const position = index["x"]! + axis;
    const velocity = index["vx"]! + axis;
    out[position] =
      (2 * s3 - 3 * s2 + 1) * values[a + position]! +
      (s3 - 2 * s2 + s) * dt * values[a + velocity]! +
      (3 * s2 - 2 * s3) * next[b + position]! +
      (s3 - s2) * dt * next[b + velocity]!;
  }
}

/** Great circle between two unit quaternions at column `q` (Shoemake, 1985), the shorter way round. */
function slerp(
  q: number,
  values: Float32Array,
  a: number,
  next: Float32Array,
  b: number,
  s: number,
  out: Float32Array,
): void {
  let cosine = 0;
  for (let k = q; k < q + 4; k++) cosine += values[a + k]! * next[b + k]!;
  const sign = cosine < 0 ? -1 : 1;
  const angle = Math.acos(Math.min(1, Math.abs(cosine)));
  const sine = Math.sin(angle);
  const wa = sine < 1e-5 ? 1 - s : Math.sin((1 - s) * angle) / sine;
  const wb = sign * (sine < 1e-5 ? s : Math.sin(s * angle) / sine);
  for (let k = q; k < q + 4; k++) out[k] = wa * values[a + k]! + wb * next[b + k]!;
}
