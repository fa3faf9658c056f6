/** The static world of a race: road, ground, scenery, sky and light. */

import {
  Box3,
  type Camera,
  DirectionalLight,
  FogExp2,
  Group,
  HemisphereLight,
  InstancedMesh,
  type Material,
  Mesh,
  type Scene,
  type Texture,
  Vector3,
  type WebGLRenderer,
} from "three";

import { barrierTexture, signTexture } from "./signs";
import { borderBreaks, borderMesh } from "../road/border";
import { flagMesh } from "./flags";
import { buildLamps, buildPiers, buildStands, buildWarnings } from "./furniture";
import { buildGates } from "./gates";
import { Ground } from "./ground";
import { type Look, lookOf, roundConditions, sameConditions } from "../looks";
import { isDirect } from "../picture";
import { isSoftware } from "../processor";
import { Props } from "./props";
import type { Ribbon } from "../road/ribbon";
import { roadMesh, roadStretches } from "../road/road";
import { treeGroup } from "./trees";
import { newSharedUniforms } from "../shading";
import { Sky, sunDirection } from "./sky";
import { Stations } from "../road/stations";
import { terrainGroup } from "./terrain";
import { noiseTexture } from "./textures";
import { toneMapped } from "../tone";
import type { Conditions, Tier } from "../types";

/** Half of the widths that the shadow map may cover, and distance of the light's camera [m]. */
const SHADOW_REACHES = [70, 140, 280] as const;
const SHADOW_DISTANCE = 400;

interface Quality {
  /** Sides of the shadow map, 0 for none, and of the sky's cube map [pixels]. */
  shadowMap: number;
  skySize: number;
  anisotropy: number;
}

const QUALITIES: Readonly<Record<Tier, Quality>> = {
  light: { shadowMap: 0, skySize: 512, anisotropy: 1 },
  standard: { shadowMap: 2048, skySize: 1024, anisotropy: 8 },
  show: { shadowMap: 4096, skySize: 1024, anisotropy: 16 },
};

/** Everything that stands still, and the light on it. */
export class World {
  private readonly object = new Group();
  private readonly sun = new DirectionalLight();
  private readonly shared = newSharedUniforms();
  private readonly hemisphere = new HemisphereLight();
  private readonly fog = new FogExp2(0xffffff);
  private readonly sky: Sky;
  private readonly textures: Texture[];
  private readonly toSun = new Vector3();
  private readonly shadowAxes = [new Vector3(), new Vector3()] as const;
  private readonly direct: boolean;
  /** The conditions that the sky was painted for. */
  private painted: Conditions | null = null;

