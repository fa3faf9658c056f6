/**
 * The race car, made of code: an open-wheel prototype of our own. Metres; origin on the road under the middle;
 * +z forward, +x left, +y up. All shapes and measures are chosen by eye, save the wheels' places.
 */

import {
  BufferAttribute,
  type BufferGeometry,
  CylinderGeometry,
  LatheGeometry,
  PlaneGeometry,
  SphereGeometry,
  Vector2,
  Vector3,
} from "three";
import { mergeGeometries, toCreasedNormals } from "three/addons/utils/BufferGeometryUtils.js";

import { deck, FACE, hull, loft, mirrored, plate, strut, wing } from "./loft";

export const WHEEL_RADIUS = 0.364;
/** Middles of the wheels of a car at rest: front left, front right, rear left, rear right. */
export const WHEELS: readonly Vector3[] = [
  new Vector3(0.863, WHEEL_RADIUS, 1.782),
  new Vector3(-0.863, WHEEL_RADIUS, 1.782),
  new Vector3(0.885, WHEEL_RADIUS, -1.206),
  new Vector3(-0.885, WHEEL_RADIUS, -1.206),
];

/** Compression of the suspension of a car at rest [m]. */
export const REST = 0.19;

/**
 * A car's parts by material. Each vertex has a `color` and a `tint`: how much of the car's own colour is in it.
 * In `lights`, `color` says which lamp it is: red the brakes, green the head lamps, blue the exhaust.
 */
interface CarModel {
  readonly paint: BufferGeometry;
  readonly dark: BufferGeometry;
  readonly driver: BufferGeometry;
  readonly glass: BufferGeometry;
  readonly lights: BufferGeometry;
  /** One wheel about the origin, its outer side to the left. */
  readonly wheel: BufferGeometry;
}

type Colour = readonly [red: number, green: number, blue: number, tint: number];

const PAINT: Colour = [1, 1, 1, 1];
const STRIPE: Colour = [1, 1, 1, 0.18];
const SHADE: Colour = [0.42, 0.42, 0.42, 1];
const CARBON: Colour = [0.03, 0.032, 0.036, 0];
const BLACK: Colour = [0.004, 0.004, 0.005, 0];
const METAL: Colour = [0.34, 0.35, 0.37, 0];
const TYRE: Colour = [0.022, 0.022, 0.024, 0];
const BRAKE: Colour = [1, 0, 0, 0];
const HEAD: Colour = [0, 1, 0, 0];
const EXHAUST: Colour = [0, 0, 1, 0];

/** Build the car; the caller disposes of its geometries. */
export function buildCar(): CarModel {
  return {
    paint: merge([...body(), ...pods(), ...paintedWings()]),
    dark: merge([...floor(), ...suspension(), ...darkWings(), ...tail(), ...mirrors()]),
    driver: merge(driver()),
    glass: merge([canopy()]),
    lights: merge(lamps()),
    wheel: merge(wheel()),
  };
}

/** The soft shadow right under a car, as a dark sheet whose alpha falls off to its edge. */
export function buildContact(): BufferGeometry {
  const steps = 12;
  const sheet = new PlaneGeometry(2.7, 4.9, steps, steps).rotateX(-Math.PI / 2).translate(0, 0.03, 0.28);
  const position = sheet.getAttribute("position");
  const colours = new Float32Array(position.count * 4);
  for (let k = 0; k < position.count; k++) {
    const across = Math.abs(position.getX(k)) / 1.35;
    const along = Math.abs(position.getZ(k) - 0.28) / 2.45;
    colours[k * 4 + 3] = 0.75 * (1 - across ** 4) * (1 - along ** 6);
  }
  sheet.setAttribute("color", new BufferAttribute(colours, 4));
  return sheet;
}

/** Where a face of a loft is: turns around its rings from the left side over the top; middle of its patch. */
interface Place {
  readonly around: number;
  readonly x: number;
  readonly z: number;
}

