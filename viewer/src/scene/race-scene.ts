/** The race in three dimensions: the world, the cars in it, and the camera that looks. */

import { PCFShadowMap, Scene, WebGLRenderer } from "three";

import type { TrackGeometry, Weather as RecordedWeather } from "../protocol/messages";
import { Cameras } from "./cameras/cameras";
import { Cars } from "./cars/cars";
import { Effects } from "./effects/effects";
import { Labels } from "./cars/labels";
import { Lidar } from "./cars/lidar";
import { conditionsOf, lookOf, PRESETS, sameConditions } from "./looks";
import { Picture } from "./picture";
import { newPose } from "./pose";
import { isSoftware, processorOf } from "./processor";
import { Ribbon } from "./road/ribbon";
import { Trails } from "./cars/trails";
import type { CameraKind, Layers, Pose, PoseSource, Tier, Weather } from "./types";
import { World } from "./world/world";

/** Pixels of the canvas per pixel of the screen, along a side, where software rendering pays for each. */
const LIGHT_SCALE = 0.75;
const SOFTWARE_SCALE = 0.85;

/**
 * Everything that is drawn. It has no clock: `update(time)` shows the race as it is at that time, forwards
 * or backwards, and the same time gives the same picture.
 */
export class RaceScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly cameras: Cameras;
  private readonly picture: Picture;
  private readonly lidar = new Lidar();
  private readonly effects = new Effects();
  private weather = PRESETS.clear;
  private layers: Layers = { trails: "agent", lidar: false, labels: true };
  private world: World | null = null;
  private ribbon: Ribbon | null = null;
  private source: PoseSource | null = null;
  private cars: Cars | null = null;
  private labels: Labels | null = null;
  private trails: Trails | null = null;
  private poses: Pose[] = [];
  private present: boolean[] = [];
  private pixelRatio = 1;

  /** @param canvas Where to draw; it must have no context yet. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private tier: Tier,
  ) {
    this.renderer = new WebGLRenderer({
      canvas,
      antialias: false,
      powerPreference: "high-performance",
    });
    this.renderer.info.autoReset = false;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.cameras = new Cameras(canvas);
    this.picture = new Picture(this.renderer, this.scene, this.cameras.camera);
    this.scene.add(this.lidar.object, this.effects.object);
    this.applyTier();
  }

  /** Name of the graphics processor, as far as the browser tells. */
  get processor(): string {
    return processorOf(this.renderer);
  }

  /** Whether the computer's own processor draws. */
  get software(): boolean {
    return isSoftware(this.renderer);
  }

  /** Build the world around a track. */
  setTrack(track: TrackGeometry): void {
    this.ribbon = new Ribbon(track);
    this.cameras.setTrack(this.ribbon);
    this.buildWorld();
    this.buildEffects();
  }

  /** Show the cars of a source. */
  setSource(source: PoseSource): void {
    this.source = source;
    this.poses = source.cars.map(newPose);
    this.present = source.cars.map(() => false);
    this.cameras.setSource(source);
    this.buildCars();
    this.buildTrails();
    this.buildEffects();
  }

  /** Look at a car in some way, from a time on; the way there is blended unless `immediate`. */
  setCamera(kind: CameraKind, car: number, time: number, immediate = false): void {
    this.cameras.set(kind, car, time, immediate);
  }

  /** Show a weather with a name, or conditions as a race records them; may be called for every frame. */
  setWeather(weather: Weather | RecordedWeather): void {
    const conditions = conditionsOf(weather);
    if (sameConditions(conditions, this.weather)) return;
    this.weather = conditions;
    this.world?.setWeather(conditions);
    this.effects.setWeather(conditions);
    this.cars?.setLamps(lookOf(conditions).lamps);
  }

  /** Change the quality; rebuilds what depends on it. */
  setTier(tier: Tier): void {
    if (tier === this.tier) return;
    this.tier = tier;
    this.applyTier();
    this.buildWorld();
    this.buildCars();
    this.buildEffects();
  }

  /** Choose what is drawn besides the cars. */
  setLayers(layers: Layers): void {
    const rebuild = layers.trails !== this.layers.trails;
    this.layers = layers;
    if (rebuild) this.buildTrails();
  }

  /** Size of the canvas [CSS pixels], and of a pixel. */
  resize(width: number, height: number, pixelRatio: number): void {
    this.pixelRatio = pixelRatio;
    this.renderer.setPixelRatio(this.scale());
    this.renderer.setSize(width, height, false);
    this.picture.resize();
    this.cameras.resize(width / Math.max(1, height));
  }

  /** Show the race as it is at a time [s]. */
  update(time: number): void {
    const { source, cameras, poses, present } = this;
    if (source) {
      for (let car = 0; car < poses.length; car++) {
        present[car] = source.sample(car, time, poses[car]!);
      }
    }
    cameras.update(time);
    this.world?.update(time, cameras.target, cameras.camera);
    const inside = cameras.kind === "cockpit";
    this.cars?.setView(cameras.car, inside);
    this.cars?.update(poses, present);
    this.trails?.update(time);
    this.effects.update(time, cameras.camera, poses, present);
    const view = present[cameras.car] ? poses[cameras.car]! : null;
    this.lidar.update(this.layers.lidar ? view : null);
    if (this.labels) {
      this.labels.object.visible = this.layers.labels;
      this.labels.update(cameras.camera, poses, present, cameras.car, inside);
    }
  }

  /** Draw what `update` has set up. */
  render(): void {
    this.renderer.info.reset();
    this.picture.render();
  }

  /**
   * Copy the picture that `render` has just drawn: RGBA, the lowest row first. The canvas's size in pixels, times 4,
   * is the length of `out`.
   */
  read(out: Uint8ClampedArray): void {
    const gl = this.renderer.getContext();
    gl.readPixels(0, 0, this.canvas.width, this.canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, out);
  }

  /** What the last picture cost, and what is kept for the next. */
  stats(): { calls: number; triangles: number; geometries: number; textures: number } {
    const { render, memory } = this.renderer.info;
    return { calls: render.calls, triangles: render.triangles, ...memory };
  }

  /** Free everything on the graphics processor. */
  dispose(): void {
    this.world?.dispose();
    this.removeCars();
    this.removeTrails();
    this.lidar.dispose();
    this.effects.dispose();
    this.picture.dispose();
    this.cameras.dispose();
    this.renderer.dispose();
  }

  /** Pixels of the canvas per CSS pixel, along a side. */
  private scale(): number {
    const { tier, pixelRatio } = this;
    if (tier === "light") return Math.min(1, pixelRatio) * LIGHT_SCALE;
    return tier === "standard" && this.software ? Math.min(1, pixelRatio) * SOFTWARE_SCALE : pixelRatio;
  }

  private applyTier(): void {
    this.renderer.shadowMap.enabled = this.tier !== "light";
    this.picture.setTier(this.tier);
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth) this.resize(clientWidth, clientHeight, this.pixelRatio);
  }

  private buildWorld(): void {
    if (!this.ribbon) return;
    this.world?.dispose();
    this.world = new World(this.renderer, this.scene, this.ribbon, this.tier);
    this.world.setWeather(this.weather);
  }

  private buildCars(): void {
    this.removeCars();
    if (!this.source) return;
    this.cars = new Cars(this.source.cars, this.tier);
    this.cars.setLamps(lookOf(this.weather).lamps);
    this.labels = new Labels(this.source.cars);
    this.scene.add(this.cars.object, this.labels.object);
  }

  private removeCars(): void {
    for (const part of [this.cars, this.labels]) {
      part?.object.removeFromParent();
      part?.dispose();
    }
    this.cars = this.labels = null;
  }

  private buildEffects(): void {
    if (this.source && this.ribbon) this.effects.setDrive(this.source, this.ribbon, this.tier);
  }

  private buildTrails(): void {
    this.removeTrails();
    if (!this.source || this.layers.trails === "off") return;
    this.trails = new Trails(this.source, this.layers.trails);
    this.scene.add(this.trails.mesh);
  }

  private removeTrails(): void {
    this.trails?.mesh.removeFromParent();
    this.trails?.dispose();
    this.trails = null;
  }
}
