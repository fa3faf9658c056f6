import { DoubleSide, Matrix4, Mesh, MeshBasicMaterial, Quaternion, Raycaster, Vector3 } from "three";
import { describe, expect, test, vi } from "vitest";

import { borderBreaks, borderGeometry } from "../../../src/scene/road/border";
import { Cameras } from "../../../src/scene/cameras/cameras";
import { buildLamps, buildWarnings } from "../../../src/scene/world/furniture";
import { buildGates } from "../../../src/scene/world/gates";
import { Props } from "../../../src/scene/world/props";
import { newRibbonPoint, Ribbon } from "../../../src/scene/road/ribbon";
import { Stations } from "../../../src/scene/road/stations";
import type { CameraKind, Pose, PoseSource } from "../../../src/scene/types";
import { bundledTracks, figureOfEight } from "../tracks";

/** Cameras that need nobody's hand. */
const CAMERAS: CameraKind[] = ["chase", "cockpit", "overhead", "trackside"];
const OUTSIDE = CAMERAS.filter((kind) => kind !== "cockpit");
const FRAME = 1 / 60;
const circuit = new Ribbon(figureOfEight());
const material = new MeshBasicMaterial({ side: DoubleSide });
const roof = new Vector3(0, 0.6, 0);

/** Cars that follow a track at a constant speed [m/s], one behind the other, weaving between the borders. */
class Drive implements PoseSource {
  readonly cars = ["one", "two"].map((id) => ({ id, name: id, colour: "#ffffff", ghost: false }));
  readonly start = 0;
  readonly end = 60;
  private readonly point = newRibbonPoint();
  private readonly axes = new Matrix4();
  private readonly ahead = new Vector3();

  constructor(
    private readonly ribbon: Ribbon,
    private readonly speed: number,
  ) {}

  sample(car: number, time: number, out: Pose): boolean {
    if (time < this.start || time > this.end) return false;
    out.progress = this.speed * time - 12 * car;
    this.place(out.progress + 0.5, this.ahead);
    const { up } = this.place(out.progress, out.position);
    const forward = this.ahead.sub(out.position).normalize();
    const left = new Vector3().crossVectors(up, forward).normalize();
    out.quaternion.setFromRotationMatrix(
      this.axes.makeBasis(left, new Vector3().crossVectors(forward, left), forward),
    );
    out.velocity.copy(forward).multiplyScalar(this.speed);
    return true;
  }

  private place(progress: number, out: Vector3) {
    const point = this.ribbon.at(progress + this.ribbon.track.start, this.point);
    out.copy(point.position).addScaledVector(point.left, 7 * Math.sin(progress / 60));
    return point;
  }
}

/** Cameras on a drive. */
function filmed(speed: number, ribbon = circuit): { cameras: Cameras; drive: Drive } {
  const cameras = new Cameras();
  const drive = new Drive(ribbon, speed);
  cameras.resize(16 / 9);
  cameras.setTrack(ribbon);
  cameras.setSource(drive);
  return { cameras, drive };
}

/** What the camera does at a time, as plain numbers. */
function shot({ camera, target }: Cameras): number[] {
  return [...camera.position.toArray(), ...target.toArray(), ...camera.quaternion.toArray(), camera.fov];
}

function poseAt(drive: Drive, car: number, time: number): Pose {
  const pose = { position: new Vector3(), quaternion: new Quaternion(), velocity: new Vector3() } as Pose;
  drive.sample(car, time, pose);
  return pose;
}

describe.each([20, 70, 120])("at %i m/s", (speed) => {
  test.each(["chase", "overhead", "trackside"] as const)("%s keeps the car in the picture", (kind) => {
    const { cameras, drive } = filmed(speed);
    cameras.set(kind, 0, 0, true);
    for (let time = 0.5; time < 20; time += 0.05) {
      cameras.update(time);
      const seen = poseAt(drive, 0, time).position.project(cameras.camera);
      expect(Math.max(Math.abs(seen.x), Math.abs(seen.y)), `at ${time} s`).toBeLessThan(0.75);
      expect(seen.z).toBeLessThan(1);
    }
  });

  test("chase stays over the road and between the borders", () => {
    const { cameras, drive } = filmed(speed);
    const point = newRibbonPoint();
    cameras.set("chase", 0, 0, true);
    for (let time = 0.5; time < 20; time += 0.05) {
      cameras.update(time);
      const { camera } = cameras;
      const arc = nearest(circuit, camera.position, poseAt(drive, 0, time).progress);
      const offset = camera.position.clone().sub(circuit.at(arc, point).position);
      const across = offset.dot(point.left);
      expect(offset.dot(point.up), `height at ${time} s`).toBeGreaterThan(0.9);
      expect(across).toBeLessThan(point.halfLeft);
      expect(across).toBeGreaterThan(-point.halfRight);
    }
  });

  test.each(["chase", "cockpit", "overhead"] as const)("%s moves without jerks", (kind) => {
    const { cameras } = filmed(speed);
    cameras.set(kind, 0, 0, true);
    expectSmooth(cameras, 1, 15, speed);
  });

  test.each(CAMERAS.flatMap((from) => CAMERAS.map((to) => [from, to] as const)))(
    "from %s to %s without a jump, also when interrupted",
    (from, to) => {
      const { cameras } = filmed(speed);
      cameras.set(from, 0, 3, true);
      cameras.update(3);
      cameras.set(to, 1, 3);
      // The way between two cameras is at most some 100 m.
      const haste = from === "trackside" || to === "trackside" ? 130 : 70;
      expectSmooth(cameras, 3, 3.5, speed + haste, cameras);
      cameras.set(from, 1, 3.5);
      expectSmooth(cameras, 3.5, 4, speed + haste, cameras);
    },
  );
});

