import { gap, raceTime } from "../format";
import type { Standing } from "../protocol/messages";
import type { Driver } from "../stage/drive";

/** What is written over a picture. */
export interface Caption {
  title: string;
  /** How long the video has run [s]. */
  shown: number;
  /** Time of the car in view [s]. */
  clock: number;
  /** Its speed [m/s]. */
  speed: number;
  driver: Driver;
  drivers: readonly Driver[];
  standings: readonly Standing[];
}

/** The title stays this long, and takes this long to go [s]. */
const TITLE_SECONDS = 4;
const TITLE_FADE = 0.8;
/** Lines of the leaderboard. */
const LINES = 6;
const PANEL = "rgba(10, 13, 18, 0.66)";
const INK = "#f4f7fb";
const DIM = "#aeb9c7";

/** Write title, order of the cars, time and speed over a picture; sizes go with the picture's height. */
export function drawOverlays(
  paper: CanvasRenderingContext2D,
  width: number,
  height: number,
  caption: Caption,
): void {
  paper.save();
  const unit = Math.min(height / 720, width / 960);
  paper.scale(unit, unit);
  drawTitle(paper, caption);
  drawOrder(paper, height / unit, caption);
  drawDials(paper, width / unit, height / unit, caption);
  paper.restore();
}

function drawTitle(paper: CanvasRenderingContext2D, { title, shown }: Caption): void {
  const alpha = Math.min(1, Math.max(0, (TITLE_SECONDS - shown) / TITLE_FADE));
  if (alpha === 0) return;
  paper.globalAlpha = alpha;
  paper.font = "italic 700 44px 'Barlow Condensed'";
  panel(paper, 32, 30, paper.measureText(title).width + 44, 66);
  write(paper, title, 54, 78, INK);
  paper.globalAlpha = 1;
}

function drawOrder(paper: CanvasRenderingContext2D, height: number, caption: Caption): void {
  const { standings, drivers, driver } = caption;
  const lines = standings.slice(0, LINES);
  const top = height - 32 - lines.length * 34;
  lines.forEach((line, row) => {
    const who = drivers.find((each) => each.agent_id === line.agent_id);
    if (!who) return;
    const y = top + row * 34;
    panel(paper, 32, y, 330, 31);
    paper.fillStyle = who.colour;
    paper.fillRect(32, y, 5, 31);
    const ink = who === driver ? INK : DIM;
    paper.font = "700 22px 'Barlow Condensed'";
    write(paper, String(line.place), 50, y + 23, ink);
    paper.font = "600 19px Barlow";
    write(paper, who.name, 76, y + 22, ink, "left", 190);
    const time = line.place === 1 ? raceTime(line.lap_time, 1) : line.running ? gap(line.gap) : late(line);
    paper.font = "600 21px 'Barlow Condensed'";
    write(paper, time, 350, y + 23, ink, "right");
  });
}

/** What stands for a car that does not drive any more. */
function late(line: Standing): string {
  return line.finished ? gap(line.gap) : "OUT";
}

function drawDials(paper: CanvasRenderingContext2D, width: number, height: number, caption: Caption): void {
  const { clock, speed, driver } = caption;
  const right = width - 32;
  panel(paper, right - 240, height - 110, 240, 78);
  paper.fillStyle = driver.colour;
  paper.fillRect(right - 5, height - 110, 5, 78);
  paper.font = "700 44px 'Barlow Condensed'";
  write(paper, raceTime(clock), right - 226, height - 58, INK);
  write(paper, String(Math.round(speed * 3.6)), right - 20, height - 58, INK, "right");
  paper.font = "600 15px Barlow";
  write(paper, driver.name, right - 226, height - 40, DIM, "left", 140);
  write(paper, "km/h", right - 20, height - 40, DIM, "right");
}

function panel(paper: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  paper.fillStyle = PANEL;
  paper.fillRect(x, y, width, height);
}

function write(
  paper: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  ink: string,
  align: CanvasTextAlign = "left",
  most?: number,
): void {
  paper.fillStyle = ink;
  paper.textAlign = align;
  paper.fillText(text, x, y, most);
}
