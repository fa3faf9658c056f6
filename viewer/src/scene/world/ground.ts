/** The height of the ground: it follows the road, never reaches its surface, and rises to mountains far away. */

import type { Vector3 } from "three";

import { fractal, lerp, ridges, smoothstep } from "../noise";
import { newRibbonPoint, type Ribbon, type RibbonPoint } from "../road/ribbon";

/** Length of the road's pieces that the ground is fitted to [m]. */
const PIECE = 6;

/** How far the ground lies beneath the road's borders [m], and how wide it stays level beside them [m] (guess). */
const CLEARANCE = 0.75;
const SHELF = 6;

/** Road whose normal points up by less than this is part of a loop and has no ground of its own. */
export const UPRIGHT = 0.65;

/** Steepest rise away from a road [m/m] (guess); steeper than any road, so that roads do not cut into each other's ground. */
const STEEPEST = 0.5;

/** Heights of hills and mountains [m], and where they begin and are full [m from the road] (guess). */
const HILLS = 34;
const HILLS_FROM = 45;
const HILLS_FULL = 330;
const MOUNTAINS = 520;
const MOUNTAINS_FROM = 650;
const MOUNTAINS_FULL = 2600;

/** A short straight piece of road as seen from above. */
interface Piece {
  x: number;
  y: number;
  z: number;
  /** Level unit vector of driving direction. */
  alongX: number;
  alongZ: number;
  /** Rise per metre along and to the left. */
  slope: number;
  bank: number;
  halfLeft: number;
  halfRight: number;
  curvature: number;
}

/** The ground around a track. */
export class Ground {
  private readonly pieces: readonly Piece[];

  constructor(ribbon: Ribbon) {
    const count = Math.ceil(ribbon.total / PIECE);
    const point = newRibbonPoint();
    this.pieces = Array.from({ length: count + 1 }, (_, i) => {
      ribbon.at((i * ribbon.total) / count, point);
      return point.up.y > UPRIGHT ? [piece(point)] : [];
    }).flat();
  }

  /** Height of the ground [m]. */
  heightAt(x: number, z: number): number {
    return this.at(x, z).height;
  }

  /** Height of the ground, and distance to the nearest road's border, 0 on the road [m]. */
  at(x: number, z: number): { height: number; distance: number } {
    let ceiling = Infinity;
    let nearest = Infinity;
    let weights = 0;
    let sum = 0;
    for (const road of this.pieces) {
      const dx = x - road.x;
      const dz = z - road.z;
      const along = dx * road.alongX + dz * road.alongZ;
      const aside = dx * road.alongZ - dz * road.alongX;
      const half = 1 + (PIECE / 2) * Math.max(1, 1 - aside * road.curvature);
      const beyond = Math.max(0, Math.abs(along) - half);
      const beside = Math.max(0, aside - road.halfLeft, -aside - road.halfRight);
      const off = Math.max(0, beside - SHELF);
      const distance = Math.sqrt(beyond * beyond + off * off);
      const level =
        road.y +
        road.slope * Math.min(Math.max(along, -half), half) +
        road.bank * Math.min(Math.max(aside, -road.halfRight), road.halfLeft) -
        CLEARANCE;
      ceiling = Math.min(ceiling, level + STEEPEST * distance);
      nearest = Math.min(nearest, beyond * beyond + beside * beside);
      const spread = distance * distance + 1;
      const weight = 1 / (spread * spread);
      weights += weight;
      sum += weight * level;
    }
    const distance = Math.sqrt(nearest);
    return { height: Math.min(ceiling, sum / weights + rise(x, z, Math.max(0, distance - SHELF))), distance };
  }

  /** Whether a road runs below a place, or within `margin` of that [m]. */
  isRoadBeneath(place: Vector3, margin: number): boolean {
    return this.pieces.some((road) => {
      const dx = place.x - road.x;
      const dz = place.z - road.z;
      const along = dx * road.alongX + dz * road.alongZ;
      const aside = dx * road.alongZ - dz * road.alongX;
      const inside = aside < road.halfLeft + margin && -aside < road.halfRight + margin;
      return inside && Math.abs(along) < PIECE && road.y < place.y - 2;
    });
  }
}

/** Hills and mountains above the level that the roads give [m]. */
function rise(x: number, z: number, distance: number): number {
  const hills = (fractal(x / 260, z / 260, 4, 3) - 0.4) * HILLS;
  const swells = (fractal(x / 47, z / 47, 2, 9) - 0.5) * 3;
  const far = smoothstep(MOUNTAINS_FROM, MOUNTAINS_FULL, distance);
  const mountains = far > 0 ? far * (60 + MOUNTAINS * ridges(x / 1150, z / 1150, 5, 17)) : 0;
  return (
    hills * smoothstep(HILLS_FROM, HILLS_FULL, distance) +
    swells * smoothstep(4, 50, distance) +
    lerp(0, 40, smoothstep(150, 900, distance)) * fractal(x / 610, z / 610, 2, 31) +
    mountains
  );
}

function piece({ position, tangent, left, halfLeft, halfRight, curvature }: RibbonPoint): Piece {
  const flat = Math.hypot(tangent.x, tangent.z);
  const level = Math.hypot(left.x, left.z);
  return {
    x: position.x,
    y: position.y,
    z: position.z,
    alongX: tangent.x / flat,
    alongZ: tangent.z / flat,
    slope: tangent.y / flat,
    bank: left.y / level,
    halfLeft: halfLeft * level,
    halfRight: halfRight * level,
    curvature,
  };
}