test.each(OUTSIDE.flatMap((from) => OUTSIDE.map((to) => [from, to] as const)))(
  "on the way from %s to %s the car is in the picture",
  (from, to) => {
    for (const begin of [2, 6.2, 11.7]) {
      const { cameras, drive } = filmed(50);
      cameras.set(from, 0, begin, true);
      cameras.update(begin);
      cameras.set(to, 0, begin);
      for (let time = begin; time < begin + 1.3; time += FRAME) {
        cameras.update(time);
        const seen = poseAt(drive, 0, time).position.project(cameras.camera);
        expect(Math.max(Math.abs(seen.x), Math.abs(seen.y)), `at ${time} s`).toBeLessThan(0.9);
      }
    }
  },
);

test("in a pause, and backwards, the camera still goes over", () => {
  const { cameras } = filmed(60);
  const aim = filmed(60).cameras;
  for (const step of [0, -FRAME]) {
    let time = 10;
    cameras.set("chase", 0, time, true);
    cameras.update(time);
    cameras.set("overhead", 0, time);
    for (let k = 0; k < 80; k++) cameras.update((time += step));
    aim.set("overhead", 0, time, true);
    aim.update(time);
    expect(shot(cameras)).toEqual(shot(aim));
  }
});

test("a knock does not shake the chase camera", () => {
  const { cameras, drive } = filmed(60);
  const knocked: PoseSource = {
    cars: drive.cars,
    sample(car, time, out) {
      const there = drive.sample(car, time, out);
      if (time > 5) out.velocity.multiplyScalar(0.3);
      return there;
    },
  };
  cameras.setSource(knocked);
  cameras.set("chase", 0, 4.9, true);
  expectSmooth(cameras, 4.9, 5.8, 60);
  const { fov } = cameras.camera;
  cameras.update(4.9);
  expect(cameras.camera.fov - fov).toBeGreaterThan(2);
});

/** Cameras on a drive whose cars are as far from their places. */
function filmedOff(offset: Vector3): { cameras: Cameras; drive: Drive } {
  const { cameras, drive } = filmed(60);
  cameras.setSource({
    cars: drive.cars,
    sample(car, time, out) {
      const there = drive.sample(car, time, out);
      out.position.add(offset);
      return there;
    },
  });
  return { cameras, drive };
}

test("a car beside or a little below the road keeps its camera", () => {
  for (const offset of [new Vector3(0, -6, 0), new Vector3(30, 0, 30)]) {
    const { cameras, drive } = filmedOff(offset);
    cameras.set("chase", 0, 5, true);
    cameras.update(5);
    const away = cameras.camera.position.distanceTo(poseAt(drive, 0, 5).position.add(offset));
    expect(away).toBeLessThan(12);
  }
});

test.each(["chase", "overhead", "trackside"] as const)(
  "%s stays over the road from which a car has fallen",
  (kind) => {
    const { cameras, drive } = filmedOff(new Vector3(20, -300, 0));
    cameras.set(kind, 0, 5, true);
    cameras.update(5);
    const place = circuit.at(poseAt(drive, 0, 5).progress + circuit.track.start, newRibbonPoint());
    const offset = cameras.camera.position.clone().sub(place.position);
    expect(offset.dot(place.up)).toBeGreaterThan(1);
    expect(offset.length()).toBeLessThan(80);
    expect(cameras.target.distanceTo(place.position)).toBeLessThan(10);
  },
);

test("the free camera starts where the last one was, and goes with the car", () => {
  vi.stubGlobal("DOMRect", Object); // a browser has it
  const { cameras, drive } = filmed(60);
  cameras.set("chase", 0, 5, true);
  cameras.update(5);
  const before = cameras.camera.position.clone();
  cameras.set("orbit", 0, 5);
  cameras.update(5 + FRAME);
  expect(cameras.camera.position.distanceTo(before)).toBeLessThan(2);
  const offset = new Vector3();
  for (const time of [8, 12, 6]) {
    cameras.update(time);
    for (let k = 0; k < 80; k++) cameras.update(time);
    const car = poseAt(drive, 0, time).position;
    expect(cameras.target.distanceTo(car)).toBeLessThan(1);
    const seen = cameras.camera.position.clone().sub(car);
    if (time === 8) offset.copy(seen);
    expect(seen.distanceTo(offset)).toBeLessThan(1e-6);
  }
  cameras.set("chase", 0, 6);
  expectSmooth(cameras, 6 + FRAME, 8, 120);
  cameras.dispose();
});

