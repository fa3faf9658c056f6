/**
 * From the scene to the canvas: directly in the light tier, through anti-aliasing and effects above it.
 *
 * Software rendering draws the standard tier directly, too: the way through a buffer of half floats with four
 * samples takes it five times as long as the scene itself.
 */

import {
  BloomEffect,
  EffectComposer,
  EffectPass,
  RenderPass,
  SMAAEffect,
  ToneMappingEffect,
  ToneMappingMode,
  VignetteEffect,
} from "postprocessing";
import {
  ACESFilmicToneMapping,
  HalfFloatType,
  type PerspectiveCamera,
  type Scene,
  Vector2,
  type WebGLRenderer,
} from "three";

import { isSoftware } from "./processor";
import type { Tier } from "./types";

/** Samples of a pixel. */
const SAMPLES = 4;

/** Whether a tier is drawn to the canvas itself, with three's own tone mapping. */
export function isDirect(renderer: WebGLRenderer, tier: Tier): boolean {
  return tier === "light" || (tier === "standard" && isSoftware(renderer));
}

/** Draws a scene in one of the tiers. */
export class Picture {
  private composer: EffectComposer | null = null;
  private readonly size = new Vector2();

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
    private readonly camera: PerspectiveCamera,
  ) {
    renderer.toneMapping = ACESFilmicToneMapping; // as the composer's
  }

  /** Draw in this tier from now on. */
  setTier(tier: Tier): void {
    this.composer?.dispose();
    this.composer = null;
    if (isDirect(this.renderer, tier)) return;
    const composer = new EffectComposer(this.renderer, {
      frameBufferType: HalfFloatType,
      multisampling: SAMPLES,
    });
    composer.addPass(new RenderPass(this.scene, this.camera));
    const toneMapping = new ToneMappingEffect({ mode: ToneMappingMode.ACES_FILMIC });
    if (tier === "standard") {
      composer.addPass(new EffectPass(this.camera, toneMapping));
    } else {
      const bloom = new BloomEffect({ mipmapBlur: true, luminanceThreshold: 1.1, intensity: 0.55 });
      const vignette = new VignetteEffect({ darkness: 0.4, offset: 0.3 });
      composer.addPass(new EffectPass(this.camera, bloom, toneMapping, vignette));
      composer.addPass(new EffectPass(this.camera, new SMAAEffect()));
    }
    this.composer = composer;
    this.resize();
  }

  /** Follow the renderer's size. */
  resize(): void {
    const { x, y } = this.renderer.getSize(this.size);
    this.composer?.setSize(x, y, false);
  }

  render(): void {
    if (this.composer) this.composer.render();
    else this.renderer.render(this.scene, this.camera);
  }

  dispose(): void {
    this.composer?.dispose();
  }
}
