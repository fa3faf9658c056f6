/** Tone mapping worked out on the processor, for what three paints after its own: the air. */

import { Color, Matrix3, Vector3 } from "three";

/** The two matrices of three's ACESFilmicToneMapping (Stephen Hill's fit), by rows. */
const INTO = new Matrix3(0.59719, 0.35458, 0.04823, 0.076, 0.90834, 0.01566, 0.0284, 0.13383, 0.83777);
const OUT_OF = new Matrix3(
  ...[1.60475, -0.53108, -0.07367],
  ...[-0.10208, 1.10813, -0.00605],
  ...[-0.00327, -0.07276, 1.07602],
);

/** The colour that a picture shows for light of a colour, both linear; as ACESFilmicToneMapping does it. */
export function toneMapped(light: Color, exposure: number): Color {
  const curve = (v: number): number =>
    (v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.432951) + 0.238081);
  const mapped = new Vector3(light.r, light.g, light.b).multiplyScalar(exposure / 0.6).applyMatrix3(INTO);
  mapped.set(curve(mapped.x), curve(mapped.y), curve(mapped.z)).applyMatrix3(OUT_OF).clampScalar(0, 1);
  return new Color(mapped.x, mapped.y, mapped.z);
}
