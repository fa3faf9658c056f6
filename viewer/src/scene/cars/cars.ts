/** All cars of a race, drawn together: one instanced mesh for each part of the car. */

import {
  type BufferGeometry,
  Color,
  Euler,
  Group,
  InstancedMesh,
  type Material,
  Matrix4,
  SpotLight,
  Vector3,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";

import { StateBit } from "../../protocol/messages";
import { buildCar, buildContact, REST, WHEEL_RADIUS, WHEELS } from "./model";
import { carMaterials } from "./paint";
import { lerp, smoothstep } from "../noise";
import type { CarInfo, Pose, Tier } from "../types";

/** Beam of the car in view at night: strength [cd], reach [m], half its angle [rad]. */
const BEAM = { strength: 2200, reach: 180, angle: 0.4 };

/** Part of the light that a car's paint reflects, relative to its colour on a screen: keeps it deep in the sun. */
const ALBEDO = 0.75;

const NOWHERE = new Matrix4().makeScale(0, 0, 0);
const ONE = new Vector3(1, 1, 1);
const TURNED = new Matrix4().makeRotationY(Math.PI);
const turn = new Euler();

/** Where a wheel is relative to its car's body: it rises when compressed, steers and rolls. */
export function wheelMatrix(wheel: number, pose: Pose, out: Matrix4): Matrix4 {
  const steer = wheel < 2 ? -pose.wheelAngle : 0;
  const spin = (pose.progress / WHEEL_RADIUS) % (2 * Math.PI);
  out.makeRotationFromEuler(turn.set(spin, steer, 0, "YXZ"));
  if (wheel % 2 === 1) out.multiply(TURNED);
  const { x, y, z } = WHEELS[wheel]!;
  return out.setPosition(x, y + pose.suspension[wheel]! - REST, z);
}

/** Cars of one kind: meshes that move with the body, and the wheels. */
class Fleet {
  readonly bodies: InstancedMesh[] = [];
  readonly wheels: InstancedMesh;

  /** @param members Numbers of its cars. */
  constructor(
    readonly members: readonly number[],
    private readonly colours: readonly Color[],
    wheel: BufferGeometry,
    wheelMaterial: Material,
  ) {
    this.wheels = this.mesh(wheel, wheelMaterial, 4);
  }

  /** Add a part of the body. */
  add(geometry: BufferGeometry, material: Material): InstancedMesh {
    const mesh = this.mesh(geometry, material, 1);
    this.bodies.push(mesh);
    return mesh;
  }

  /** Put the member of this number (among the members) somewhere, or nowhere. */
  place(member: number, body: Matrix4, pose: Pose | null): void {
    for (const mesh of this.bodies) mesh.setMatrixAt(member, pose ? body : NOWHERE);
    for (let wheel = 0; wheel < 4; wheel++) {
      const matrix = pose ? wheelMatrix(wheel, pose, scratch).premultiply(body) : NOWHERE;
      this.wheels.setMatrixAt(member * 4 + wheel, matrix);
    }
  }

  /** To be called when all have been placed. */
  placed(): void {
    for (const mesh of [...this.bodies, this.wheels]) mesh.instanceMatrix.needsUpdate = true;
  }

  private mesh(geometry: BufferGeometry, material: Material, each: number): InstancedMesh {
    const mesh = new InstancedMesh(geometry, material, this.members.length * each);
    this.members.forEach((car, member) => {
      for (let k = 0; k < each; k++) mesh.setColorAt(member * each + k, this.colours[car]!);
    });
    mesh.frustumCulled = false;
    mesh.visible = this.members.length > 0;
    return mesh;
  }
}

/** The paint that looks like a colour in daylight: darker and purer. */
function paintColour(colour: string): Color {
  const { h, s, l } = new Color(colour).getHSL({ h: 0, s: 0, l: 0 });
  return new Color().setHSL(h, Math.min(1, s * 1.15), l).multiplyScalar(ALBEDO);
}

const scratch = new Matrix4();

/** Cars and ghosts. It has no clock: what is shown depends on what it is given alone. */
export class Cars {
  readonly object = new Group();
  private readonly racers: Fleet;
  private readonly ghosts: Fleet;
  /** What is in the way of the driver's eyes. */
  private readonly screen: InstancedMesh[];
  private readonly lights: InstancedMesh;
  private readonly contact: InstancedMesh;
  private readonly beam = new SpotLight("#eef4ff", BEAM.strength, BEAM.reach, BEAM.angle, 0.95, 1.6);
  private readonly geometries: BufferGeometry[];
  private readonly materials: Material[];
  private view = -1;
  private inside = false;
  private lamps = 0;
  private readonly body = new Matrix4();
  private readonly matrix = new Matrix4();
  private readonly levels = new Color();
  private readonly spread = new Vector3();

  constructor(cars: readonly CarInfo[], tier: Tier) {
    const model = buildCar();
    const materials = carMaterials(tier);
    const colours = cars.map((car) => paintColour(car.colour));
    const numbers = (ghost: boolean) => cars.flatMap((car, index) => (car.ghost === ghost ? [index] : []));

    this.racers = new Fleet(numbers(false), colours, model.wheel, materials.wheel);
    for (const part of ["paint", "dark"] as const) this.racers.add(model[part], materials[part]);
    const driver = this.racers.add(model.driver, materials.dark);
    if (tier !== "light") for (const mesh of this.solid()) mesh.castShadow = mesh.receiveShadow = true;
    this.screen = [driver, this.racers.add(model.glass, materials.glass)];
    this.lights = this.racers.add(model.lights, materials.lights);
    const blob = buildContact();
    this.contact = this.racers.add(blob, materials.contact);
    this.contact.renderOrder = 1;

    const hull = mergeGeometries([model.paint, model.dark, model.driver]);
    this.ghosts = new Fleet(numbers(true), colours, model.wheel, materials.ghost);
    this.ghosts.add(hull, materials.ghost);
    for (const mesh of this.ghosts.bodies) mesh.renderOrder = 3;

    this.geometries = [...Object.values(model), blob, hull];
    this.materials = Object.values(materials);
    for (const fleet of [this.racers, this.ghosts]) this.object.add(...fleet.bodies, fleet.wheels);
    this.beam.visible = false;
    this.object.add(this.beam, this.beam.target);
  }

  /** The car in view: its lamps light the road at night; inside, what is before the eyes is not drawn. */
  setView(car: number, cockpit: boolean): void {
    this.view = car;
    this.inside = cockpit;
  }

  /** Head lamps, 0 off to 1 on; the upper half of the way they light the road. */
  setLamps(lamps: number): void {
    this.lamps = lamps;
    this.beam.visible = lamps > 0.5;
  }

  /** Show the cars as they are; `present` says which of them are there. */
  update(poses: readonly Pose[], present: readonly boolean[]): void {
    for (const fleet of [this.racers, this.ghosts]) {
      fleet.members.forEach((car, member) => {
        const pose = present[car] ? poses[car]! : null;
        if (pose) this.body.compose(pose.position, pose.quaternion, ONE);
        fleet.place(member, this.body, pose);
        if (pose && fleet === this.racers) this.finish(car, member, pose);
      });
      fleet.placed();
    }
    if (this.lights.instanceColor) this.lights.instanceColor.needsUpdate = true; // ghosts have no lights
    this.aim(poses[this.view], present[this.view] ?? false);
  }

  dispose(): void {
    for (const fleet of [this.racers, this.ghosts]) {
      for (const mesh of [...fleet.bodies, fleet.wheels]) mesh.dispose();
    }
    for (const part of [...this.geometries, ...this.materials]) part.dispose();
    this.beam.dispose();
  }

  private solid(): InstancedMesh[] {
    return [...this.racers.bodies, this.racers.wheels];
  }

  /** What else there is to a car that is not a ghost: lamps, contact shadow, wind screen. */
  private finish(car: number, member: number, pose: Pose): void {
    const turbo = pose.state & StateBit.TURBO ? 1 : 0;
    this.lights.setColorAt(member, this.levels.setRGB(pose.brake, lerp(0.25, 1, this.lamps), turbo));
    if (this.inside && car === this.view) this.screen.forEach((mesh) => mesh.setMatrixAt(member, NOWHERE));
    const [frontLeft, frontRight, rearLeft, rearRight] = pose.suspension;
    const compression = (frontLeft + frontRight + rearLeft + rearRight) / 4;
    const contact = Math.min(1, Math.max(0, compression / (REST / 2)));
    this.matrix.copy(this.body).scale(this.spread.set(contact, 1, contact));
    this.contact.setMatrixAt(member, this.matrix);
  }

  private aim(pose: Pose | undefined, there: boolean): void {
    this.beam.intensity = pose && there ? BEAM.strength * smoothstep(0.5, 1, this.lamps) : 0;
    if (!pose) return;
    this.beam.position.set(0, 1.3, 1.2).applyQuaternion(pose.quaternion).add(pose.position);
    this.beam.target.position.set(0, -0.4, 40).applyQuaternion(pose.quaternion).add(pose.position);
  }
}
