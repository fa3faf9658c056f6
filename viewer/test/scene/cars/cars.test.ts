import { Euler, InstancedMesh, Matrix4, Vector3 } from "three";
import { describe, expect, it } from "vitest";

import { Cars, wheelMatrix } from "../../../src/scene/cars/cars";
import { REST, WHEEL_RADIUS, WHEELS } from "../../../src/scene/cars/model";
import { newPose } from "../../../src/scene/pose";
import type { Pose } from "../../../src/scene/types";

function pose(changes: Partial<Pose> = {}): Pose {
  return { ...newPose(), suspension: [REST, REST, REST, REST], ...changes };
}

function turned(wheel: number, of: Pose, direction: [number, number, number]): number[] {
  const vector = new Vector3(...direction).transformDirection(wheelMatrix(wheel, of, new Matrix4()));
  return vector.toArray().map((value) => Math.round(value * 1e6) / 1e6 + 0);
}

describe("a wheel", () => {
  it("rolls forward: a quarter turn takes its top to the front", () => {
    const rolled = pose({ progress: (WHEEL_RADIUS * Math.PI) / 2 });
    for (const wheel of [0, 1, 2, 3]) expect(turned(wheel, rolled, [0, 1, 0])).toEqual([0, 0, 1]);
  });

  it("steers to the right, which is -x, in front only", () => {
    const steered = pose({ wheelAngle: 0.3 });
    expect(turned(0, steered, [0, 0, 1])[0]).toBeCloseTo(-Math.sin(0.3), 5);
    expect(turned(2, steered, [0, 0, 1])).toEqual([0, 0, 1]);
  });

  it("has its outer side outside", () => {
    expect(turned(0, pose(), [1, 0, 0])).toEqual([1, 0, 0]);
    expect(turned(1, pose(), [1, 0, 0])).toEqual([-1, 0, 0]);
  });

  it("rises with its compression, each on its own", () => {
    const bumped = pose({ suspension: [0.24, REST, REST, REST] });
    const height = (wheel: number) =>
      new Vector3().setFromMatrixPosition(wheelMatrix(wheel, bumped, new Matrix4())).y - WHEELS[wheel]!.y;
    expect(height(0)).toBeCloseTo(0.05, 6);
    expect(height(1)).toBeCloseTo(0, 6);
  });
});

describe("all cars", () => {
  const cars = [
    { id: "a", name: "A", colour: "#ff0000", ghost: false },
    { id: "b", name: "B", colour: "#00ff00", ghost: true },
  ];

  function bodies(scene: Cars): InstancedMesh[] {
    return scene.object.children.filter((child): child is InstancedMesh => child instanceof InstancedMesh);
  }

  it("are placed by their poses alone, and absent ones are nowhere", () => {
    const scene = new Cars(cars, "light");
    const moved = pose({ progress: 5 });
    moved.position.set(10, 2, -3);
    moved.quaternion.setFromEuler(new Euler(0, 0.7, 0));
    const matrices = (present: boolean[]) => {
      scene.update([moved, moved], present);
      return bodies(scene).map((mesh) => [...mesh.instanceMatrix.array]);
    };
    const first = matrices([true, true]);
    const gone = matrices([false, false]);
    expect(gone.flat().filter((value, k) => value !== 0 && k % 16 !== 15)).toEqual([]);
    expect(matrices([true, true])).toEqual(first);
    expect(first[0]!.slice(12, 15)).toEqual([10, 2, -3]);
    scene.dispose();
  });

  it("take few draw calls however many they are", () => {
    const many = Array.from({ length: 40 }, (_, k) => ({ ...cars[0]!, id: `${k}`, ghost: k >= 8 }));
    const scene = new Cars(many, "standard");
    expect(bodies(scene).length).toBeLessThanOrEqual(10);
    scene.dispose();
  });
});
