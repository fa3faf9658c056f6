/** Name tags above the cars. */

import {
  CanvasTexture,
  Group,
  MathUtils,
  type PerspectiveCamera,
  Sprite,
  SpriteMaterial,
  SRGBColorSpace,
} from "three";

import type { CarInfo, Pose } from "../types";

/** How high a tag hangs over its car's origin [m]. */
const LIFT = 1.75;
/** Height of a tag relative to the picture's. */
const SIZE = 0.042;
/** Height of a tag's texture, and of the letters in it [pixels]. */
const HEIGHT = 64;
const LETTERS = 34;
const FONT = `600 ${LETTERS}px "Barlow", system-ui, sans-serif`;
/** A tag fades in over the second and out over the last of these distances from the camera [m]. */
const RACER_RANGE = [4, 7, 250, 320] as const;
const GHOST_RANGE = [4, 7, 60, 90] as const;
const GHOST_OPACITY = 0.6;

/** How visible a tag is at a distance [m], 0 to 1. */
export function labelOpacity(distance: number, ghost: boolean): number {
  const [near, full, fading, far] = ghost ? GHOST_RANGE : RACER_RANGE;
  const opacity =
    MathUtils.smoothstep(distance, near, full) * (1 - MathUtils.smoothstep(distance, fading, far));
  return ghost ? opacity * GHOST_OPACITY : opacity;
}

/** A tag for each car, of the same size on the screen wherever the car is. */
export class Labels {
  readonly object = new Group();
  private readonly tags: { sprite: Sprite; ghost: boolean; aspect: number }[];

  constructor(cars: readonly CarInfo[]) {
    this.tags = cars.map((car) => {
      const picture = tag(car);
      const map = new CanvasTexture(picture);
      map.colorSpace = SRGBColorSpace;
      const material = new SpriteMaterial({
        map,
        sizeAttenuation: false,
        depthWrite: false,
        fog: false,
        toneMapped: false,
      });
      const sprite = new Sprite(material);
      sprite.center.set(0.5, 0);
      sprite.renderOrder = 10;
      this.object.add(sprite);
      return { sprite, ghost: car.ghost, aspect: picture.width / picture.height };
    });
  }

  /** Follow the cars; with `hide`, the car `view` has no tag. */
  update(
    camera: PerspectiveCamera,
    poses: readonly Pose[],
    present: readonly boolean[],
    view: number,
    hide: boolean,
  ): void {
    const height = SIZE * 2 * Math.tan(MathUtils.degToRad(camera.fov) / 2);
    this.tags.forEach(({ sprite, ghost, aspect }, car) => {
      const pose = poses[car];
      sprite.visible = Boolean(pose && present[car]) && !(hide && car === view);
      if (!pose || !sprite.visible) return;
      sprite.position.copy(pose.position).y += LIFT;
      sprite.material.opacity = labelOpacity(sprite.position.distanceTo(camera.position), ghost);
      sprite.visible = sprite.material.opacity > 0.01;
      sprite.scale.set(height * aspect, height, 1);
    });
  }

  dispose(): void {
    for (const { sprite } of this.tags) {
      sprite.material.map!.dispose();
      sprite.material.dispose();
    }
  }
}

/** A car's name in white on a dark tag with a bar and a point in the car's colour. */
function tag({ name, colour }: CarInfo): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d")!;
  context.font = FONT;
  const body = HEIGHT - 12;
  canvas.width = Math.ceil(context.measureText(name).width) + 58;
  canvas.height = HEIGHT;
  context.font = FONT; // setting the size has reset it
  context.fillStyle = "rgba(12, 15, 20, 0.78)";
  context.beginPath();
  context.roundRect(0, 0, canvas.width, body, 9);
  context.fill();
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(11, 11, 12, body - 22, 4);
  const middle = canvas.width / 2;
  context.moveTo(middle - 10, body);
  context.lineTo(middle + 10, body);
  context.lineTo(middle, HEIGHT);
  context.fill();
  context.fillStyle = "#ffffff";
  context.textBaseline = "middle";
  context.fillText(name, 34, body / 2 + 2);
  return canvas;
}