  /** Build the world around a road, and give a scene its light, background and air. */
  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
    ribbon: Ribbon,
    private readonly tier: Tier,
  ) {
    const quality = QUALITIES[tier];
    // llvmpipe's anisotropic filter alone takes seconds a picture.
    const anisotropy = isSoftware(renderer) ? 1 : quality.anisotropy;
    this.direct = isDirect(renderer, tier);
    this.sky = new Sky(renderer, quality.skySize);
    const noise = noiseTexture(anisotropy);
    const barrier = barrierTexture(anisotropy);
    const signs = signTexture(anisotropy);
    this.textures = [noise, barrier, signs];

    const ground = new Ground(ribbon);
    const stretches = roadStretches(ribbon).map(({ begin }) => begin);
    const stations = new Stations(ribbon, [...stretches, ...borderBreaks(ribbon)]);
    const road = roadMesh(stations, this.shared, noise, tier);
    const border = borderMesh(stations, this.shared, noise, barrier, tier);
    const bounds = new Box3().setFromObject(border);
    const centre = bounds.getCenter(new Vector3());
    const size = bounds.getSize(new Vector3());
    const reach = Math.max(size.x, size.z) / 2;
    const terrain = terrainGroup(ground, centre.x, centre.z, this.shared, noise, tier);
    const props = new Props();
    buildGates(props, ribbon);
    buildLamps(props, ribbon);
    buildWarnings(props, ribbon);
    buildPiers(props, ribbon, ground);
    buildStands(props, ribbon, ground);
    const flags = flagMesh(props, ribbon, this.shared);
    const trees = treeGroup(ground, centre.x, centre.z, reach, this.shared, tier);
    this.object.add(
      flags,
      trees,
      terrain,
      border,
      road,
      props.mesh(this.shared, signs, tier),
      this.sun,
      this.sun.target,
      this.hemisphere,
    );
    this.prepareSun(quality);
    scene.add(this.object);
    scene.fog = this.fog;
  }

  /** Light, air and wetness follow at once; the sky, which takes long to paint, in steps. */
  setWeather(conditions: Conditions): void {
    const look = lookOf(conditions);
    this.paintSky(conditions);
    this.light(look);
    // Drawn directly, air is laid over colours that are mapped already; the sky behind it is mapped, too.
    this.fog.color.copy(this.direct ? toneMapped(look.air, look.exposure) : look.air);
    this.fog.density = look.density;
    this.shared.wetness.value = conditions.wetness;
    this.shared.lamps.value = look.lamps;
    this.shared.reflection.value.copy(look.air);
    this.renderer.toneMappingExposure = look.exposure;
  }

  /** Set the time [s]; shadows are drawn around `focus`, where the camera looks, the wider the farther it is. */
  update(time: number, focus: Vector3, camera: Camera): void {
    this.shared.time.value = time;
    const distance = camera.position.distanceTo(focus);
    this.aimSun(focus, SHADOW_REACHES.find((reach) => distance < 1.5 * reach) ?? SHADOW_REACHES.at(-1)!);
  }

  dispose(): void {
    this.object.removeFromParent();
    this.object.traverse((object) => {
      if (!(object instanceof Mesh)) return;
      if (object instanceof InstancedMesh) object.dispose();
      object.geometry.dispose();
      [object.material].flat().forEach((material: Material) => material.dispose());
    });
    this.textures.forEach((texture) => texture.dispose());
    this.sun.dispose();
    this.sky.dispose();
  }

  private paintSky(conditions: Conditions): void {
    const rounded = { ...roundConditions(conditions), wetness: 0, wind_x: 0, wind_z: 0 }; // the sky shows neither
    if (this.painted && sameConditions(this.painted, rounded)) return;
    this.painted = rounded;
    this.sky.paint(lookOf(rounded), this.tier !== "light");
    this.scene.background = this.sky.background;
    this.scene.environment = this.sky.environment;
  }

  private light(look: Look): void {
    sunDirection(look, this.toSun);
    this.sun.color.copy(look.sunColour);
    this.sun.intensity = look.sunStrength;
    this.hemisphere.color.copy(look.skyLight);
    this.hemisphere.groundColor.copy(look.groundLight);
    this.hemisphere.intensity = this.tier === "light" ? look.ambient : 0;
    this.scene.environmentIntensity = look.environment;
  }

  private prepareSun({ shadowMap }: Quality): void {
    if (shadowMap === 0) return;
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.setScalar(shadowMap);
    this.sun.shadow.bias = -0.0004;
    this.sun.shadow.camera.near = 1;
    this.sun.shadow.camera.far = 2 * SHADOW_DISTANCE;
  }

  /** Move the shadow's camera in whole texels, so that edges do not crawl. */
  private aimSun(focus: Vector3, reach: number): void {
    const { target, position, shadow } = this.sun;
    const texel = (2 * reach) / shadow.mapSize.x;
    shadow.normalBias = 0.9 * texel; // keeps slanted faces from shadowing themselves
    if (shadow.camera.right !== reach) {
      Object.assign(shadow.camera, { left: -reach, right: reach, bottom: -reach, top: reach });
      shadow.camera.updateProjectionMatrix();
    }
    const [sideways, upwards] = this.shadowAxes;
    sideways.set(this.toSun.z, 0, -this.toSun.x).normalize();
    upwards.crossVectors(this.toSun, sideways);
    target.position.copy(focus);
    for (const axis of this.shadowAxes) {
      const place = focus.dot(axis);
      target.position.addScaledVector(axis, Math.round(place / texel) * texel - place);
    }
    position.copy(target.position).addScaledVector(this.toSun, SHADOW_DISTANCE);
  }
}