test("the same time gives the same shot after seeking", () => {
  const { cameras } = filmed(60);
  for (const kind of CAMERAS) {
    cameras.set(kind, 0, 0, true);
    cameras.update(7.3);
    const before = shot(cameras);
    for (const time of [12, 3, 20.5, 7.2]) cameras.update(time);
    cameras.update(7.3);
    expect(shot(cameras)).toEqual(before);
  }
});

test("trackside zooms within its limits and cuts from post to post", () => {
  const { cameras } = filmed(60);
  cameras.set("trackside", 0, 0, true);
  const posts = new Set<string>();
  for (let time = 0; time < 15; time += 0.1) {
    cameras.update(time);
    expect(cameras.camera.fov).toBeGreaterThanOrEqual(12);
    expect(cameras.camera.fov).toBeLessThanOrEqual(46);
    posts.add(cameras.camera.position.toArray().join());
  }
  expect(posts.size).toBeGreaterThan(6);
  expect(posts.size).toBeLessThan(11);
});

test.each([circuit, ...bundledTracks().map((track) => new Ribbon(track))])(
  "nothing stands between a trackside camera and its car (%#)",
  (ribbon) => {
    const { cameras, drive } = filmed(40, ribbon);
    const props = new Props();
    buildGates(props, ribbon);
    buildLamps(props, ribbon);
    buildWarnings(props, ribbon);
    const built = new Mesh(props.geometry(), material);
    const border = new Mesh(borderGeometry(new Stations(ribbon, borderBreaks(ribbon))), material);
    const end = (ribbon.total - ribbon.track.start - 30) / 40;
    for (let time = 0.5; time < end; time += 0.35) {
      cameras.set("trackside", 0, time, true);
      cameras.update(time);
      const { position } = cameras.camera;
      for (const around of [-0.2, 0, 0.2]) {
        const sight = poseAt(drive, 0, time + around)
          .position.add(roof)
          .sub(position);
        const ray = new Raycaster(position, sight.clone().normalize(), 0, sight.length());
        expect(ray.intersectObject(built).length, `lamps and boards at ${time} s`).toBe(0);
        ray.far = Math.min(15, ray.far); // further away, a bank may hide what is behind it
        expect(ray.intersectObject(border).length, `border at ${time} s`).toBe(0);
      }
    }
  },
);

test("where the car is gone the last shot stays", () => {
  const { cameras } = filmed(60);
  cameras.set("chase", 0, 59, true);
  cameras.update(59.9);
  const last = shot(cameras);
  cameras.update(61);
  expect(shot(cameras)).toEqual(last);
});

test.each(bundledTracks().map((track) => [track.id, new Ribbon(track)] as const))(
  "chase follows %s without jerks and with the car in the picture",
  (_, ribbon) => {
    const speed = 50;
    const { cameras, drive } = filmed(speed, ribbon);
    cameras.set("chase", 0, 0, true);
    const end = Math.min(30, (ribbon.total - ribbon.track.start - 30) / speed);
    for (let time = 0.5; time < end; time += 0.05) {
      cameras.update(time);
      const seen = poseAt(drive, 0, time).position.project(cameras.camera);
      expect(Math.max(Math.abs(seen.x), Math.abs(seen.y)), `at ${time} s`).toBeLessThan(0.75);
    }
    expectSmooth(cameras, 0.5, end, speed);
  },
);

/** Arc length of the road's place nearest to a position, near a race distance [m]. */
function nearest(ribbon: Ribbon, position: Vector3, progress: number): number {
  const point = newRibbonPoint();
  let best = 0;
  let least = Infinity;
  for (let behind = 0; behind < 20; behind += 0.25) {
    const arc = ribbon.track.start + progress - behind;
    const distance = ribbon.at(arc, point).position.distanceTo(position);
    if (distance < least) [least, best] = [distance, arc];
  }
  return best;
}

/** Positions and targets move at most at one and a half times `speed` [m/s], the look turns at most 9 rad/s, the view opens by at most 100 degrees/s. */
function expectSmooth(cameras: Cameras, from: number, to: number, speed: number, begun?: Cameras): void {
  if (!begun) cameras.update(from);
  const { camera, target } = cameras;
  for (let time = from + FRAME; time <= to; time += FRAME) {
    const position = camera.position.clone();
    const looked = target.clone();
    const attitude = camera.quaternion.clone();
    const { fov } = camera;
    cameras.update(time);
    const furthest = 1.5 * speed * FRAME;
    expect(camera.position.distanceTo(position), `position at ${time} s`).toBeLessThan(furthest);
    expect(target.distanceTo(looked), `target at ${time} s`).toBeLessThan(furthest);
    expect(camera.quaternion.angleTo(attitude), `attitude at ${time} s`).toBeLessThan(9 * FRAME);
    expect(Math.abs(camera.fov - fov), `view at ${time} s`).toBeLessThan(100 * FRAME);
  }
}
