import { describe, expect, it, test } from "vitest";

import { newRibbonPoint, Ribbon } from "../../src/scene/road/ribbon";
import { RaceScene } from "../../src/scene/race-scene";
import type { CarInfo, PoseSource, Tier } from "../../src/scene/types";
import type { TrackGeometry } from "../../src/protocol/messages";
import { newCanvas } from "./graphics";
import { beginning, figureOfEight } from "./tracks";

const track = figureOfEight();
const TIERS: Tier[] = ["light", "standard"];

/** Cars one behind the other on a track at 40 m/s, those from the ninth on ghosts. */
function field(count: number, on: TrackGeometry): PoseSource {
  const ribbon = new Ribbon(on);
  const point = newRibbonPoint();
  const cars = Array.from({ length: count }, (_, k): CarInfo => {
    return { id: `${k}`, name: `Car ${k}`, colour: "#2f9bff", ghost: k >= 8 };
  });
  return {
    cars,
    sample(car, time, out) {
      out.progress = 40 * time + 5 * (count - car);
      out.position.copy(ribbon.at(on.start + out.progress, point).position);
      return true;
    },
  };
}

function filmed(tier: Tier, cars: number): RaceScene {
  const scene = new RaceScene(newCanvas(), tier);
  scene.resize(960, 540, 1);
  scene.setTrack(track);
  scene.setSource(field(cars, track));
  return scene;
}

function draw(scene: RaceScene, time: number): void {
  scene.update(time);
  scene.render();
}

describe.each(TIERS)("a race in the %s tier", (tier) => {
  it("takes at most 150 draw calls with eight cars and 32 ghosts, from every camera", () => {
    const scene = filmed(tier, 40);
    scene.setWeather("rain");
    for (const camera of ["chase", "cockpit", "overhead", "trackside"] as const) {
      scene.setCamera(camera, 20, 8, true);
      for (const time of [8, 9]) draw(scene, time);
      const { calls } = scene.stats();
      expect(calls, camera).toBeGreaterThan(20);
      expect(calls, camera).toBeLessThanOrEqual(150);
    }
    scene.dispose();
  });
});

test("nothing is left behind on the graphics processor when track, cars, weather and quality change", () => {
  const [long, short] = [beginning(track, 200), beginning(track, 120)];
  const scene = filmed("light", 6);
  const afterChanges = () => {
    scene.setTrack(short);
    scene.setTier("standard");
    scene.setSource(field(3, short));
    scene.setWeather("night");
    draw(scene, 1);
    scene.setTrack(long);
    scene.setTier("light");
    scene.setSource(field(6, long));
    scene.setWeather("clear");
    draw(scene, 1);
    const { geometries, textures } = scene.stats();
    return { geometries, textures };
  };
  afterChanges();
  const before = afterChanges();
  expect(before.geometries).toBeGreaterThan(20);
  expect(before.textures).toBeGreaterThan(6);
  expect(afterChanges()).toEqual(before);
  scene.dispose();
}, 30_000);
