/** Lettering and patterns that are drawn on canvases: banners of gates, panels of barriers. */

import { CanvasTexture, RepeatWrapping, SRGBColorSpace } from "three";

import { random } from "../noise";

const FONT = '"Barlow Condensed", "Arial Narrow", sans-serif';
const MINT = "#2ee6a6";
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

/** Places in the sign texture: left, top, width, height [pixels]. */
const SIGNS = {
  plain: [1800, 700, 8, 8],
  start: [0, 0, 2048, 160],
  lap: [0, 160, 2048, 160],
  finish: [0, 320, 2048, 160],
  checkpoint: [0, 480, 2048, 160],
  turnLeft: [0, 648, 240, 240],
  turnRight: [256, 648, 240, 240],
  metres100: [512, 648, 240, 240],
  metres50: [768, 648, 240, 240],
  crowd: [1024, 648, 512, 240],
  name: [0, 904, 1024, 112],
} as const satisfies Record<string, readonly [number, number, number, number]>;

export type Sign = keyof typeof SIGNS;

const SHEET_WIDTH = 2048;
const SHEET_HEIGHT = 1024;

/** A sign's place as texture coordinates: left, bottom, right, top. */
export function signArea(sign: Sign): [number, number, number, number] {
  const [x, y, width, height] = SIGNS[sign];
  return [x / SHEET_WIDTH, 1 - (y + height) / SHEET_HEIGHT, (x + width) / SHEET_WIDTH, 1 - y / SHEET_HEIGHT];
}

/** All signs on one sheet. */
export function signTexture(anisotropy: number): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = SHEET_WIDTH;
  canvas.height = SHEET_HEIGHT;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, SHEET_WIDTH, SHEET_HEIGHT);
  gateSign(pen, "start", GRAPHITE, MINT, "TRACKMANIA RL");
  gateSign(pen, "lap", GRAPHITE, WHITE, "START  ·  FINISH");
  gateSign(pen, "finish", "#c3121f", WHITE, "FINISH");
  gateSign(pen, "checkpoint", "#0d47b8", WHITE, "CHECKPOINT");
  chequers(pen, "lap");
  chequers(pen, "finish");
  turnSign(pen, "turnLeft", -1);
  turnSign(pen, "turnRight", 1);
  plate(pen, "metres100", "100");
  plate(pen, "metres50", "50");
  crowd(pen);
  write(pen, "name", GRAPHITE, MINT, "TRACKMANIA RL", 84);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = anisotropy;
  return texture;
}

function write(
  pen: CanvasRenderingContext2D,
  sign: Sign,
  ground: string,
  ink: string,
  text: string,
  size: number,
): void {
  const [x, y, width, height] = SIGNS[sign];
  pen.fillStyle = ground;
  pen.fillRect(x, y, width, height);
  pen.fillStyle = ink;
  pen.font = `700 ${size}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x + width / 2, y + height / 2 + size * 0.05);
}

function gateSign(
  pen: CanvasRenderingContext2D,
  sign: Sign,
  ground: string,
  ink: string,
  text: string,
): void {
  const [x, y, width, height] = SIGNS[sign];
  write(pen, sign, ground, ink, text, 132);
  pen.globalAlpha = 0.9;
  for (const from of [x + 130, x + width - 430]) chevrons(pen, from, y + height / 2, 300, ink, 1);
  pen.globalAlpha = 1;
}

/** Three arrow heads in a row; `sign` +1 points to the right. */
function chevrons(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  length: number,
  ink: string,
  sign: number,
): void {
  pen.fillStyle = ink;
  const step = length / 3;
  for (let i = 0; i < 3; i++) {
    const middle = x + step * (i + 0.5);
    const half = (sign * step) / 4;
    const shape: [number, number][] = [
      [-2 * half, -step * 0.42],
      [0, -step * 0.42],
      [2 * half, 0],
      [0, step * 0.42],
      [-2 * half, step * 0.42],
      [0, 0],
    ];
    pen.beginPath();
    shape.forEach(([dx, dy], k) =>
      k === 0 ? pen.moveTo(middle + dx, y + dy) : pen.lineTo(middle + dx, y + dy),
    );
    pen.fill();
  }
}

function chequers(pen: CanvasRenderingContext2D, sign: Sign): void {
  const [x, y, width, height] = SIGNS[sign];
  const side = height / 4;
  for (const from of [x, x + width - 16 * side]) {
    for (let column = 0; column < 16; column++) {
      for (let row = 0; row < 4; row++) {
        pen.fillStyle = (row + column) % 2 === 0 ? "#f4f4f4" : "#101010";
        pen.fillRect(from + column * side, y + row * side, side, side);
      }
    }
  }
}

function turnSign(pen: CanvasRenderingContext2D, sign: Sign, direction: number): void {
  const [x, y, width, height] = SIGNS[sign];
  pen.fillStyle = "#c3121f";
  pen.fillRect(x, y, width, height);
  chevrons(pen, x + 12, y + height / 2, width - 24, "#ffffff", direction);
}

function plate(pen: CanvasRenderingContext2D, sign: Sign, text: string): void {
  write(pen, sign, "#f2f2ee", GRAPHITE, text, 150);
}

/** People on stands, as dots in the colours of their clothes. */
function crowd(pen: CanvasRenderingContext2D): void {
  const [x, y, width, height] = SIGNS.crowd;
  const colours = ["#d9d9d6", "#2b3a55", "#b3262d", "#e2b93b", "#1f9e78", "#4a4a4a", "#7aa6d8", "#8a5a3c"];
  const pick = random(5);
  pen.fillStyle = "#2a2f36";
  pen.fillRect(x, y, width, height);
  for (let row = 0; row < 10; row++) {
    for (let seat = 0; seat < 40; seat++) {
      if (pick() < 0.18) continue;
      const left = x + (seat + 0.2 + 0.3 * pick()) * (width / 40);
      const top = y + (row + 0.25) * (height / 10);
      pen.fillStyle = colours[Math.floor(pick() * colours.length)]!;
      pen.fillRect(left, top + 6, 8, 13);
      pen.fillStyle = "#c99f7d";
      pen.fillRect(left + 2, top, 5, 6);
    }
  }
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