/** A geometry in one colour, or a loft in colours by the place of each face. */
function painted(geometry: BufferGeometry, colour: Colour | ((place: Place) => Colour)): BufferGeometry {
  const flat = geometry.index ? geometry.toNonIndexed() : geometry;
  const face = flat.getAttribute(FACE);
  const count = flat.getAttribute("position").count;
  const colours = new Float32Array(count * 3);
  const tints = new Float32Array(count);
  for (let k = 0; k < count; k++) {
    const [red, green, blue, tint] =
      typeof colour === "function"
        ? colour({ around: face.getX(k), x: face.getY(k), z: face.getW(k) })
        : colour;
    colours.set([red, green, blue], k * 3);
    tints[k] = tint;
  }
  flat.setAttribute("color", new BufferAttribute(colours, 3));
  flat.setAttribute("tint", new BufferAttribute(tints, 1));
  for (const unused of ["uv", FACE]) flat.deleteAttribute(unused);
  return flat;
}

function both(geometry: BufferGeometry): BufferGeometry[] {
  return [geometry, mirrored(geometry)];
}

function merge(parts: readonly BufferGeometry[]): BufferGeometry {
  const merged = mergeGeometries([...parts]);
  parts.forEach((part) => part.dispose());
  return merged;
}

/** Nose, tub and tail in one, and the engine's cover with its fin. */
function body(): BufferGeometry[] {
  const tub = hull([
    { z: 2.32, half: 0.05, bottom: 0.2, top: 0.25 },
    { z: 2.22, half: 0.115, bottom: 0.175, top: 0.285 },
    { z: 1.9, half: 0.16, bottom: 0.165, top: 0.365, taper: 0.1 },
    { z: 1.5, half: 0.21, bottom: 0.15, top: 0.45, taper: 0.16 },
    { z: 1.05, half: 0.29, bottom: 0.13, top: 0.545, taper: 0.2, square: 3 },
    { z: 0.65, half: 0.36, bottom: 0.11, top: 0.61, taper: 0.22, square: 3.2 },
    { z: 0.1, half: 0.4, bottom: 0.1, top: 0.64, taper: 0.22, square: 3.2 },
    { z: -0.5, half: 0.37, bottom: 0.1, top: 0.65, taper: 0.26, square: 3 },
    { z: -1.05, half: 0.25, bottom: 0.13, top: 0.58, taper: 0.25 },
    { z: -1.45, half: 0.17, bottom: 0.18, top: 0.49, taper: 0.2 },
    { z: -1.72, half: 0.11, bottom: 0.24, top: 0.41 },
  ]);
  const cover = hull([
    { z: -0.22, half: 0.15, bottom: 0.55, top: 1.0, taper: 0.35, square: 2.4 },
    { z: -0.34, half: 0.18, bottom: 0.5, top: 1.03, taper: 0.4, square: 2.4 },
    { z: -0.65, half: 0.2, bottom: 0.45, top: 0.98, taper: 0.5, square: 2.4 },
    { z: -1.05, half: 0.16, bottom: 0.4, top: 0.82, taper: 0.55, square: 2.4 },
    { z: -1.45, half: 0.09, bottom: 0.35, top: 0.62, taper: 0.5 },
    { z: -1.68, half: 0.05, bottom: 0.33, top: 0.48, taper: 0.3 },
  ]);
  const fin = plate(0, 0.02, [
    [-0.72, 0.88],
    [-1.0, 1.0],
    [-1.38, 1.03],
    [-1.62, 1.04],
    [-1.7, 0.7],
    [-1.62, 0.42],
    [-1.1, 0.6],
  ]);
  return [
    painted(tub, ({ around, z }) => {
      if (around > 0.55 && around < 0.95) return SHADE;
      return top(around, 1) && z > -0.2 && z < 2.15 ? STRIPE : PAINT;
    }),
    painted(cover, ({ around }) => (top(around, 1) ? STRIPE : PAINT)),
    painted(fin, PAINT),
  ];
}

/** Whether a face of a hull is within so many patches of its ridge. */
function top(around: number, patches: number): boolean {
  return around > 0 && Math.abs(around - 0.25) < patches * 0.05;
}

