import type { CameraKind } from "../scene/types";
import { StateBit } from "../protocol/messages";
import type { Moment } from "./moment";

/** The director's shots: which camera, and for how long at least [s] (guess). */
const SHOTS: readonly { camera: CameraKind; seconds: number }[] = [
  { camera: "chase", seconds: 9 },
  { camera: "trackside", seconds: 7 },
  { camera: "overhead", seconds: 6 },
  { camera: "trackside", seconds: 7 },
  { camera: "cockpit", seconds: 5 },
];

/** What is being filmed. */
export interface Shot {
  camera: CameraKind;
  car: number;
}

/** Cuts between cameras and cars: to the closest fight, and every other time to the leader. */
export class Director {
  private number = -1;
  private until = -Infinity;
  private shot: Shot = { camera: "chase", car: 0 };

  /**
   * The shot at `now` on the page's clock [s].
   *
   * It changes when its time is over, or when its car is gone.
   */
  film(now: number, moment: Moment): Shot {
    if (now < this.until && moment.has(this.shot.car)) return this.shot;
    this.number += 1;
    const { camera, seconds } = SHOTS[this.number % SHOTS.length]!;
    this.until = now + seconds;
    this.shot = { camera, car: this.number % 2 === 0 ? leader(moment) : closestFight(moment) };
    return this.shot;
  }
}

/** The cars that drive, the furthest first. */
function order(moment: Moment): number[] {
  const over = StateBit.FINISHED | StateBit.OUT;
  const cars = moment.drive.drivers.map((_, car) => car).filter((car) => moment.has(car));
  const running = cars.filter((car) => (moment.read(car, "state") & over) === 0);
  const progress = (car: number) => moment.read(car, "progress");
  return (running.length ? running : cars).sort((a, b) => progress(b) - progress(a));
}

function leader(moment: Moment): number {
  return order(moment)[0] ?? 0;
}

/** The hunter of the two cars that are closest to each other. */
function closestFight(moment: Moment): number {
  const cars = order(moment);
  const progress = (car: number) => moment.read(car, "progress");
  let best = cars[0] ?? 0;
  let least = Infinity;
  for (let k = 1; k < cars.length; k++) {
    const distance = progress(cars[k - 1]!) - progress(cars[k]!);
    if (distance >= least) continue;
    least = distance;
    best = cars[k]!;
  }
  return best;
}
