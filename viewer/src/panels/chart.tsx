import { useCallback, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count, duration, percent, raceTime } from "../format";
import { useOverlay } from "../stage/context";

/** A line of a chart. */
export interface Line {
  label: string;
  colour: string;
  x: readonly number[];
  y: readonly number[];
}

/** How values are written. */
export type Unit = "number" | "share" | "lap" | "seconds" | "count" | "gap";

const WRITE: Record<Unit, (value: number) => string> = {
  number: (value) => (Math.abs(value) >= 1000 ? count(value) : String(Number(value.toPrecision(3)))),
  share: percent,
  lap: (value) => raceTime(value, 1),
  seconds: (value) => (value < 3600 ? raceTime(value, 0) : duration(value)),
  count,
  gap: (value) => `${value > 0 ? "+" : ""}${value.toFixed(2)}`,
};

interface Props {
  lines: readonly Line[];
  xUnit: Unit;
  yUnit: Unit;
  height: number;
  /** Small: no labels of lines, few ticks. */
  small?: boolean;
  /** Told the x under the pointer, and null when it leaves. */
  onPoint?: (x: number | null) => void;
  /** The x of a line that moves with the race. */
  moving?: () => number;
  /** Reads the chart to those who do not see it. */
  label: string;
}

const GRID = "rgb(255 255 255 / 7%)";
const INK = "#9aa7b8";
const FONT = "11px Barlow, sans-serif";

/** Lines over a common x; every line brings its own points. */
export function Chart({ lines, xUnit, yUnit, height, small = false, onPoint, moving, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const line = useRef<HTMLDivElement>(null);
  const point = useRef(onPoint);
  useEffect(() => {
    point.current = onPoint;
  });
  useOverlay(
    useCallback(() => {
      if (!moving || !plot.current || !line.current) return;
      const { left } = plot.current.over.style;
      const x = plot.current.valToPos(moving(), "x");
      line.current.style.transform = `translateX(${parseFloat(left) + x}px)`;
    }, [moving]),
  );
  const pointed = onPoint !== undefined;
  const shape = JSON.stringify([
    lines.map(({ label, colour }) => [label, colour]),
    xUnit,
    yUnit,
    height,
    small,
    pointed,
  ]);

  useEffect(() => {
    const axis = (unit: Unit, size: number, space: number): uPlot.Axis => ({
      stroke: INK,
      font: FONT,
      grid: { stroke: GRID, width: 1 },
      ticks: { show: false },
      size,
      gap: 4,
      space,
      values: (_, splits) => splits.map(WRITE[unit]),
    });
    const chart = new uPlot(
      {
        width: box.current!.clientWidth || 300,
        height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { show: !small || pointed, points: { size: 6 }, drag: { x: true, y: false } },
        hooks: {
          setCursor: [
            ({ cursor: { left = -1 }, posToVal }) => point.current?.(left < 0 ? null : posToVal(left, "x")),
          ],
        },
        scales: { x: { time: false }, y: yUnit === "share" ? { range: [0, 1] } : {} },
        axes: [axis(xUnit, 24, 52), axis(yUnit, 46, 26)],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: line.colour,
            width: small ? 1.5 : 2,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      joined(lines),
      box.current!,
    );
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) =>
      chart.setSize({ width: entry!.contentRect.width, height }),
    );
    observer.observe(box.current!);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
    // `shape` says when the chart must be made anew; new points alone go through the effect below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  useEffect(() => plot.current?.setData(joined(lines)), [lines]);

  return (
    <div ref={box} className="chart" role="img" aria-label={label} style={{ height }}>
      {moving && <div ref={line} className="chart-moving" />}
    </div>
  );
}

/** All lines on the union of their x; null where a line has no point. */
function joined(lines: readonly Line[]): uPlot.AlignedData {
  const x = [...new Set(lines.flatMap((line) => [...line.x]))].sort((a, b) => a - b);
  const at = new Map(x.map((value, index) => [value, index]));
  const columns = lines.map((line) => {
    const column = new Array<number | null>(x.length).fill(null);
    line.x.forEach(
      (value, index) => (column[at.get(value)!] = Number.isFinite(line.y[index]) ? line.y[index]! : null),
    );
    return column;
  });
  return [x, ...columns];
}