/** Side pods, drawn in towards the tail. */
function pods(): BufferGeometry[] {
  const pod = hull([
    { z: 0.52, x: 0.56, half: 0.19, bottom: 0.2, top: 0.5, taper: 0.1, square: 3.4 },
    { z: 0.44, x: 0.57, half: 0.215, bottom: 0.15, top: 0.535, taper: 0.12, square: 3.4 },
    { z: 0.1, x: 0.57, half: 0.235, bottom: 0.1, top: 0.54, taper: 0.16, square: 3 },
    { z: -0.4, x: 0.52, half: 0.24, bottom: 0.09, top: 0.5, taper: 0.26, square: 2.8 },
    { z: -0.85, x: 0.38, half: 0.22, bottom: 0.1, top: 0.42, taper: 0.3 },
    { z: -1.25, x: 0.22, half: 0.15, bottom: 0.14, top: 0.34, taper: 0.25 },
    { z: -1.55, x: 0.13, half: 0.08, bottom: 0.2, top: 0.3 },
  ]);
  return both(
    painted(pod, ({ around, z }) => {
      if (around > 0.55 && around < 0.95) return SHADE;
      return z < 0.15 && z > -0.4 && (around < 0.16 || around > 0.94) ? STRIPE : PAINT;
    }),
  );
}

function paintedWings(): BufferGeometry[] {
  const frontPlane = wing([
    { x: 0.98, y: 0.13, z: 2.31, chord: 0.13, thickness: 0.03, pitch: 0.12 },
    { x: 0.5, y: 0.12, z: 2.33, chord: 0.2, thickness: 0.035, pitch: 0.1 },
    { x: 0.14, y: 0.165, z: 2.34, chord: 0.25, thickness: 0.035, pitch: 0.08 },
    { x: -0.14, y: 0.165, z: 2.34, chord: 0.25, thickness: 0.035, pitch: 0.08 },
    { x: -0.5, y: 0.12, z: 2.33, chord: 0.2, thickness: 0.035, pitch: 0.1 },
    { x: -0.98, y: 0.13, z: 2.31, chord: 0.13, thickness: 0.03, pitch: 0.12 },
  ]);
  const frontEnd = plate(0.985, 0.02, [
    [2.34, 0.09],
    [2.34, 0.17],
    [2.24, 0.29],
    [2.16, 0.3],
    [2.15, 0.09],
  ]);
  const rearFlap = wing([
    { x: 0.79, y: 1.0, z: -1.62, chord: 0.17, thickness: 0.025, pitch: 0.5 },
    { x: -0.79, y: 1.0, z: -1.62, chord: 0.17, thickness: 0.025, pitch: 0.5 },
  ]);
  const rearEnd = plate(0.8, 0.022, [
    [-1.36, 0.95],
    [-1.46, 1.07],
    [-1.78, 1.13],
    [-1.78, 0.86],
    [-1.45, 0.86],
  ]);
  const rearFoot = plate(0.8, 0.021, [
    [-1.45, 0.86],
    [-1.78, 0.86],
    [-1.78, 0.7],
    [-1.66, 0.6],
    [-1.5, 0.66],
  ]);
  return [
    painted(frontPlane, ({ x }) => (Math.abs(x) > 0.5 ? STRIPE : PAINT)),
    ...both(painted(frontEnd, PAINT)),
    painted(rearFlap, PAINT),
    ...both(painted(rearEnd, PAINT)),
    ...both(painted(rearFoot, STRIPE)),
  ];
}

function darkWings(): BufferGeometry[] {
  const mainPlane = wing([
    { x: 0.79, y: 0.94, z: -1.4, chord: 0.25, thickness: 0.04, pitch: 0.12 },
    { x: -0.79, y: 0.94, z: -1.4, chord: 0.25, thickness: 0.04, pitch: 0.12 },
  ]);
  const flap = wing([
    { x: 0.97, y: 0.19, z: 2.24, chord: 0.1, thickness: 0.018, pitch: 0.5 },
    { x: 0.3, y: 0.19, z: 2.24, chord: 0.12, thickness: 0.018, pitch: 0.45 },
  ]);
  return [painted(mainPlane, CARBON), ...both(painted(flap, CARBON))];
}

