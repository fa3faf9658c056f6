import {
  Box3,
  Euler,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  DoubleSide,
  Raycaster,
  Vector3,
} from "three";
import { describe, expect, it } from "vitest";

import { buildCar, WHEEL_RADIUS, WHEELS } from "../../src/scene/carmodel";
import { Cars, wheelMatrix } from "../../src/scene/cars";
import { labelOpacity } from "../../src/scene/labels";
import { newPose } from "../../src/scene/pose";
import type { Pose } from "../../src/scene/types";

const REST = 0.19;

function pose(changes: Partial<Pose> = {}): Pose {
  return { ...newPose(), suspension: [REST, REST, REST, REST], ...changes };
}

function turned(wheel: number, of: Pose, direction: [number, number, number]): number[] {
  const vector = new Vector3(...direction).transformDirection(wheelMatrix(wheel, of, new Matrix4()));
  return vector.toArray().map((value) => Math.round(value * 1e6) / 1e6 + 0);
}

describe("the car's model", () => {
  const { paint, dark, driver, glass, lights, wheel } = buildCar();

  it("is 4.1 m by 2 m by 1.1 m and stands clear of the road", () => {
    const box = new Box3();
    for (const part of [paint, dark, driver, glass, lights]) {
      box.union(new Box3().setFromBufferAttribute(part.getAttribute("position") as never));
    }
    const size = box.getSize(new Vector3());
    expect(size.x).toBeCloseTo(2, 1);
    expect(size.y + box.min.y).toBeCloseTo(1.13, 1);
    expect(size.z).toBeCloseTo(4.13, 1);
    expect(box.min.y).toBeGreaterThan(0.04);
  });

  it("is the same on both sides", () => {
    const box = new Box3().setFromBufferAttribute(paint.getAttribute("position") as never);
    expect(box.max.x).toBeCloseTo(-box.min.x, 5);
  });

  it("shows its outside: the first surface from outside faces the eye", () => {
    const mesh = new Mesh(paint, new MeshBasicMaterial({ side: DoubleSide }));
    for (const from of [new Vector3(6, 0.4, -0.1), new Vector3(-6, 0.4, -0.1), new Vector3(0, 6, 0.3)]) {
      const direction = new Vector3(0, 0.35, -0.1).sub(from).normalize();
      const hit = new Raycaster(from, direction).intersectObject(mesh)[0]!;
      expect(hit.face!.normal.dot(direction)).toBeLessThan(0);
      expect(hit.normal!.dot(hit.face!.normal)).toBeGreaterThan(0.8);
    }
  });

  it("has round wheels", () => {
    const position = wheel.getAttribute("position");
    const radii = Array.from({ length: position.count }, (_, k) =>
      Math.hypot(position.getY(k), position.getZ(k)),
    );
    expect(Math.max(...radii)).toBeCloseTo(WHEEL_RADIUS, 5);
  });

  it("is cheap enough for a field of eight", () => {
    const triangles = (part: typeof paint) => part.getAttribute("position").count / 3;
    const body = [paint, dark, driver, glass, lights].reduce((sum, part) => sum + triangles(part), 0);
    expect(body + 4 * triangles(wheel)).toBeLessThan(8000);
  });
});

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
    const matrices = (time: number, present: boolean[]) => {
      scene.update(time, [moved, moved], present);
      return bodies(scene).map((mesh) => [...mesh.instanceMatrix.array]);
    };
    const first = matrices(1, [true, true]);
    const gone = matrices(2, [false, false]);
    expect(gone.flat().filter((value, k) => value !== 0 && k % 16 !== 15)).toEqual([]);
    expect(matrices(3, [true, true])).toEqual(first);
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

describe("a label", () => {
  it("fades near and far", () => {
    expect(labelOpacity(3, false)).toBe(0);
    expect(labelOpacity(40, false)).toBe(1);
    expect(labelOpacity(400, false)).toBe(0);
    expect(labelOpacity(285, false)).toBeCloseTo(0.5, 5);
  });

  it("is fainter and shorter ranged for ghosts", () => {
    expect(labelOpacity(40, true)).toBeLessThan(labelOpacity(40, false));
    expect(labelOpacity(200, true)).toBe(0);
  });
});
