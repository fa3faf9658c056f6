/** The last time steps of a drive, of which each is to be written down once. */

import { newPose } from "../pose";
import type { Pose, PoseSource } from "../types";

/** Two poses one step apart and further away from each other than this [m]: the car was put back (guess). */
const JUMP = 20;

/** Keeps what it is told of the steps in numbered slots. */
export interface StepWriter {
  /** A car drove from one pose to another in the step that ends at `number` steps. */
  write(slot: number, car: number, number: number, from: Pose, to: Pose): void;
  /** The car was not there, or was put back. */
  clear(slot: number, car: number): void;
}

/**
 * Slots for the steps of all cars, used in turn: which slot holds which step depends on the time alone,
 * so that what is written is the same whichever way the time came there.
 */
export class Steps {
  /** Slots written by the last `fill`: first, and one past the last. */
  readonly changed: [number, number] = [0, 0];
  /** Number of the step that each slot holds. */
  private readonly numbers: Float64Array;
  private before: Pose[];
  private now: Pose[];
  private beforeThere: boolean[];
  private nowThere: boolean[];

  /**
   * @param step Length of a step [s].
   * @param cars Indices of the source's cars to follow.
   */
  constructor(
    private readonly source: PoseSource,
    private readonly cars: readonly number[],
    readonly step: number,
    readonly slots: number,
  ) {
    this.numbers = new Float64Array(slots).fill(NaN);
    this.before = cars.map(newPose);
    this.now = cars.map(newPose);
    this.beforeThere = cars.map(() => false);
    this.nowThere = cars.map(() => false);
  }

  /** Forget all steps: the next `fill` writes every slot. */
  clear(): void {
    this.numbers.fill(NaN);
  }

  /** Write the steps up to a time [s] that no slot holds yet. */
  fill(time: number, writer: StepWriter): void {
    const last = Math.floor(time / this.step);
    const { changed, numbers } = this;
    changed[0] = this.slots;
    changed[1] = 0;
    let sampled = NaN;
    for (let number = last - this.slots + 1; number <= last; number++) {
      const slot = this.slot(number);
      if (numbers[slot] === number) continue;
      numbers[slot] = number;
      if (sampled !== number - 1) this.advance(number - 1);
      this.advance(number);
      sampled = number;
      changed[0] = Math.min(changed[0], slot);
      changed[1] = Math.max(changed[1], slot + 1);
      for (let car = 0; car < this.cars.length; car++) this.tell(slot, car, number, writer);
    }
  }

  private tell(slot: number, car: number, number: number, writer: StepWriter): void {
    const from = this.before[car]!;
    const to = this.now[car]!;
    const driven = this.beforeThere[car]! && this.nowThere[car]!;
    if (driven && !jumped(from, to)) writer.write(slot, car, number, from, to);
    else writer.clear(slot, car);
  }

  /** Make what is now the past, and sample all cars at the end of a step. */
  private advance(number: number): void {
    [this.before, this.now] = [this.now, this.before];
    [this.beforeThere, this.nowThere] = [this.nowThere, this.beforeThere];
    for (let car = 0; car < this.cars.length; car++) {
      this.nowThere[car] = this.source.sample(this.cars[car]!, number * this.step, this.now[car]!);
    }
  }

  private slot(number: number): number {
    return ((number % this.slots) + this.slots) % this.slots;
  }
}

/** Whether a car was put somewhere else between two poses of one step. */
export function jumped(from: Pose, to: Pose): boolean {
  return from.position.distanceTo(to.position) > JUMP;
}
