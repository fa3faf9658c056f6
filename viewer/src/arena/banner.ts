/** Lettering and patterns that are drawn on canvases: banners of gates, panels of barriers. */

import { CanvasTexture, RepeatWrapping, SRGBColorSpace } from "three";

export const FONT = '"Barlow Condensed", "Arial Narrow", sans-serif';
export const MINT = "#2ee6a6";
const GRAPHITE = "#141a22";
const WHITE = "#eceff1";

/** Panels of the barriers: 96 m of them in a row, repeated. */
export function barrierTexture(anisotropy: number): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = 4096;
  canvas.height = 32;
  const pen = canvas.getContext("2d")!;
  const metre = canvas.width / 96;
  const panel = (from: number, length: number, ground: string, ink: string, text: string): void => {
    pen.fillStyle = ground;
    pen.fillRect(from * metre, 0, length * metre, canvas.height);
    pen.fillStyle = ink;
    pen.font = `700 30px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (text) pen.fillText(text, (from + length / 2) * metre, canvas.height / 2 + 2, (length - 0.6) * metre);
  };
  panel(0, 96, WHITE, GRAPHITE, "");
  panel(0, 12, GRAPHITE, MINT, "TRACKMANIA RL");
  slashes(pen, 12 * metre, 8 * metre, MINT, canvas.height);
  panel(24, 8, WHITE, GRAPHITE, "");
  panel(32, 12, MINT, GRAPHITE, "LEARNING TO RACE");
  panel(52, 12, GRAPHITE, WHITE, "TRACKMANIA RL");
  slashes(pen, 64 * metre, 8 * metre, GRAPHITE, canvas.height);
  panel(80, 12, WHITE, "#0b7a55", "REINFORCEMENT LEARNING");
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.wrapS = RepeatWrapping;
  texture.anisotropy = anisotropy;
  return texture;
}

/** Slanted stripes over a stretch of a canvas. */
function slashes(
  pen: CanvasRenderingContext2D,
  from: number,
  length: number,
  ink: string,
  height: number,
): void {
  pen.fillStyle = ink;
  const step = height * 1.1;
  for (let x = from; x + step <= from + length; x += step) {
    pen.beginPath();
    pen.moveTo(x, height);
    pen.lineTo(x + height / 2, height);
    pen.lineTo(x + height, 0);
    pen.lineTo(x + height / 2, 0);
    pen.fill();
  }
}