/** The floor, the diffuser under the tail, and the mouths of the intakes. */
function floor(): BufferGeometry[] {
  const plank = deck(0.075, 0.03, [
    [0.2, 1.35],
    [0.3, 0.9],
    [0.72, 0.62],
    [0.8, 0.3],
    [0.8, -0.5],
    [0.66, -0.78],
    [0.56, -1.0],
    [-0.56, -1.0],
    [-0.66, -0.78],
    [-0.8, -0.5],
    [-0.8, 0.3],
    [-0.72, 0.62],
    [-0.3, 0.9],
    [-0.2, 1.35],
  ]);
  const ramp = loft(
    [
      [-0.95, 0.06],
      [-1.78, 0.25],
    ].map(([z, y]) =>
      [
        [0.56, 0],
        [0.56, 0.03],
        [-0.56, 0.03],
        [-0.56, 0],
      ].map(([x, up]) => new Vector3(x!, y! + up!, z!)),
    ),
  );
  const strakes = [0.56, 0.3, 0.1].flatMap((x) =>
    both(
      painted(
        plate(x, 0.014, [
          [-1.0, 0.06],
          [-1.0, 0.1],
          [-1.78, 0.28],
          [-1.78, 0.1],
        ]),
        CARBON,
      ),
    ),
  );
  const mouth = hull([
    { z: 0.528, x: 0.56, half: 0.165, bottom: 0.225, top: 0.475, taper: 0.1, square: 3.4 },
    { z: 0.5, x: 0.56, half: 0.165, bottom: 0.225, top: 0.475, taper: 0.1, square: 3.4 },
  ]);
  return [painted(plank, CARBON), painted(ramp, CARBON), ...strakes, ...both(painted(mouth, BLACK))];
}

/** Arms between body and wheels. */
function suspension(): BufferGeometry[] {
  const arms: [Vector3, Vector3][] = [
    [new Vector3(0.14, 0.35, 1.98), new Vector3(0.74, 0.44, 1.8)],
    [new Vector3(0.17, 0.38, 1.56), new Vector3(0.74, 0.44, 1.77)],
    [new Vector3(0.13, 0.21, 1.98), new Vector3(0.74, 0.25, 1.8)],
    [new Vector3(0.19, 0.19, 1.5), new Vector3(0.74, 0.25, 1.76)],
    [new Vector3(0.16, 0.36, 1.72), new Vector3(0.74, 0.28, 1.79)],
    [new Vector3(0.16, 0.42, -0.95), new Vector3(0.74, 0.45, -1.18)],
    [new Vector3(0.12, 0.4, -1.42), new Vector3(0.74, 0.45, -1.23)],
    [new Vector3(0.2, 0.22, -0.9), new Vector3(0.74, 0.26, -1.18)],
    [new Vector3(0.12, 0.24, -1.5), new Vector3(0.74, 0.26, -1.24)],
  ];
  return arms.flatMap(([from, to]) => both(painted(strut(from, to), CARBON)));
}

/** The driver's helmet. */
function driver(): BufferGeometry[] {
  const sphere = (radius: number, ...part: number[]) =>
    new SphereGeometry(radius, 16, 8, ...part).scale(1, 1.02, 1.12).translate(0, 0.79, 0.02);
  const helmet = sphere(0.132);
  const crown = sphere(0.134, 0, 2 * Math.PI, 0, Math.PI * 0.3);
  const visor = sphere(0.135, Math.PI * 0.1, Math.PI * 0.8, Math.PI * 0.38, Math.PI * 0.22);
  return [painted(helmet, STRIPE), painted(crown, PAINT), painted(visor, BLACK)];
}

/** The mouth of the air intake, and the exhausts. */
function tail(): BufferGeometry[] {
  const intake = hull(
    [
      { z: -0.213, half: 0.12, bottom: 0.83, top: 0.965, taper: 0.3, square: 2.4 },
      { z: -0.24, half: 0.12, bottom: 0.83, top: 0.965, taper: 0.3, square: 2.4 },
    ],
    1,
  );
  const exhaust = hull(
    [
      { z: -1.3, x: 0.1, half: 0.05, bottom: 0.42, top: 0.52, square: 2 },
      { z: -1.76, x: 0.085, half: 0.042, bottom: 0.44, top: 0.524, square: 2 },
    ],
    1,
  );
  return [painted(intake, BLACK), ...both(painted(exhaust, METAL))];
}

