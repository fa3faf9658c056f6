import { Box3, DoubleSide, Mesh, MeshBasicMaterial, Raycaster, Vector3 } from "three";
import { describe, expect, it } from "vitest";

import { buildCar, WHEEL_RADIUS } from "../../../src/scene/cars/model";

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