function mirrors(): BufferGeometry[] {
  const mirror = hull(
    [
      { z: 0.8, x: 0.5, half: 0.03, bottom: 0.665, top: 0.7 },
      { z: 0.76, x: 0.5, half: 0.08, bottom: 0.64, top: 0.72, square: 3.4 },
      { z: 0.71, x: 0.5, half: 0.08, bottom: 0.64, top: 0.72, square: 3.4 },
    ],
    1,
  );
  const stalk = strut(new Vector3(0.28, 0.57, 0.73), new Vector3(0.45, 0.67, 0.75), 0.008, 0.016);
  return [
    ...both(painted(mirror, ({ around, z }) => (around < 0 && z < 0.75 ? METAL : PAINT))),
    ...both(painted(stalk, CARBON)),
  ];
}

/** The wind screen around the driver. */
function canopy(): BufferGeometry {
  return painted(
    hull([
      { z: 0.98, half: 0.1, bottom: 0.5, top: 0.575, taper: 0.3 },
      { z: 0.7, half: 0.25, bottom: 0.5, top: 0.72, taper: 0.3 },
      { z: 0.35, half: 0.3, bottom: 0.5, top: 0.86, taper: 0.35 },
      { z: 0.0, half: 0.29, bottom: 0.5, top: 0.96, taper: 0.4 },
      { z: -0.24, half: 0.22, bottom: 0.5, top: 0.99, taper: 0.4 },
    ]),
    [0.02, 0.03, 0.04, 0],
  );
}

function lamps(): BufferGeometry[] {
  const tail = plate(0.8, 0.026, [
    [-1.786, 0.7],
    [-1.786, 1.1],
    [-1.765, 1.1],
    [-1.765, 0.7],
  ]);
  const rain = hull(
    [
      { z: -1.7, half: 0.07, bottom: 0.3, top: 0.39, square: 4 },
      { z: -1.735, half: 0.07, bottom: 0.3, top: 0.39, square: 4 },
    ],
    1,
  );
  const head = hull(
    [
      { z: 2.2, x: 0.98, half: 0.016, bottom: 0.2, top: 0.26 },
      { z: 2.17, x: 0.98, half: 0.016, bottom: 0.2, top: 0.26 },
    ],
    1,
  );
  const glow = new CylinderGeometry(0.034, 0.034, 0.01, 12)
    .rotateX(Math.PI / 2)
    .translate(0.085, 0.482, -1.762);
  return [
    ...both(painted(tail, BRAKE)),
    painted(rain, BRAKE),
    ...both(painted(head, HEAD)),
    ...both(painted(glow, EXHAUST)),
  ];
}

/** A slick tyre on a rim with five double spokes. */
function wheel(): BufferGeometry[] {
  const half = 0.15;
  const profile = [
    [0.225, -half + 0.01],
    [0.335, -half],
    [WHEEL_RADIUS - 0.005, -half + 0.03],
    [WHEEL_RADIUS, 0],
    [WHEEL_RADIUS - 0.005, half - 0.03],
    [0.335, half],
    [0.225, half - 0.01],
    [0.215, -half + 0.01],
  ].map(([radius, x]) => new Vector2(radius, x));
  const tyre = toCreasedNormals(new LatheGeometry(profile, 28).rotateZ(-Math.PI / 2), 0.6);
  const ring = new LatheGeometry([new Vector2(0.252, half + 0.001), new Vector2(0.226, half - 0.006)], 28);
  const band = ring.rotateZ(-Math.PI / 2);
  const dish = new CylinderGeometry(0.22, 0.22, 0.02, 18).rotateZ(Math.PI / 2).translate(half - 0.12, 0, 0);
  const hub = new CylinderGeometry(0.03, 0.05, 0.05, 10).rotateZ(-Math.PI / 2).translate(half - 0.045, 0, 0);
  const spokes = Array.from({ length: 5 }, (_, k) =>
    painted(
      plate(half - 0.045, 0.03, [
        [-0.028, 0.03],
        [0.028, 0.03],
        [0.045, 0.23],
        [-0.045, 0.23],
      ]).rotateX((k / 5) * 2 * Math.PI),
      METAL,
    ),
  );
  return [
    painted(tyre, TYRE),
    painted(band, [1, 1, 1, 0.85]),
    painted(dish, CARBON),
    painted(hub, METAL),
    ...spokes,
  ];
}
